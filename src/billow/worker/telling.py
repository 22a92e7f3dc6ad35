"""The lines that a worker logs about its jobs; of very many only some."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

from billow.origin import using
from billow.ports.ledger import Completed, Failed, Lease, Outcome
from billow.worker.held import Held

#: Lines a second about jobs; beyond it they are counted.
MOST = 20
#: When more than so many were left out in a second, there are fewer lines in the next one: of so
#: many, some tell as much as more, and each takes as long as several short jobs.
FLOOD, SOME = 1000, 5

_log = logging.getLogger("billow.worker")


class Telling:
    """Logs what became of jobs.

    Args:
        function: whose jobs they are.
        clock: seconds that only ever go up.
    """

    def __init__(self, function: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._function = function
        self._clock = clock
        self._second = 0
        self._most = MOST
        self._told = self._left_out = 0

    def ended(self, tries: Sequence[tuple[Outcome, Held]]) -> None:
        """The outcomes of tries were recorded."""
        told = tries[: self._room()]
        self._told += len(told)
        self._left_out += len(tries) - len(told)
        for outcome, held in told:
            with using(held.lease.origin):
                self._tell(outcome, held.lease)

    def _room(self) -> int:
        second = int(self._clock())
        if second != self._second:
            if self._left_out:
                _log.info("%s: %d further jobs ended", self._function, self._left_out)
            self._most = SOME if self._left_out > FLOOD else MOST
            self._second, self._told, self._left_out = second, 0, 0
        return self._most - self._told

    def _tell(self, outcome: Outcome, lease: Lease) -> None:
        facts: dict[str, object] = {"job": lease.id, "function": self._function}
        if lease.name:
            facts["name"] = lease.name
        if isinstance(outcome, (Completed, Failed)):
            facts["ms"] = round((outcome.finished - outcome.started) * 1000, 1)
        if isinstance(outcome, Completed):
            _log.info("%s completed", self._function, extra={"fields": facts})
        elif isinstance(outcome, Failed):
            failure, again = outcome.failure, outcome.retry_in
            then = "for good" if again is None else f"to be tried again in {again:.1f} s"
            if failure.detail:
                facts["error"] = failure.detail
            told = f"{self._function} failed, {then}: {failure.kind}: {failure.message}"
            _log.warning("%s", told, extra={"fields": facts})
