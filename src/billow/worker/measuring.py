"""What a worker measures of its jobs: a batch at a time, as one by one it would cost too much."""

from __future__ import annotations

from collections.abc import Sequence

from billow.flow.work import Measure, Wish
from billow.ops.recorder import Recorder
from billow.ports.ledger import Completed, Failed, Put
from billow.worker.held import Held


class Measuring:
    """Measures the tries of one function.

    Args:
        recorder: where to.
        function: whose jobs they are.
    """

    def __init__(self, recorder: Recorder, function: str) -> None:
        self._recorder = recorder
        self._about = f"function.{function}"

    def asked(self, wishes: Sequence[Wish]) -> None:
        """A try asked for this."""
        for wish in wishes:
            if isinstance(wish, Measure):
                self._recorder.observe(f"app.{wish.name}", wish.value, wish.unit)
            elif isinstance(wish, Put):
                self._recorder.count(f"table.{wish.table}.writes")

    def completed(self, tries: Sequence[tuple[Completed, Held]]) -> None:
        """Jobs are completed."""
        if not tries:
            return
        waited = [outcome.started - held.lease.created for outcome, held in tries]
        if min(waited) < 0:  # the clock was set back
            waited = [max(0.0, one) for one in waited]
        self._recorder.observe_all(f"{self._about}.wait", waited)
        self._recorder.count(f"{self._about}.completed", times=len(tries))
        self._tried([outcome.finished - outcome.started for outcome, _ in tries])

    def failed(self, tries: Sequence[tuple[Failed, Held]]) -> None:
        """Tries failed, for good or not."""
        if not tries:
            return
        self._tried([outcome.finished - outcome.started for outcome, _ in tries])
        self._recorder.count(f"{self._about}.errors", times=len(tries))
        ended = sum(outcome.retry_in is None for outcome, _ in tries)
        if ended:
            self._recorder.count(f"{self._about}.failed", times=ended)

    def _tried(self, taken: list[float]) -> None:
        self._recorder.observe_all(f"{self._about}.duration", taken)
        self._recorder.count(f"{self._about}.tries", times=len(taken))
