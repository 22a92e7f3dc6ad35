"""What every rule of incidents works with: the shelves, the time, and who is declared for what."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from billow.errors import NotFound
from billow.ops.page import EVERYONE, Page
from billow.ops.rota.changes import Change
from billow.ops.rota.rota import Rota, read_rota
from billow.ports.incidents import Books, Contact, Event, Incident, Timer

#: Severities, the worst first.
SEVERITIES = ("critical", "error", "warning", "info")
#: Severities that page their first level only, again and again.
LOW = ("warning", "info")

#: What applies where an app declares no policy: everyone who can be reached.
NO_POLICY: Mapping[str, Any] = {
    "rota": None,
    "after": 0.0,
    "levels": [[EVERYONE, 600.0]],
    "repeat": 3,
    "forget": 1800.0,
    "reopen": 300.0,
    "resolve": 0.0,
    "all_answer": False,
    "inhibit": [],
}


@dataclass(frozen=True, slots=True)
class Declared:
    """What an app declares of paging."""

    app: str
    policies: Mapping[str, Page]
    #: Contacts of a person who has none of their own.
    fallback: Callable[[str], Sequence[Contact]] = lambda _: ()

    def policy(self, service: str) -> Mapping[str, Any]:
        """The policy of a service as plain JSON."""
        page = self.policies.get(service) or self.policies.get(self.app)
        return NO_POLICY if page is None else page.spec()

    def rota(self, spec: Mapping[str, Any] | None) -> Rota | None:
        """The rota of a policy as it is now; as it was, if the app has none of its name."""
        if spec is None:
            return None
        rotas = {page.rota.name: page.rota for page in self.policies.values()}
        return rotas.get(spec["name"]) or read_rota(spec)


@dataclass(frozen=True, slots=True)
class Room:
    """One step: its shelves, and the time at which it is taken."""

    books: Books
    now: float
    declared: Declared

    def incident(self, number: int) -> Incident:
        """An incident.

        Raises:
            NotFound: there is none of that number.
        """
        found = self.books.incidents.get(number)
        if found is None:
            raise NotFound(f"there is no incident {number}")
        return found

    def put(self, incident: Incident) -> Incident:
        """Write an incident."""
        self.books.incidents.put(incident)
        return incident

    def note(self, incident: Incident | int, kind: str, text: str, who: str = "") -> None:
        """Add to an incident's log."""
        number = incident if isinstance(incident, int) else incident.number
        last = self.books.events.last()
        seq = last.seq + 1 if last else 1
        self.books.events.add(Event(seq, number, self.now, kind, who, text))

    def set(self, incident: Incident, kind: str, due: float, **data: Any) -> None:
        """Set an incident's timer of a kind; it has one of each at most."""
        timer = Timer(f"{incident.number}/{kind}", incident.number, kind, due, json.dumps(data))
        self.books.timers.put(timer)

    def clear(self, incident: Incident, *kinds: str) -> None:
        """Remove an incident's timers of these kinds; of all, if none is named."""
        for timer in self.books.timers.find(incident=incident.number):
            if not kinds or timer.kind in kinds:
                self.books.timers.remove(timer.id)

    def changes(self, rota: str) -> list[Change]:
        """What was changed of a rota."""
        return [Change(*each) for each in self.books.changes.find(rota=rota, limit=10_000)]


def policy_of(incident: Incident) -> dict[str, Any]:
    """The policy that an incident follows."""
    policy: dict[str, Any] = json.loads(incident.policy)
    return policy


def has(incident: Incident, flag: str) -> bool:
    """Whether an incident carries a flag."""
    return flag in incident.flags.split()


def with_flag(incident: Incident, flag: str, on: bool = True) -> Incident:
    """The incident with a flag, or without it."""
    flags = [each for each in incident.flags.split() if each != flag]
    return incident._replace(flags=" ".join([*flags, flag] if on else flags))


def is_worse(severity: str, than: str) -> bool:
    """Whether one severity is worse than another."""
    return SEVERITIES.index(severity) < SEVERITIES.index(than)


def open_incidents(books: Books, limit: int = 10_000) -> list[Incident]:
    """All incidents that are not resolved, by number."""
    triggered = books.incidents.find(state="triggered", limit=limit)
    return sorted([*triggered, *books.incidents.find(state="acked", limit=limit)])
