"""A service whose pager is run by hand, in virtual time, with ways out that only write down."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

import billow
from billow.clock import VirtualClock
from billow.home import Home
from billow.ops.incidents.desk import Desk
from billow.ops.pager.channels import by_kind
from billow.ops.pager.loop import Loop
from billow.ops.pager.outbox import Parcel
from billow.ops.pager.words import Words, words
from billow.ops.paging import Severity
from billow.ports.incidents import Contact, Incident
from billow.ports.mail import Handover, Verdict
from billow.testing import memory_home

ROTA = billow.Rota("web", people=["ana", "ben", "cho"], start="2023-11-13 00:00")
#: At the clock's start, a Tuesday, Ana is on call; Ben is next.
ON_CALL, NEXT = "ana", "ben"
OK = Handover(Verdict.SENT, "taken")
LATER = Handover(Verdict.LATER, "busy")
NEVER = Handover(Verdict.NEVER, "refused")


@dataclass
class Wire:
    """A way out that writes down what went through."""

    clock: VirtualClock
    sent: list[tuple[float, Parcel, Words]] = field(default_factory=list)
    #: What becomes of a parcel.
    answer: Callable[[Parcel], Handover] = lambda _: OK

    def send(self, parcel: Parcel, said: Words) -> Handover:
        handover = self.answer(parcel)
        if handover.verdict is Verdict.SENT:
            self.sent.append((self.clock.now(), parcel, said))
        return handover

    def people(self, kind: str = "page") -> list[str]:
        return [each.contact.person for _, each, _ in self.sent if each.kind == kind]


class World:
    """Everything, and time that passes."""

    def __init__(
        self,
        page: billow.Page | None = None,
        clock: VirtualClock | None = None,
        home: Home | None = None,
    ) -> None:
        # The clock's start is rounded so that sums of seconds are exact.
        self.clock = clock or VirtualClock()
        self.home = home or memory_home(clock=self.clock)
        self.app = billow.App("shop")
        self.app.oncall(page or billow.Page(ROTA))
        self.wire = Wire(self.clock)
        self.start = self.clock.now()
        self.restart()

    def restart(self) -> None:
        """Another pager takes over."""
        self.desk = Desk(self.home, self.app, self.fallback)
        wires = [self.wire] * 5
        self.loop = Loop(self.desk, by_kind(*wires), lambda parcel: words(parcel, "shop", ""))
        self.loop.begin()

    def fallback(self, person: str) -> list[Contact]:
        return [Contact(f"{person}-hook", person, "webhook", "https://x.org", 0.0, 0.0, 0.0)]

    def add(self, person: str, kind: str = "mail", wait: float = 0.0, verified: bool = True) -> str:
        id_ = f"{person}-{kind}-{wait:g}"
        made = Contact(id_, person, kind, "x@x.org", wait, 0.0, 0.0 if verified else None)
        self.home.incidents.change(lambda books: books.contacts.put(made))
        return id_

    def trigger(self, key: str = "k", severity: str = "error", **more: str) -> Incident:
        """A sign of something wrong."""
        about = {"service": "shop", "summary": "it is slow", "source": "alarm", **more}
        service, summary, source = (about.pop(each) for each in ("service", "summary", "source"))
        how_bad = cast("Severity", severity)
        made = self.desk.trigger(service, key, summary, how_bad, source, about)
        self.work()
        return made

    def resolve(self, key: str = "k") -> Incident | None:
        found = self.desk.resolve("shop", key)
        self.work()
        return found

    def work(self) -> None:
        """See to all that is due now."""
        while self.loop.fire() + self.loop.send_all():
            pass

    def pass_time(self, seconds: float) -> None:
        """Let time pass; everything happens when it is due."""
        end = self.clock.now() + seconds
        self.work()
        while (due := self.loop.next()) is not None and due <= end:
            self.clock.advance(max(0.0, due - self.clock.now()))
            self.work()
        self.clock.advance(end - self.clock.now())
        self.work()

    def log(self, number: int = 1) -> list[str]:
        return [event.kind for event in self.desk.events(number)]

    def pages(self) -> list[tuple[float, str]]:
        """When who was paged, in seconds since the start."""
        return [
            (at - self.start, parcel.contact.person)
            for at, parcel, _ in self.wire.sent
            if parcel.kind == "page"
        ]

    def counts(self) -> Counter[str]:
        return Counter(self.wire.people())

    def state(self, number: int = 1) -> str:
        return self.desk.get(number).state
