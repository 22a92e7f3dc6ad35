"""What keeps a service in order besides its control: measured, watched, mended, and told of."""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from billow.app import App
from billow.fleet.control import Controller
from billow.home import Home
from billow.keeper.hands import Hands
from billow.keeper.means import FreeDisk, Means, OpenBreaker, RetryThaws, ShedLoad
from billow.keeper.measuring import Measuring
from billow.ops.incidents.desk import Desk
from billow.ops.incidents.room import Room
from billow.ops.judging import AlarmState
from billow.ops.lease import Lease
from billow.ops.otlp import open_exporter
from billow.ops.paging import Pager
from billow.ops.remedies.records import Records
from billow.ops.remedies.remedies import Remedies
from billow.ops.shipping import Shipper
from billow.ops.watch import Turn, Watch

#: Seconds between two looks at the alarms.
EVERY = 1.0
#: Mutes that are looked through for maintenance.
_MUTES = 10_000

_log = logging.getLogger("billow.keeper")


class Operations:
    """Runs in threads of its own, so that control never waits for it.

    Args:
        home: where everything is kept.
        app: whose alarms are watched.
        desk: where incidents are opened and closed.
        fleets: the controllers of the fleets by name.
        logs: the folder of the processes' logs.
        strain: what shows that the front has more than it can serve; empty if nothing does.
    """

    def __init__(
        self,
        home: Home,
        app: App,
        desk: Desk,
        fleets: Callable[[], Mapping[str, Controller]],
        logs: Path,
        strain: Callable[[], str] = str,
    ) -> None:
        self._app = app
        self._desk = desk
        self._shipper = Shipper(
            home.recorder, home.metrics, Measuring(home).look, open_exporter("keeper")
        )
        self._lease = Lease(home.tables, "alarms", f"keeper-{os.getpid()}", home.clock)
        self._watch = Watch(
            app.watched(), home.metrics, home.journal, self._lease, self._act, home.clock
        )
        means: dict[str, Means] = {
            "free disk": FreeDisk(home, logs),
            "open breaker": OpenBreaker(home),
            "shed load": ShedLoad(home, strain),
            "retry thaws": RetryThaws(home),
        }
        self.hands = Hands(home, fleets, means)
        self._remedies = Remedies(
            home.journal,
            Records(home.tables),
            self.hands,
            self._lease,
            pager=desk if app.policies else None,
            maintained=lambda service: is_maintained(desk, service),
            clock=home.clock,
            service=app.name,
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
        if turn.evaluated.acts and turn.watched.page:
            page(self._desk, self._app.name, turn)
        self._guard(lambda: self._remedies.consider(turn))

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


def is_maintained(desk: Desk, service: str) -> bool:
    """Whether somebody works on a service, in a maintenance window."""

    def look(room: Room) -> bool:
        return any(
            mute.kind == "maintenance"
            and mute.start <= room.now < mute.end
            and json.loads(mute.match or "{}").get("service", service) == service
            for mute in room.books.mutes.find(limit=_MUTES)
        )

    return desk.look(look)
