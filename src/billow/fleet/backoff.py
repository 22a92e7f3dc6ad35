"""Rests between attempts to start something that keeps ending."""

from __future__ import annotations

#: Seconds before the first new start, and at most.
FIRST = 0.1
LONGEST = 30.0

#: Seconds without an end after which the rests begin again at the first.
HEALTHY = 60.0


class Backoff:
    """Doubles the rest with each end that follows soon on the one before."""

    def __init__(self, first: float = FIRST, longest: float = LONGEST) -> None:
        self._first = first
        self._longest = longest
        self._rest = 0.0
        self._failed_at: float | None = None

    @property
    def until(self) -> float:
        """When the next start is due, UNIX seconds; 0 if nothing ended."""
        return 0.0 if self._failed_at is None else self._failed_at + self._rest

    def failed(self, now: float) -> float:
        """It ended again; returns how long to rest now, in seconds."""
        if self._failed_at is not None and now - self.until >= HEALTHY:
            self._rest = 0.0
        self._rest = min(self._longest, self._rest * 2) if self._rest else self._first
        self._failed_at = now
        return self._rest

    def proved(self) -> None:
        """It did its work, so the next end is not the fault of starting."""
        self._rest = 0.0
        self._failed_at = None

    def due(self, now: float) -> bool:
        """Whether a start may be made now."""
        return now >= self.until
