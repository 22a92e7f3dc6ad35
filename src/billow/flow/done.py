"""What the service's own jobs return."""

from __future__ import annotations

from typing import Any, NamedTuple

from billow.ports.ledger import Effect


class Done(NamedTuple):
    """A chore's result, and what takes effect in the transaction that records it."""

    value: Any = None
    effects: tuple[Effect, ...] = ()


class Later(NamedTuple):
    """Not yet: the chore is run again in so many seconds, and this run is no try of it."""

    seconds: float
