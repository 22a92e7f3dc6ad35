"""Where an answer goes: the visitor's side of a request, in either protocol."""

from __future__ import annotations

from typing import Protocol

from billow.front.head import Answer
from billow.handover import FilePart


class Sink(Protocol):
    """The visitor's side of a request."""

    def interim(self, answer: Answer) -> None:
        """An answer before the answer, such as 100 Continue."""

    def begin(self, answer: Answer, body: bytes, *, over: bool) -> None:
        """The answer's head, and the first bytes of its body."""

    def more(self, data: bytes, *, over: bool) -> None:
        """More of the body."""

    def own(self, status: int, headers: dict[str, str], body: bytes) -> None:
        """An answer that the front makes."""

    def file(self, answer: Answer, fd: int, part: FilePart) -> None:
        """An answer whose body is in a file, which is to be closed; calls `Exchange.file_over`."""

    def abort(self) -> None:
        """The answer cannot be completed."""

    def done(self) -> None:
        """The answer is complete."""

    def hold_back(self) -> None:
        """Take no more of the request's body for a while."""

    def go_on(self) -> None:
        """Take it again."""
