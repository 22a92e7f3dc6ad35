"""Lines in memory."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Sequence

from billow.clock import Clock
from billow.ports.logs import Count, Counted, Found, Line, Wanted, has_words, is_process, words_of

#: What a line takes beside its texts, in bytes; about what it takes in a file.
_OVERHEAD = 100


class MemoryLogs:
    """Lines of a service that lives in one process."""

    def __init__(self, clock: Clock) -> None:
        self._lock = threading.Lock()
        self._clock = clock
        self._lines: list[Line] = []
        self._last = 0

    def write(self, lines: Sequence[Line]) -> None:
        """Store lines."""
        with self._lock:
            for line in lines:
                self._last += 1
                self._lines.append(line._replace(seq=self._last))

    def find(
        self,
        wanted: Wanted,
        *,
        before: int | None = None,
        after: int | None = None,
        limit: int = 100,
    ) -> Found:
        """Lines that match."""
        matching = self._matching(wanted)
        if after is not None:
            found = [line for line in matching if line.seq > after]
        else:
            found = [line for line in matching if before is None or line.seq < before][::-1]
        more = found[limit - 1].seq if len(found) > limit else None
        return Found(found[:limit], more)

    def count(self, wanted: Wanted, since: float, until: float, step: float) -> Counted:
        """How many lines match in each step."""
        counts = Counter(
            (int((line.at - since) // step), line.level)
            for line in self._matching(wanted)
            if since <= line.at < until
        )
        found = sorted(counts.items())
        return Counted(
            [Count(since + place * step, level, count) for (place, level), count in found], True
        )

    def last(self) -> int:
        """The greatest seq there is."""
        return self._last

    def trim(self, keep: float, size: int) -> int:
        """Forget old lines."""
        oldest = self._clock.now() - keep
        with self._lock:
            kept = [line for line in self._lines if line.at >= oldest]
            taken = 0
            for place in range(len(kept) - 1, -1, -1):
                taken += _OVERHEAD + len(kept[place].event) + len(kept[place].fields)
                if taken > size:
                    kept = kept[place + 1 :]
                    break
            gone, self._lines = len(self._lines) - len(kept), kept
            return gone

    def _matching(self, wanted: Wanted) -> list[Line]:
        with self._lock:
            lines = list(self._lines)
        return list(_matching(lines, wanted))


def _matching(lines: Sequence[Line], wanted: Wanted) -> Iterator[Line]:
    words = words_of(wanted.text)
    for line in lines:
        exact = (
            wanted.job in ("", line.job)
            and wanted.request in ("", line.request)
            and wanted.trace in ("", line.trace)
            and wanted.source in ("", line.source)
        )
        if (
            exact
            and line.level >= wanted.level
            and (not wanted.process or is_process(line.process, wanted.process))
            and (wanted.since is None or line.at >= wanted.since)
            and (wanted.until is None or line.at < wanted.until)
            and has_words(f"{line.event} {line.fields}", words)
        ):
            yield line
