"""What keeps a service in order besides its control: measured, watched, and told of."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable

from billow.app import App
from billow.home import Home
from billow.keeper.measuring import Measuring
from billow.ops.judging import AlarmState
from billow.ops.lease import Lease
from billow.ops.paging import Pager
from billow.ops.shipping import Shipper
from billow.ops.watch import Turn, Watch

#: Seconds between two looks at the alarms.
EVERY = 1.0

_log = logging.getLogger("billow.keeper")


class Operations:
    """Runs in threads of its own, so that control never waits for it.

    Args:
        home: where everything is kept.
        app: whose alarms are watched.
        pager: who is told; None if nobody is.
    """

    def __init__(self, home: Home, app: App, pager: Pager | None = None) -> None:
        self._app = app
        self._pager = pager
        self._shipper = Shipper(home.recorder, home.metrics, Measuring(home).look)
        self._lease = Lease(home.tables, "alarms", f"keeper-{os.getpid()}", home.clock)
        self._watch = Watch(
            app.watched(), home.metrics, home.journal, self._lease, self._act, home.clock
        )
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alarms", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._shipper.start()
        self._thread.start()

    def stop(self) -> None:
        """End, with what was measured shipped, and the alarms free for another keeper."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(timeout=2)
        self._shipper.stop()
        self._guard(self._lease.release)

    def _run(self) -> None:
        while not self._over.wait(EVERY):
            self._guard(self._watch.tick)

    def _act(self, turn: Turn) -> None:
        if turn.evaluated.acts and turn.watched.page and self._pager is not None:
            page(self._pager, self._app.name, turn)

    def _guard(self, work: Callable[[], object]) -> None:
        try:
            work()
        except Exception:
            _log.exception("alarms: %s failed", getattr(work, "__qualname__", work))


def page(pager: Pager, app: str, turn: Turn) -> None:
    """Open or close the incident of an alarm."""
    alarm, state = turn.watched.alarm, turn.evaluated.memory.state
    key = f"alarm:{app}:{alarm.name}"
    if state is AlarmState.OK:
        pager.resolve(turn.watched.page, key)
    elif state is AlarmState.ALARM:
        details = {"when": alarm.when, "about": alarm.about, "alarm": alarm.name}
        summary = f"{alarm.name}: {turn.reason}"
        pager.trigger(
            turn.watched.page, key, summary, turn.watched.severity, f"alarm {alarm.name}", details
        )
