"""The desk: where incidents are opened, looked at, answered and closed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from billow.app import App
from billow.errors import BadInput, Conflict
from billow.home import Home
from billow.ops.incidents import signs
from billow.ops.incidents.people import summon
from billow.ops.incidents.room import Declared, Room, open_incidents
from billow.ops.incidents.timers import fire
from billow.ops.paging import Severity
from billow.ports.incidents import Books, Contact, Event, Incident, Notice, Timer
from billow.ports.wake import DONE

T = TypeVar("T")

#: Where the pager waits.
PAGER = "pager"

#: Characters of a note.
_LONGEST_NOTE = 4000
#: The kinds of events that the journal tells of too, so that they stand on its time axis.
_TOLD = {"triggered", "reopened", "acked", "resolved", "paged", "forgotten", "nobody_on_call"}


class Desk:
    """Opens, answers and closes incidents; a `billow.ops.paging.Pager`.

    Args:
        home: where they are kept.
        app: declares whom they page.
        fallback: contacts of a person who has none of their own.
    """

    def __init__(
        self,
        home: Home,
        app: App,
        fallback: Callable[[str], Sequence[Contact]] = lambda _: (),
    ) -> None:
        self.home = home
        self.declared = Declared(app.name, app.policies, fallback)

    def change(self, work: Callable[[Room], T]) -> T:
        """Take a step; what it wrote is durable when this returns."""
        now = self.home.clock.now()
        before = self._last_event()
        result = self.home.incidents.change(lambda books: work(Room(books, now, self.declared)))
        self.home.wake.notify(PAGER)
        self.home.wake.notify(DONE)  # pages that show incidents look again
        self._tell(before)
        return result

    def look(self, work: Callable[[Room], T]) -> T:
        """Look at everything as it is at one moment."""
        now = self.home.clock.now()
        return self.home.incidents.look(lambda books: work(Room(books, now, self.declared)))

    def trigger(
        self,
        service: str,
        key: str,
        summary: str,
        severity: Severity,
        source: str,
        details: Mapping[str, Any],
    ) -> Incident:
        """Something is wrong; durable when it returns."""
        sign = signs.Sign(service, key, summary, severity, source, details)
        return self.change(lambda room: signs.trigger(room, sign))

    def resolve(self, service: str, key: str) -> Incident | None:
        """It is well again; None if no such incident is open."""
        return self.change(lambda room: signs.resolve(room, service, key))

    def acknowledge(self, number: int, who: str) -> Incident:
        """Somebody takes care of an incident.

        Raises:
            NotFound: there is none of that number.
        """
        return self.change(lambda room: signs.acknowledge(room, room.incident(number), who))

    def close(self, number: int, who: str) -> Incident:
        """Somebody says that an incident is over.

        Raises:
            NotFound: there is none of that number.
        """
        text = f"resolved by {who}"
        return self.change(lambda room: signs.close(room, room.incident(number), text, who))

    def snooze(self, number: int, seconds: float, who: str) -> Incident:
        """Page nobody for so many seconds.

        Raises:
            NotFound: there is none of that number.
            Conflict: it is resolved.
        """
        until = self.home.clock.now() + seconds
        return self.change(lambda room: signs.snooze(room, room.incident(number), until, who))

    def note(self, number: int, text: str, who: str) -> None:
        """Write something down.

        Raises:
            NotFound: there is none of that number.
            BadInput: there is nothing to write down.
        """
        written = text.strip()[:_LONGEST_NOTE]
        if not written:
            raise BadInput("write something")
        self.change(lambda room: room.note(room.incident(number), "note", written, who))

    def page_now(self, person: str, who: str) -> list[str]:
        """Send a test alert to all contacts of a person, to prove the chain; returns their keys.

        Raises:
            Conflict: the person cannot be reached at all.
        """

        def work(room: Room) -> list[str]:
            policy = room.declared.policy(room.declared.app)
            last = room.books.events.last()
            run = f"test {last.seq if last else 0} {room.now:.3f}"
            asked = _test_incident(person, who, policy, room.now)
            if not summon(room, asked, [person], run):
                raise Conflict(f"{person} has no contact that is used; see `billow oncall contact`")
            room.note(0, "test", f"test alert to {person}", who)
            found = room.books.notices.find(incident=0, run=run, limit=100)
            for each in found:
                room.books.notices.put(each._replace(kind="test", due=room.now, urgent=1))
            return [each.key for each in found]

        return self.change(work)

    def fire(self, timer: Timer) -> bool:
        """Do what a timer is for."""
        return self.change(lambda room: fire(room, timer.id))

    def open(self) -> list[Incident]:
        """Incidents that are not resolved, by number."""
        return self.look(lambda room: open_incidents(room.books))

    def get(self, number: int) -> Incident:
        """An incident.

        Raises:
            NotFound: there is none of that number.
        """
        return self.look(lambda room: room.incident(number))

    def latest(self, limit: int = 50, before: int | None = None) -> list[Incident]:
        """Incidents, the latest first."""

        def work(room: Room) -> list[Incident]:
            last = room.books.incidents.last()
            top = last.number if last else 0
            top = top if before is None else min(top, before - 1)
            numbers = range(top, max(0, top - limit), -1)
            return [each for each in map(room.books.incidents.get, numbers) if each]

        return self.look(work)

    def events(self, number: int) -> list[Event]:
        """What happened to an incident, in order."""
        return self.look(lambda room: room.books.events.find(incident=number, limit=10_000))

    def notices(self, number: int) -> list[Notice]:
        """The messages of an incident, in the order in which they were asked for."""
        found = self.look(lambda room: room.books.notices.find(incident=number, limit=10_000))
        return sorted(found, key=lambda each: (each.created, each.key))

    def _last_event(self) -> int:
        last = self.home.incidents.look(lambda books: books.events.last())
        return last.seq if last else 0

    def _tell(self, after: int) -> None:
        """Put what happened on the journal's time axis."""

        def work(books: Books) -> list[tuple[Event, Incident | None]]:
            found = books.events.find(after=after)
            return [(each, books.incidents.get(each.incident)) for each in found]

        for event, incident in self.home.incidents.look(work):
            if event.kind in _TOLD:
                subject = incident.service if incident else ""
                facts = {"incident": event.incident, "who": event.who}
                self.home.journal.write(f"incident.{event.kind}", subject, event.text, facts)


def _test_incident(person: str, who: str, policy: Mapping[str, Any], now: float) -> Incident:
    summary = f"Test alert for {person}, asked for by {who}"
    return Incident(
        0,
        "test",
        "test",
        "triggered",
        "info",
        summary,
        "billow",
        "{}",
        json.dumps(policy),
        now,
        now,
    )
