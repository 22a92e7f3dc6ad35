"""What pkeep has done, for the page at port 4770 of TCP."""

from __future__ import annotations

import time
from collections import deque

#: Lines of the log that are kept.
_LINES = 100


class Counters:
    """Numbers by their names, and the latest lines of the log."""

    def __init__(self) -> None:
        self._numbers: dict[str, float | str] = {
            "requests": 0,
            "requests_expired": 0,
            "fecache_hits": 0,
            "origfile_cache_hits": 0,
            "origfile_cache_hit_rate": 0.0,
            "frontend_cache_fetches": 0,
            "missing_files": 0,
            "worker_time_mean": 0.0,
            "worker_time_total": 0.0,
            "latency_mean": 0.0,
            "latency_total": 0.0,
            "version": 1.2,
            "render_instructions": "",
        }
        self._lines: deque[str] = deque(maxlen=_LINES)

    def __getitem__(self, name: str) -> float:
        return float(self._numbers[name])

    def add(self, name: str) -> None:
        """Count one more."""
        self._numbers[name] = int(self[name]) + 1

    def served(self, seconds: float, instructions: str) -> None:
        """Count a request that was answered after so many seconds."""
        self.add("requests")
        for kind in ("worker_time", "latency"):
            self._numbers[f"{kind}_total"] = self[f"{kind}_total"] + seconds
            self._numbers[f"{kind}_mean"] = self[f"{kind}_total"] / self["requests"]
        self._numbers["origfile_cache_hit_rate"] = self["origfile_cache_hits"] / self["requests"]
        self._numbers["render_instructions"] = " ".join(instructions.split())

    def log(self, text: str, level: str = "I") -> None:
        """Write a line into the log; nothing of it can look like another line."""
        stamp = time.strftime("%Y%m%d %H:%M.%S")
        plain = "".join(char if char.isprintable() else " " for char in text)
        self._lines.append(f"pkeep {level} {stamp} {plain}")

    def page(self) -> str:
        """All numbers, a line each, by name."""
        return "".join(f"{name} {self._numbers[name]}\n" for name in sorted(self._numbers))

    def log_page(self) -> str:
        """The latest lines."""
        return "\n".join(self._lines)
