"""The journal in memory."""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from billow.clock import Clock
from billow.ports.journal import Entry, Point


class MemoryJournal:
    """Events, series and a board, for a service that lives in one process."""

    def __init__(self, clock: Clock) -> None:
        self._lock = threading.Lock()
        self._clock = clock
        self._entries: list[Entry] = []
        self._last_seq = 0
        self._values: dict[str, list[tuple[float, float]]] = defaultdict(list)
        self._board: dict[str, tuple[str, float]] = {}

    def write(
        self,
        kind: str,
        subject: str,
        reason: str,
        data: Mapping[str, Any] | None = None,
        at: float | None = None,
    ) -> int:
        """Write down an event; returns its seq."""
        at = self._clock.now() if at is None else at
        with self._lock:
            self._last_seq += 1
            copied = json.loads(json.dumps(dict(data or {})))
            self._entries.append(Entry(self._last_seq, at, kind, subject, reason, copied))
            return self._last_seq

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
        """Events with seq above `after`, oldest first; with `newest`, the last, newest first."""
        with self._lock:
            entries = self._entries[::-1] if newest else list(self._entries)
        fitting = (
            entry
            for entry in entries
            if entry.seq > after
            and (since is None or entry.at >= since)
            and subject in (None, entry.subject)
            and (not kinds or any(_is_kind(entry.kind, kind) for kind in kinds))
        )
        return list(islice(fitting, limit))

    def sample(self, values: Mapping[str, float], at: float | None = None) -> None:
        """Add a value to each series named."""
        at = self._clock.now() if at is None else at
        with self._lock:
            for name, value in values.items():
                self._values[name].append((at, value))

    def series(self, name: str, since: float, until: float, step: float) -> list[Point]:
        """A series in steps of `step` seconds from `since` to before `until`."""
        steps: dict[int, list[float]] = defaultdict(list)
        with self._lock:
            for at, value in self._values.get(name, ()):
                if since <= at < until:
                    steps[int((at - since) // step)].append(value)
        return [
            Point(since + number * step, sum(values) / len(values), min(values), max(values))
            for number, values in sorted(steps.items())
        ]

    def show(self, key: str, state: Mapping[str, Any]) -> None:
        """Put a present state on the board."""
        with self._lock:
            self._board[key] = (json.dumps(dict(state)), self._clock.now())

    def shown(self, key: str) -> tuple[dict[str, Any], float] | None:
        """A state on the board, and when it was put there."""
        with self._lock:
            found = self._board.get(key)
        return None if found is None else (json.loads(found[0]), found[1])

    def board(self, prefix: str = "") -> dict[str, dict[str, Any]]:
        """All states on the board whose key begins with `prefix`."""
        with self._lock:
            return {
                key: json.loads(text)
                for key, (text, _) in sorted(self._board.items())
                if key.startswith(prefix)
            }

    def trim(self, keep: float) -> int:
        """Forget events and values older than `keep` seconds; returns how many."""
        oldest = self._clock.now() - keep
        with self._lock:
            before = self._size()
            self._entries = [entry for entry in self._entries if entry.at >= oldest]
            for name, values in self._values.items():
                self._values[name] = [pair for pair in values if pair[0] >= oldest]
            return before - self._size()

    def _size(self) -> int:
        return len(self._entries) + sum(len(values) for values in self._values.values())


def _is_kind(kind: str, wanted: str) -> bool:
    return kind.startswith(wanted) if wanted.endswith(".") else kind == wanted
