"""Measured values over time, in less and less detail the older they are.

Apart from the ledger and not flushed at every write: a power cut may cost the last seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from billow.ops.recorder import Measured
from billow.ops.summary import Summary

#: Seconds that each level of detail sums up, and how long it is kept.
RAW, RAW_KEPT = 10, 3 * 3600.0
MINUTE, MINUTE_KEPT = 60, 15 * 86400.0
HOUR, HOUR_KEPT = 3600, 455 * 86400.0

KEPT = {RAW: RAW_KEPT, MINUTE: MINUTE_KEPT, HOUR: HOUR_KEPT}


def level(age: float, since: float, step: float) -> int:
    """The coarsest level that answers steps from `since` exactly, if it reaches back so far."""
    if age > MINUTE_KEPT or (step % HOUR == 0 and since % HOUR == 0):
        return HOUR
    if age > RAW_KEPT or (step % MINUTE == 0 and since % MINUTE == 0):
        return MINUTE
    return RAW


class MetricInfo(NamedTuple):
    """A metric that was measured."""

    name: str
    #: `counter`, `gauge` or `timer`.
    kind: str
    unit: str


class Metrics(Protocol):
    """All metrics of a service. What several processes measure of one metric adds up."""

    def write(self, at: float, measured: Sequence[Measured]) -> None:
        """Add what a process measured in the ten seconds that `at` (UNIX seconds) lies in.

        Raises:
            Unavailable: the store is full or cannot be written.
        """
        ...

    def summaries(self, name: str, since: float, until: float, step: float) -> list[Summary | None]:
        """A metric in steps from `since` to before `until`; None where nothing was measured.

        What is older than three hours is known by the minute, than 15 days by the hour.
        """
        ...

    def kind(self, name: str) -> str:
        """`counter`, `gauge` or `timer`; a gauge if the metric is not known."""
        ...

    def known(self, prefix: str = "") -> list[MetricInfo]:
        """The metrics whose name begins with `prefix`, by name."""
        ...

    def trim(self) -> int:
        """Forget what is older than its level of detail is kept; returns how many values."""
        ...
