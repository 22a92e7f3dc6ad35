"""What work goes back to: the request that asked for it, and the trace it belongs to.

Whatever handles a request, or a job, says so by `using`; what it asks for meanwhile goes back to
the same. It goes with the job as text, so that a worker's lines and spans continue the request's.
"""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from contextvars import ContextVar, Token
from typing import NamedTuple

_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")


class Origin(NamedTuple):
    """The id of a request, and the W3C `traceparent` of the span; "" where there is none."""

    request: str = ""
    traceparent: str = ""

    @property
    def trace(self) -> str:
        """The id of the trace."""
        return self.traceparent[3:35]

    @property
    def span(self) -> str:
        """The id of the span."""
        return self.traceparent[36:52]

    def __str__(self) -> str:
        return f"{self.request} {self.traceparent}".rstrip()

    @classmethod
    def parse(cls, text: str) -> Origin:
        """What `str` made."""
        if not text:
            return NOWHERE
        request, _, traceparent = text.partition(" ")
        return cls(request, traceparent)


NOWHERE = Origin()
_current: ContextVar[Origin] = ContextVar("billow_origin", default=NOWHERE)


def current() -> Origin:
    """What the work at hand goes back to."""
    return _current.get()


class _Using:
    """The block of `using`; a class, because one is entered for every job."""

    __slots__ = ("_origin", "_token")

    def __init__(self, origin: Origin) -> None:
        self._origin = origin

    def __enter__(self) -> None:
        self._token: Token[Origin] = _current.set(self._origin)

    def __exit__(self, *_: object) -> None:
        _current.reset(self._token)


def using(origin: Origin) -> AbstractContextManager[None]:
    """What is asked for in the block goes back to `origin`."""
    return _Using(origin)


def read_traceparent(header: str) -> str:
    """The header, if it is a `traceparent` of W3C Trace Context, version 00; "" otherwise."""
    return header if _TRACEPARENT.fullmatch(header) else ""
