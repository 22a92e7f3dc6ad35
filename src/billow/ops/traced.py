"""A home whose steps on the way of a request are spans: storing a file, queueing jobs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

from billow.home import Home
from billow.ops import traces
from billow.ports.ledger import Accepted, Ledger, Submission
from billow.ports.objects import Objects, Stored


def traced(home: Home) -> Home:
    """The same home, traced if this process notes spans."""
    if not traces.on():
        return home
    return replace(
        home,
        ledger=cast("Ledger", _Ledger(home.ledger)),
        objects=cast("Objects", _Objects(home.objects)),
    )


class _Ledger:
    def __init__(self, inner: Ledger) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def submit(self, submissions: Sequence[Submission]) -> list[Accepted]:
        """Accept jobs."""
        about = submissions[0].function if submissions else ""
        with traces.span(f"queue {about}".rstrip(), traces.PRODUCER):
            return self._inner.submit(submissions)


class _Objects:
    def __init__(self, inner: Objects) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def put(self, store: str, *args: Any, **more: Any) -> Stored:
        """Store an object."""
        with traces.span(f"store {store}", store=store):
            return self._inner.put(store, *args, **more)
