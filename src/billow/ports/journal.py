"""What the service did and how it fared: events with reasons, measured series, present state.

Apart from the ledger and not flushed at every write: a power cut may cost the last seconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol


class Entry(NamedTuple):
    """Something that happened, such as a scaling decision, and why."""

    seq: int
    #: UNIX seconds.
    at: float
    #: What kind of thing, such as `scale.out`, `worker.ready`, `process.restart`.
    kind: str
    #: What it happened to, such as a function's or a worker's name.
    subject: str
    #: In words.
    reason: str
    data: dict[str, Any]


class Point(NamedTuple):
    """A series' mean, smallest and greatest value in the step that begins at `at`."""

    at: float
    mean: float
    low: float
    high: float


class Journal(Protocol):
    """Events, series, and a board of present states."""

    def write(
        self,
        kind: str,
        subject: str,
        reason: str,
        data: Mapping[str, Any] | None = None,
        at: float | None = None,
    ) -> int:
        """Write down an event; returns its seq."""
        ...

    def read(
        self,
        after: int = 0,
        *,
        since: float | None = None,
        kinds: Sequence[str] = (),
        subject: str | None = None,
        limit: int = 100,
        newest: bool = False,
    ) -> list[Entry]:
        """Events with seq above `after`, oldest first; with `newest`, the last ones, newest first.

        A kind that ends in `.` stands for all that begin with it.
        """
        ...

    def sample(self, values: Mapping[str, float], at: float | None = None) -> None:
        """Add a value to each series named."""
        ...

    def series(self, name: str, since: float, until: float, step: float) -> list[Point]:
        """A series in steps of `step` seconds; steps without values are left out."""
        ...

    def show(self, key: str, state: Mapping[str, Any]) -> None:
        """Put a present state on the board, such as a fleet's workers."""
        ...

    def shown(self, key: str) -> tuple[dict[str, Any], float] | None:
        """A state on the board, and when it was put there."""
        ...

    def board(self, prefix: str = "") -> dict[str, dict[str, Any]]:
        """All states on the board whose key begins with `prefix`."""
        ...

    def trim(self, keep: float) -> int:
        """Forget events and values older than `keep` seconds; returns how many."""
        ...
