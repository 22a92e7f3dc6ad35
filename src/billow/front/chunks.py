"""Chunks of HTTP/1.1: read strictly, piece by piece as they come."""

from __future__ import annotations

import re

from billow.front.malformed import Malformed

_SIZE = re.compile(rb"([0-9a-fA-F]{1,15})((?:[ \t]*;[\t !-~]*)?)")
#: Bytes of a chunk's first line, and of all trailing lines.
_MOST_LINE = 512
_MOST_TRAILER = 8192


class Chunks:
    """A body in chunks."""

    __slots__ = ("_buffer", "_left", "_state", "_trailer", "over")

    def __init__(self) -> None:
        self._buffer = b""
        self._left = 0
        self._trailer = 0
        #: What comes next: `size`, `data`, `end` (of a chunk's data) or `trailer`.
        self._state = "size"
        #: Whether the body is complete.
        self.over = False

    def feed(self, data: bytes) -> tuple[list[bytes], bytes]:
        """The pieces of the body that `data` completes, and what follows after the body.

        Raises:
            Malformed: these are no chunks.
        """
        data, self._buffer = self._buffer + data, b""
        pieces: list[bytes] = []
        at = 0
        while not self.over:
            if self._state == "data":
                piece = data[at : at + self._left]
                if not piece:
                    break
                pieces.append(piece)
                at += len(piece)
                self._left -= len(piece)
                if not self._left:
                    self._state = "end"
                continue
            end = data.find(b"\n", at)
            if end < 0:
                if len(data) - at > _MOST_LINE:
                    raise Malformed("a chunk's line is too long")
                break
            self._line(data[at : end + 1])
            at = end + 1
        if self.over:
            return pieces, data[at:]
        self._buffer = data[at:]
        return pieces, b""

    def _line(self, line: bytes) -> None:
        if not line.endswith(b"\r\n") or len(line) > _MOST_LINE:
            raise Malformed("a chunk's line does not end as it must")
        text = line[:-2]
        if self._state == "end":
            if text:
                raise Malformed("a chunk is longer than it said")
            self._state = "size"
        elif self._state == "trailer":
            self._trailer += len(line)
            if self._trailer > _MOST_TRAILER or text[:1] in (b" ", b"\t") or b"\r" in text:
                raise Malformed("the lines after the body cannot be taken")
            self.over = not text
        else:
            found = _SIZE.fullmatch(text)
            if found is None:
                raise Malformed("a chunk's size is none")
            self._left = int(found[1], 16)
            self._state = "data" if self._left else "trailer"


def chunk(data: bytes) -> bytes:
    """`data` as one chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)


#: The end of a body in chunks.
LAST = b"0\r\n\r\n"
