"""Whom a level pages, by which contacts, and what is taken back when somebody answers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from billow.ops.incidents.room import Room, has
from billow.ops.page import EVERYONE, NEXT, ON_CALL
from billow.ops.rota.schedule import next_on_call, on_call
from billow.ports.incidents import Contact, Incident, Notice

#: Is told of every incident, whoever is on call.
FOLLOWERS = "*"
#: States of a message that may have reached somebody.
REACHED = ("sent", "sending")


def targets(room: Room, policy: dict[str, Any], target: str) -> tuple[str, ...]:
    """The people that a level's target means now."""
    rota = room.declared.rota(policy["rota"])
    if rota is None:
        return everybody(room)
    if target == EVERYONE:
        return rota.team
    if target in (ON_CALL, NEXT):
        find = on_call if target == ON_CALL else next_on_call
        return find(rota, room.changes(rota.name), room.now)
    return (target,)


def everybody(room: Room) -> tuple[str, ...]:
    """Everybody who has a contact."""
    people = {each.person for each in room.books.contacts.find(limit=10_000)}
    return tuple(sorted(people - {FOLLOWERS})) or ("local",)


def team(room: Room, policy: dict[str, Any]) -> tuple[str, ...]:
    """Everybody of a policy's rota."""
    rota = room.declared.rota(policy["rota"])
    return everybody(room) if rota is None else rota.team


def contacts_of(room: Room, person: str) -> list[Contact]:
    """The contacts of a person that can be used, the first to be used first."""
    every = room.books.contacts.find(person=person)
    usable = [each for each in every if each.verified is not None and not each.disabled]
    # Whoever switched a contact off does not want to be reached in some other way instead.
    declined = person == FOLLOWERS or any(each.disabled for each in every)
    chosen = usable or ([] if declined else room.declared.fallback(person))
    return sorted(chosen, key=lambda each: each.wait)


def find_contact(room: Room, notice: Notice) -> Contact | None:
    """The contact that a message goes to, if it can still be used."""
    return next((c for c in contacts_of(room, notice.person) if c.id == notice.contact), None)


def summon(room: Room, incident: Incident, people: Iterable[str], run: str) -> list[str]:
    """Have people paged; returns those who have any contact. Each is paged once a run."""
    first = not has(incident, "paged")
    urgent = int(first and incident.severity == "critical" and not incident.muted)
    reached = []
    for person in dict.fromkeys(people):
        found = contacts_of(room, person)
        for contact in found:
            _ask(room, incident, contact, "page", run, urgent=urgent, wait=contact.wait)
        if found:
            reached.append(person)
    return reached


def tell_followers(room: Room, incident: Incident, kind: str, run: str) -> None:
    """Tell whoever follows all incidents."""
    urgent = int(kind == "resolved" or incident.severity == "critical")
    for contact in contacts_of(room, FOLLOWERS):
        _ask(room, incident, contact, kind, run, urgent=urgent)


def call_off(room: Room, incident: Incident, person: str | None = None) -> None:
    """Take back the pages that were not sent yet; of one person only, if one is named."""
    for notice in room.books.notices.find(incident=incident.number, limit=100_000):
        if notice.state == "waiting" and notice.kind == "page" and person in (None, notice.person):
            done = notice._replace(state="cancelled", done=room.now, detail="nobody needs it now")
            room.books.notices.put(done)


def tell_resolved(room: Room, incident: Incident) -> None:
    """Tell those who were paged, and nobody else, that it is over."""
    told = set()
    for notice in room.books.notices.find(incident=incident.number, limit=100_000):
        if notice.kind == "page" and notice.state in REACHED and notice.contact not in told:
            told.add(notice.contact)
            contact = find_contact(room, notice)
            if contact is not None:
                _ask(room, incident, contact, "resolved", f"{incident.epoch}", urgent=0)


def paged_in(room: Room, incident: Incident, run: str) -> set[str]:
    """Who was or will be paged in a run."""
    found = room.books.notices.find(incident=incident.number, run=run, kind="page", limit=10_000)
    return {each.person for each in found if each.state != "cancelled"} - {FOLLOWERS}


def words(people: Sequence[str]) -> str:
    """People as they are said: 'ana', 'ana and ben', 'ana, ben and cho'."""
    if len(people) < 2:
        return "".join(people)
    return f"{', '.join(people[:-1])} and {people[-1]}"


def add_times(text: str, at: float, keep: float) -> str:
    """A JSON list of times with one more, without those older than `keep` seconds."""
    times = [each for each in json.loads(text) if each > at - keep]
    return json.dumps([*times, at])


def _ask(
    room: Room,
    incident: Incident,
    contact: Contact,
    kind: str,
    run: str,
    *,
    urgent: int,
    wait: float = 0.0,
) -> None:
    """Note down a message to be sent, unless the same was noted before."""
    key = f"{incident.number}:{kind}:{run}:{contact.id}"
    if room.books.notices.get(key) is not None:
        return
    due = room.now + wait
    number, person = incident.number, contact.person
    made = Notice(key, number, person, contact.id, kind, run, due, "waiting", room.now, urgent)
    room.books.notices.add(made)
