"""What happens to an incident from outside: signs that come, and what people do about it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from billow.errors import BadInput, Conflict
from billow.ops.incidents.muting import free_inhibited, mute, muted_by
from billow.ops.incidents.people import (
    add_times,
    call_off,
    paged_in,
    summon,
    tell_followers,
    tell_resolved,
)
from billow.ops.incidents.room import LOW, SEVERITIES, Room, has, is_worse, policy_of, with_flag
from billow.ports.incidents import Incident, Slot
from billow.units import human_time

#: An incident that begins or ends so often within so many seconds is flapping: it stays open until
#: it was quiet for as long.
FLAPS, FLAPPING_TIME = 4, 900.0

#: Characters that a summary may have; the rest is cut off. As in PagerDuty's Events API.
LONGEST_SUMMARY = 1024
#: Repeated signs that are all written down; of more, every further power of two.
_ALL_WRITTEN = 10


class Sign(NamedTuple):
    """That something is wrong."""

    service: str
    key: str
    summary: str
    severity: str
    source: str
    details: Mapping[str, Any]


def trigger(room: Room, sign: Sign) -> Incident:
    """Something is wrong: a new incident, or one more sign of the one that is open.

    Raises:
        BadInput: the severity is none.
    """
    if sign.severity not in SEVERITIES:
        raise BadInput(f"a severity is one of: {', '.join(SEVERITIES)}")
    slot = room.books.slots.get(slot_of(sign.service, sign.key))
    latest = room.books.incidents.get(slot.incident) if slot else None
    if latest is not None and latest.open:
        return _again(room, latest, sign)
    if latest is not None and _came_back(room, latest):
        return _reopen(room, latest, sign)
    return _create(room, sign)


def resolve(room: Room, service: str, key: str, who: str = "") -> Incident | None:
    """It is well again; None if no such incident is open."""
    incident = find_open(room, service, key)
    if incident is None:
        return None
    if who:
        return close(room, incident, f"resolved by {who}", who)
    if incident.sign == "resolve":
        return incident
    turns = add_times(incident.turns, room.now, FLAPPING_TIME)
    incident = incident._replace(sign="resolve", turns=turns, changed=room.now)
    if len(json.loads(turns)) < FLAPS and not has(incident, "flapping"):
        return close(room, incident, "the source says that it is well again")
    if not has(incident, "flapping"):
        calm = human_time(FLAPPING_TIME)
        room.note(incident, "flapping", f"comes and goes; stays open until it is calm for {calm}")
        incident = with_flag(incident, "flapping")
    room.set(incident, "calm", room.now + FLAPPING_TIME)
    return room.put(incident)


def find_open(room: Room, service: str, key: str) -> Incident | None:
    """The incident of a key that is not resolved."""
    slot = room.books.slots.get(slot_of(service, key))
    incident = room.books.incidents.get(slot.incident) if slot else None
    return incident if incident is not None and incident.open else None


def close(room: Room, incident: Incident, text: str, who: str = "") -> Incident:
    """Resolve an incident; nothing happens if it is resolved."""
    if not incident.open:
        return incident
    call_off(room, incident)
    room.clear(incident)
    ended = with_flag(incident, "flapping", False)._replace(
        state="resolved", resolved=room.now, changed=room.now, snoozed=None, muted=""
    )
    room.put(ended)
    room.note(ended, "resolved", text, who)
    tell_resolved(room, ended)
    free_inhibited(room, ended)
    return ended


def acknowledge(room: Room, incident: Incident, who: str) -> Incident:
    """Somebody takes care: nobody else is paged. Nothing happens if somebody did already."""
    if incident.state != "triggered":
        return incident
    policy = policy_of(incident)
    names = list(dict.fromkeys([*filter(None, incident.acked_by.split(",")), who]))
    incident = incident._replace(acked_by=",".join(names), changed=room.now)
    if policy["all_answer"]:
        missing = paged_in(room, incident, run_of(incident)) - set(names)
        if missing:
            call_off(room, incident, who)
            room.note(incident, "answered", f"{', '.join(sorted(missing))} still to answer", who)
            return room.put(incident)
    call_off(room, incident)
    room.clear(incident, "page", "wake", "unmute")
    if policy["forget"]:
        room.set(incident, "forget", room.now + policy["forget"])
    room.note(incident, "acked", f"acknowledged by {who}", who)
    acked = incident._replace(state="acked", acked=room.now, snoozed=None, muted="")
    tell_followers(room, acked, "acknowledged", f"{acked.epoch}")
    return room.put(acked)


def snooze(room: Room, incident: Incident, until: float, who: str) -> Incident:
    """Page nobody until then, and then begin anew.

    Raises:
        Conflict: it is resolved.
        BadInput: `until` is not ahead.
    """
    if not incident.open:
        raise Conflict(f"incident {incident.number} is resolved")
    if until <= room.now:
        raise BadInput("snooze until some time ahead")
    call_off(room, incident)
    room.clear(incident, "page", "forget", "unmute")
    room.set(incident, "wake", until)
    room.note(incident, "snoozed", f"for {human_time(until - room.now)}", who)
    return room.put(incident._replace(snoozed=until, changed=room.now, muted=""))


def run_of(incident: Incident, mark: str = "") -> str:
    """What the paging of an incident's present level is called."""
    return f"{incident.epoch}.{mark or incident.level}"


