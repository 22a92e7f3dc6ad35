"""What open breakers mean for fleets: jobs that are kept back are no reason for more workers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from billow.errors import Unavailable
from billow.flow.breakers import Breaker, Breakers
from billow.flow.receivers import is_receiver
from billow.function import Function
from billow.home import Home
from billow.ports.ledger import Counts

#: Seconds between two looks.
_LOOK = 1.0


class Breaking:
    """Looks at the breakers about once a second.

    Args:
        home: where they are.
        names: all that has one, for the metrics.
    """

    def __init__(self, home: Home, names: Sequence[str]) -> None:
        self._home = home
        self._names = names
        self._breakers = Breakers(home)
        self._open: dict[str, Breaker] = {}
        self._looked = 0.0

    def look(self) -> None:
        """See which are open, and measure that."""
        now = self._home.clock.now()
        if 0 <= now - self._looked < _LOOK:
            return
        self._looked = now
        try:
            self._open = {one.name: one for one in self._breakers.all()}
        except Unavailable:
            return
        # Whether somebody else's server takes webhooks is nothing to page the service's people for.
        receivers = sum(map(is_receiver, self._open))
        self._home.recorder.gauge("breaker.open", len(self._open) - receivers)
        self._home.recorder.gauge("breaker.webhooks.open", receivers)
        for name in self._names:
            self._home.recorder.gauge(f"breaker.{name}.open", float(name in self._open))

    def seen(self, function: Function, counts: Counts | None) -> Counts | None:
        """A function's queue as its fleet is to see it: one job waits if one may try, else none."""
        breaker = self._open.get(function.calls)
        if breaker is None or counts is None:
            return counts
        visible = min(counts.visible, int(breaker.may_try(self._home.clock.now())))
        kept_back = counts.visible - visible
        oldest = counts.oldest if visible else 0.0
        return replace(counts, visible=visible, delayed=counts.delayed + kept_back, oldest=oldest)
