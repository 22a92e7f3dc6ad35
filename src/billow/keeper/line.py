"""A line between two processes: values as lines of JSON, without ever waiting."""

from __future__ import annotations

import contextlib
import json
import socket
from typing import Any

#: Bytes that wait to be sent at most; a reader this far behind is beyond help.
LONGEST = 4 * 1024 * 1024


class Line:
    """One end of a pair of sockets; `other` is for the other process."""

    def __init__(self) -> None:
        self._own, self.other = socket.socketpair()
        self._own.setblocking(False)
        self._out = b""
        self._in = b""

    def fileno(self) -> int:
        """Readable when something has come."""
        return self._own.fileno()

    def send(self, value: Any) -> None:
        """Send a value, or keep it until the other end takes more."""
        self._out = (self._out + json.dumps(value).encode() + b"\n")[-LONGEST:]
        self.push()

    def push(self) -> None:
        """Send what waits."""
        with contextlib.suppress(OSError):
            while self._out:
                self._out = self._out[self._own.send(self._out) :]

    def receive(self) -> list[Any]:
        """The values that have come."""
        with contextlib.suppress(OSError):
            while block := self._own.recv(65536):
                self._in += block
        *lines, self._in = self._in.split(b"\n")
        self._in = self._in[-LONGEST:]
        return [json.loads(line) for line in lines]

    def hand_over(self) -> None:
        """The other process has its end now."""
        self.other.close()

    def close(self) -> None:
        """Let go of it."""
        self._own.close()
        self.other.close()
