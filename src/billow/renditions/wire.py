"""What web servers and the render pool say to each other: a line of JSON each, over a socket.

To the pool: `ask`, `warm` (what may be asked for soon), `used` (files that were sent), `scan` (look
at the disk anew). From it: `Told`.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from billow.errors import Error
from billow.rendition import Wanted
from billow.renditions.errors import pack, unpack

#: The socket in the service's folder.
SOCKET = "renderer.sock"
#: Bytes of the longest line.
MAX_LINE = 1024 * 1024


class Ask(NamedTuple):
    """A rendition that is wanted within so many seconds."""

    number: int
    wanted: Wanted
    within: float


class Warm(NamedTuple):
    """Renditions that may be asked for soon; nobody waits for them."""

    wanted: list[Wanted]


class Used(NamedTuple):
    """Files that were sent: collection, number of the original, name."""

    files: list[tuple[str, int, str]]


class Scan(NamedTuple):
    """The files were changed behind the pool's back."""


class Told(NamedTuple):
    """What became of an `Ask`: nothing wrong, or why not."""

    number: int
    wrong: Error | None = None


def ask(number: int, wanted: Wanted, within: float) -> bytes:
    """Ask for a rendition."""
    return _line({"n": number, "want": wanted, "within": within})


def warm(wanted: Sequence[Wanted]) -> bytes:
    """Have renditions made when there is nothing else to do."""
    return _line({"warm": wanted})


def used(files: Sequence[tuple[str, int, str]]) -> bytes:
    """Tell which files were sent."""
    return _line({"used": files})


def scan() -> bytes:
    """Tell that files were changed."""
    return _line({"scan": True})


def told(number: int, wrong: Error | None) -> bytes:
    """Answer an `Ask`."""
    return _line({"n": number, "wrong": None if wrong is None else pack(wrong)})


def read_request(line: bytes) -> Ask | Warm | Used | Scan:
    """What a web server said.

    Raises:
        ValueError, LookupError, TypeError: it cannot be understood.
    """
    facts = json.loads(line)
    if "want" in facts:
        return Ask(facts["n"], Wanted(*facts["want"]), facts["within"])
    if "warm" in facts:
        return Warm([Wanted(*each) for each in facts["warm"]])
    if "used" in facts:
        return Used([(collection, id_, name) for collection, id_, name in facts["used"]])
    return Scan()


def read_told(line: bytes) -> Told:
    """What the pool said.

    Raises:
        ValueError, LookupError, TypeError: it cannot be understood.
    """
    facts = json.loads(line)
    return Told(facts["n"], None if facts["wrong"] is None else unpack(facts["wrong"]))


def connect(folder: Path) -> socket.socket:
    """A connection to the pool.

    Raises:
        OSError: nobody listens.
    """
    made = socket.socket(socket.AF_UNIX)
    try:
        with Nearby(folder) as address:
            made.connect(address)
    except OSError:
        made.close()
        raise
    return made


class Nearby:
    """The socket's address, short enough for the system however deep the folder is."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> str:
        self._fd = os.open(self._folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        return f"/proc/self/fd/{self._fd}/{SOCKET}"

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)


def _line(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"
