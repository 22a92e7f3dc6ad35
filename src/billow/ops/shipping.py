"""Sends what a process measured to the store, every ten seconds, from a thread of its own."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from billow.errors import Unavailable
from billow.ops.recorder import Measured, Recorder
from billow.ports.metrics import RAW, Metrics

#: Batches that wait for a store that cannot take them; older ones are given up.
_WAITING = 30

_log = logging.getLogger("billow.metrics")


class Shipper:
    """Ships a recorder's values; a store that cannot take them is no trouble to the process.

    Args:
        recorder: where the values are summed up.
        metrics: where they go.
        before: called before each shipment, to measure what is to be measured then.
        also: gets each shipment as well.
    """

    def __init__(
        self,
        recorder: Recorder,
        metrics: Metrics,
        before: Callable[[], object] | None = None,
        also: Callable[[float, list[Measured]], object] | None = None,
    ) -> None:
        self._recorder = recorder
        self._metrics = metrics
        self._before = before
        self._also = also
        self._waiting: list[tuple[float, list[Measured]]] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="metrics", daemon=True)

    def start(self) -> Shipper:
        """Begin."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Ship what is left, and end; the store is not waited for longer than a moment."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(timeout=2)

    def ship(self, at: float) -> None:
        """Ship what was measured since the last time, as of the ten seconds that `at` lies in."""
        if self._before is not None:
            self._try("measuring", self._before)
        batch = self._recorder.take()
        self._waiting = [*self._waiting, (at, batch)][-_WAITING:]
        if self._also is not None:
            also = self._also
            self._try("passing on", lambda: also(at, batch))
        while self._waiting:
            try:
                self._metrics.write(*self._waiting[0])
            except Unavailable as problem:
                _log.warning("metrics wait: %s", problem)
                return
            self._waiting.pop(0)

    def _run(self) -> None:
        while True:
            now = time.time()
            over = self._over.wait(RAW - now % RAW)
            # The values are those of the ten seconds that have just ended, or are cut short.
            self._try("shipping", lambda: self.ship(now))  # noqa: B023 - called at once
            if over:
                return

    def _try(self, what: str, work: Callable[[], object]) -> None:
        try:
            work()
        except Exception:
            _log.exception("metrics: %s failed", what)
