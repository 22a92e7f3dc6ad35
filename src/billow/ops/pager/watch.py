"""What the pager does beside paging: it audits itself, and tells an outside watcher so."""

from __future__ import annotations

import logging
import threading

from billow.app import App
from billow.ops.incidents.desk import Desk
from billow.ops.incidents.room import Room
from billow.ops.pager.audit import EVERY, Finding, audit
from billow.ops.pager.holes import EVERY as HOLES
from billow.ops.pager.holes import tell_of_holes
from billow.ops.pager.shifts import announce
from billow.settings import in_force
from billow.webhooks.address import read_url
from billow.webhooks.post import Poster

_log = logging.getLogger("billow.pager")


class Watch:
    """Looks after the pager itself, every minute."""

    def __init__(self, desk: Desk, app: App) -> None:
        self._desk = desk
        self._app = app
        self._next = 0.0
        self._told: set[str] = set()
        self._holes = -HOLES

    def look(self) -> None:
        """Audit, if it is time."""
        now = self._desk.home.clock.now()
        if now < self._next:
            return
        self._next = now + EVERY
        found = self._desk.change(self._round)
        state = {"findings": [each._asdict() for each in found], "at": now}
        self._desk.home.journal.show("pager", state)
        for each in found:
            if each.text not in self._told:
                self._desk.home.journal.write(f"pager.{each.kind}", self._app.name, each.text)
        self._told = {each.text for each in found}
        address = in_force("deadman").value
        if address and not found:
            threading.Thread(target=beat, args=(address,), daemon=True).start()

    def _round(self, room: Room) -> list[Finding]:
        rotas = self._app.rotas.values()
        announce(room, rotas)
        if not 0 <= room.now - self._holes < HOLES:
            self._holes = room.now
            tell_of_holes(room, rotas)
        return audit(room)


def beat(address: str) -> None:
    """Tell an outside watcher that the pager lives and finds all well."""
    poster = Poster(local=in_force("webhooks_local").value)
    answer = poster.post(read_url(address, poster.local), {"User-Agent": "Billow-Pager/1"}, b"")
    if not answer.ok:
        _log.warning("the outside watcher did not take a sign of life: %s", answer.reason)
