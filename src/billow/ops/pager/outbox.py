"""The outbox: which messages are to be sent now, and what became of them.

A message is claimed in one step (`sending`, with the id that it will always have), sent, and
recorded in another. Killed between the two, the pager that follows sends it again under the same
id: at least once, and twice only where it died after the other side had taken it.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from billow.ops.incidents.people import REACHED, find_contact
from billow.ops.incidents.room import Room
from billow.ops.incidents.signs import run_of
from billow.ops.pager.throttle import BUNDLED, count, gate
from billow.ports.incidents import Contact, Incident, Notice
from billow.ports.mail import Handover, Verdict

#: Seconds within which a message is sent or has failed.
DEADLINE = 300.0
#: Seconds before the second try; each further rest is twice as long, up to the longest.
FIRST_REST, LONGEST_REST = 5.0, 60.0


@dataclass(frozen=True, slots=True)
class Parcel:
    """Messages to one contact that are sent as one."""

    contact: Contact
    #: The message's id, the same at every try.
    id: str
    notices: tuple[Notice, ...]
    incidents: tuple[Incident, ...]

    @property
    def kind(self) -> str:
        """What the first message is."""
        return self.notices[0].kind


def requeue(room: Room) -> int:
    """Put back what a pager that died was sending; returns how many messages."""
    found = room.books.notices.find(state="sending", limit=100_000)
    for each in found:
        room.books.notices.put(each._replace(state="waiting", due=room.now))
    return len(found)


def claim(room: Room, busy: Collection[str] = (), limit: int = 20) -> list[Parcel]:
    """Take what is due, one parcel a contact, for contacts that are not busy."""
    by_contact: dict[str, list[Notice]] = defaultdict(list)
    for notice in room.books.notices.find(state="waiting", limit=100_000):
        if notice.due <= room.now and notice.contact not in busy:
            by_contact[notice.contact].append(notice)
    parcels: list[Parcel] = []
    for waiting in by_contact.values():
        if len(parcels) >= limit:
            break
        parcel = _parcel(room, sorted(waiting, key=_rank))
        if parcel is not None:
            parcels.append(parcel)
    return parcels


def next_due(room: Room, busy: Collection[str] = ()) -> float | None:
    """When the next message can be sent, as far as that is known."""
    times = []
    for notice in room.books.notices.find(state="waiting", limit=100_000):
        contact = None if notice.contact in busy else _contact(room, notice)
        if contact is not None:
            free = 0.0 if notice.urgent else gate(room.books, contact.id, contact.kind, room.now).at
            times.append(max(notice.due, free))
    return min(times, default=None)


def record(room: Room, parcel: Parcel, handover: Handover) -> None:
    """Write down how sending went."""
    late = all(room.now - each.created >= DEADLINE for each in parcel.notices)
    if handover.verdict is Verdict.SENT:
        state = "sent"
    elif handover.verdict is Verdict.NEVER or late:
        state = "failed"
    else:
        state = "waiting"
    for claimed in parcel.notices:
        notice = room.books.notices.get(claimed.key)
        if notice is None or notice.state != "sending":
            continue
        rest = min(LONGEST_REST, FIRST_REST * 2 ** (notice.tries - 1))
        due = room.now + rest if state == "waiting" else notice.due
        done = None if state == "waiting" else room.now
        detail = handover.detail[:300]
        room.books.notices.put(notice._replace(state=state, due=due, done=done, detail=detail))
        if notice.incident and state != "waiting":
            _tell(room, parcel, notice, state, detail)


def _tell(room: Room, parcel: Parcel, notice: Notice, state: str, detail: str) -> None:
    contact = parcel.contact
    if state == "sent":
        text = f"{notice.kind} to {notice.person} by {contact.kind}"
        room.note(notice.incident, "told", text)
        return
    text = f"{notice.kind} to {notice.person} by {contact.kind} failed: {detail}"
    room.note(notice.incident, "unsent", text)
    if notice.kind == "page":
        _hurry(room, notice)


def _hurry(room: Room, notice: Notice) -> None:
    """If nobody of the present level was or can be reached, go on with the next one at once."""
    incident = room.books.incidents.get(notice.incident)
    if incident is None or notice.run.split(".")[:2] != run_of(incident).split("."):
        return
    same = room.books.notices.find(incident=notice.incident, run=notice.run, limit=10_000)
    if any(each.state in (*REACHED, "waiting") for each in same):
        return
    timer = room.books.timers.get(f"{notice.incident}/page")
    if timer is not None and timer.due > room.now:
        room.books.timers.put(timer._replace(due=room.now))


def _rank(notice: Notice) -> tuple[int, float, str]:
    """What goes first: what a throttle cannot hold, then what was asked for first."""
    return (-notice.urgent, notice.due, notice.key)


def _parcel(room: Room, waiting: list[Notice]) -> Parcel | None:
    """What of the messages that wait for a contact is sent now."""
    contact = _contact(room, waiting[0])
    if contact is None:
        for each in waiting:
            _drop(room, each, "the contact is not used any more")
        return None
    waiting = [each for each in waiting if not _outdated(room, each)]
    if not waiting:
        return None
    first = waiting[0]
    if not first.urgent and not gate(room.books, contact.id, contact.kind, room.now).open:
        return None
    if first.message:  # a try was cut off, or failed: the same message again
        chosen = [each for each in waiting if each.message == first.message]
    elif contact.kind in BUNDLED and first.kind == "page" and not first.urgent:
        chosen = [e for e in waiting if e.kind == "page" and not e.message and not e.urgent]
    else:
        chosen = [first]
    id_ = first.message or hashlib.sha256(f"{contact.id} {first.key}".encode()).hexdigest()[:32]
    claimed = tuple(_claimed(room, each, id_) for each in chosen)
    count(room.books, contact.id, room.now)
    numbers = dict.fromkeys(each.incident for each in claimed)
    found = (room.books.incidents.get(number) for number in numbers)
    return Parcel(contact, id_, claimed, tuple(each for each in found if each is not None))


def _claimed(room: Room, notice: Notice, id: str) -> Notice:
    claimed = notice._replace(
        state="sending",
        tries=notice.tries + 1,
        tried=notice.tried if notice.tried is not None else room.now,
        message=id,
    )
    room.books.notices.put(claimed)
    return claimed


def _contact(room: Room, notice: Notice) -> Contact | None:
    if notice.kind == "code":
        return room.books.contacts.get(notice.contact)
    return find_contact(room, notice)


def _outdated(room: Room, notice: Notice) -> bool:
    """Whether a page is about an incident that needs nobody any more."""
    if notice.kind != "page":
        return False
    incident = room.books.incidents.get(notice.incident)
    answered = bool(notice.tries) and incident is not None and incident.state == "acked"
    if incident is not None and incident.open and not answered:
        return False
    _drop(room, notice, "it was over before")
    return True


def _drop(room: Room, notice: Notice, why: str) -> None:
    room.books.notices.put(notice._replace(state="cancelled", done=room.now, detail=why))
