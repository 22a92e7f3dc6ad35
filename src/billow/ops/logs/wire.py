"""How a worker's child hands lines to its parent: by a pipe, in pieces that the kernel keeps whole.

What was written outlives the child, whatever kills it. A piece is no longer than PIPE_BUF, so
pieces of several threads and processes never mix; each is a JSON array in a line.
"""

from __future__ import annotations

import json

from billow.ports.logs import Line

#: Bytes of a piece: PIPE_BUF of Linux.
PIECE = 4096
#: Characters of an event that surely fit, unless they need escapes.
LONGEST = 3000

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def encode(line: Line) -> bytes:
    """The piece that tells `line`; a long event is cut. Its process is not told."""
    event = line.event if len(line.event) <= LONGEST else f"{line.event[:LONGEST]}…"
    while True:
        told = (line.at, line.level, line.source[:200], event, line.job, line.request, line.trace)
        piece = _encode(told).encode(errors="backslashreplace") + b"\n"
        if len(piece) <= PIECE:
            return piece
        event = f"{event[: len(event) // 2]}…"


def decode(piece: bytes, process: str) -> Line | None:
    """The line that a piece tells; None if it is none, whoever wrote it."""
    try:
        at, level, source, event, job, request, trace = json.loads(piece)
        if not (0 <= at < 1e11 and 0 <= level < 100):
            return None
        source, event, job, request, trace = map(_storable, (source, event, job, request, trace))
        return Line(float(at), int(level), process, source, event, job, request, trace)
    except (ValueError, TypeError, OverflowError, RecursionError):
        return None


def _storable(text: object) -> str:
    return str(text).replace("\0", "\\0").encode(errors="backslashreplace").decode()
