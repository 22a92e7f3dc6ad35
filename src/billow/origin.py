"""What work goes back to: the request that asked for it, and the trace it belongs to.

Whatever handles a request, or a job, says so by `using`; what it asks for meanwhile goes back to
the same. It goes with the job as text, so that a worker's lines and spans continue the request's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
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
#: As text until somebody asks, since for most jobs nobody does.
_current: ContextVar[Origin | str] = ContextVar("billow_origin", default=NOWHERE)


def current() -> Origin:
    """What the work at hand goes back to."""
    origin = _current.get()
    return Origin.parse(origin) if isinstance(origin, str) else origin


#: What is asked for from now on goes back to what is given, an origin or what `str` made of it.
#: `leave`, with what was returned, ends that. Where time matters this takes less than `using`.
enter = _current.set
leave = _current.reset


@contextmanager
def using(origin: Origin | str) -> Iterator[None]:
    """What is asked for in the block goes back to `origin`."""
    token = enter(origin)
    try:
        yield
    finally:
        leave(token)


def read_traceparent(header: str) -> str:
    """The header, if it is a `traceparent` of W3C Trace Context, version 00; "" otherwise."""
    return header if _TRACEPARENT.fullmatch(header) else ""