def begin(room: Room, incident: Incident, after: float) -> Incident:
    """Have the first level paged after some seconds, unless the incident is muted."""
    reason = muted_by(room, incident)
    if reason is not None:
        return mute(room, incident, reason)
    room.set(incident, "page", room.now + after, level=0, round=0)
    return incident


def _create(room: Room, sign: Sign) -> Incident:
    last = room.books.incidents.last()
    policy = room.declared.policy(sign.service)
    incident = Incident(
        number=last.number + 1 if last else 1,
        service=sign.service,
        key=sign.key,
        state="triggered",
        severity=sign.severity,
        summary=_one_line(sign.summary) or "(no summary)",
        source=_one_line(sign.source),
        details=json.dumps(dict(sign.details), ensure_ascii=False),
        policy=json.dumps(policy, ensure_ascii=False),
        created=room.now,
        changed=room.now,
        turns=json.dumps([room.now]),
    )
    room.books.incidents.add(incident)
    room.books.slots.put(Slot(slot_of(sign.service, sign.key), incident.number))
    room.note(incident, "triggered", incident.summary)
    _expire(room, incident)
    return begin(room, incident, policy["after"])


def _again(room: Room, incident: Incident, sign: Sign) -> Incident:
    """One more sign of an open incident pages nobody, unless it is worse than before."""
    count = incident.signs + 1
    turns = incident.turns
    if incident.sign == "resolve":
        turns = add_times(turns, room.now, FLAPPING_TIME)
        room.set(incident, "calm", room.now + FLAPPING_TIME)
    worse = is_worse(sign.severity, incident.severity)
    was_light = incident.severity in LOW
    incident = room.put(
        incident._replace(
            signs=count,
            changed=room.now,
            sign="trigger",
            turns=turns,
            severity=sign.severity if worse else incident.severity,
            summary=_one_line(sign.summary) or "(no summary)",
            details=json.dumps(dict(sign.details), ensure_ascii=False),
        )
    )
    if count <= _ALL_WRITTEN or count & (count - 1) == 0:
        room.note(incident, "again", f"sign {count}: {incident.summary}")
    _expire(room, incident)
    if worse and was_light and incident.severity not in LOW:
        _hurry(room, incident)
    return _page_again(room, incident) if worse else incident


def _hurry(room: Room, incident: Incident) -> None:
    """What was light could wait, and climbed no further: from now on it does not, and does."""
    if room.books.timers.get(f"{incident.number}/page") is not None:
        due = max(room.now, incident.created + policy_of(incident)["after"])
        room.set(incident, "page", due, level=max(0, incident.level), round=0)


def _page_again(room: Room, incident: Incident) -> Incident:
    """It got worse: page the present level again."""
    room.note(incident, "worse", f"is {incident.severity} now")
    quiet = incident.snoozed is not None or incident.muted or incident.level < 0
    if quiet:
        return incident
    before = run_of(incident)
    incident = incident._replace(epoch=incident.epoch + 1)
    summon(room, incident, sorted(paged_in(room, incident, before)), run_of(incident))
    return room.put(incident)


def _came_back(room: Room, incident: Incident) -> bool:
    reopen: float = policy_of(incident)["reopen"]
    return incident.resolved is not None and room.now - incident.resolved < reopen


def _reopen(room: Room, incident: Incident, sign: Sign) -> Incident:
    turns = add_times(incident.turns, room.now, FLAPPING_TIME)
    worse = is_worse(sign.severity, incident.severity)
    incident = incident._replace(
        state="triggered",
        severity=sign.severity if worse else incident.severity,
        summary=_one_line(sign.summary) or "(no summary)",
        details=json.dumps(dict(sign.details), ensure_ascii=False),
        changed=room.now,
        signs=incident.signs + 1,
        epoch=incident.epoch + 1,
        level=-1,
        sign="trigger",
        turns=turns,
        acked_by="",
        acked=None,
        resolved=None,
    )
    room.note(incident, "reopened", "came back")
    if len(json.loads(turns)) >= FLAPS:
        room.note(incident, "flapping", "comes and goes")
        incident = with_flag(incident, "flapping")
        room.set(incident, "calm", room.now + FLAPPING_TIME)
    room.put(incident)
    _expire(room, incident)
    return begin(room, incident, policy_of(incident)["after"])


def _expire(room: Room, incident: Incident) -> None:
    """Without a further sign a light incident resolves by itself, if its policy says so."""
    wait: float = policy_of(incident)["resolve"]
    if wait and incident.severity in LOW:
        room.set(incident, "expire", room.now + wait)
    else:
        room.clear(incident, "expire")


def slot_of(service: str, key: str) -> str:
    """The id of the slot of a key."""
    return f"{service}\n{key}"


def _one_line(text: str) -> str:
    """Text that fits in a line, and holds nothing that could steer a terminal."""
    plain = "".join(each if each.isprintable() else " " for each in text)
    return " ".join(plain.split())[:LONGEST_SUMMARY]
