"""What happens to an incident when a time has come."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from billow.ops.incidents.heartbeats import missed
from billow.ops.incidents.muting import mute, muted_by
from billow.ops.incidents.people import everybody, summon, targets, team, tell_followers, words
from billow.ops.incidents.room import LOW, Room, has, policy_of, with_flag
from billow.ops.incidents.signs import begin, close, run_of
from billow.ops.rota.only import over_at, read_only
from billow.ops.rota.zone import find_zone
from billow.ports.incidents import Incident, Timer
from billow.units import human_time

#: Seconds between two pages to everyone, after all levels were paged as often as they should be.
REMIND = 1800.0
#: Seconds between two tries where nobody at all can be reached.
_NOBODY = 300.0
#: Seconds after which a light incident pages its level again.
_LIGHTLY = 4 * 3600.0


def fire(room: Room, id: str) -> bool:
    """Do what a timer is for, if it is due; False if it is not, or gone."""
    timer = room.books.timers.get(id)
    if timer is None or timer.due > room.now:
        return False
    room.books.timers.remove(id)
    if timer.kind == "heartbeat":
        missed(room, timer)
        return True
    incident = room.books.incidents.get(timer.incident)
    if incident is not None and incident.open:
        _DEEDS[timer.kind](room, incident, timer)
    return True


def page_level(room: Room, incident: Incident, timer: Timer) -> None:
    """Page a level, or the first after it in which somebody can be reached."""
    if incident.state != "triggered" or incident.snoozed is not None:
        return
    reason = muted_by(room, incident)
    if reason is not None:
        mute(room, incident, reason)
        return
    data = json.loads(timer.data)
    if "reminder" in data:
        _remind(room, incident, data["reminder"])
        return
    policy = policy_of(incident)
    if incident.severity in LOW and (morning := _quiet_until(policy, room.now)) is not None:
        room.note(incident, "deferred", "it is a quiet time, and can wait")
        room.set(incident, "page", morning, **data)
        return
    levels = policy["levels"]
    # A policy may have lost levels since; who stood on one of those begins anew.
    level = data["level"] if data["level"] < len(levels) else 0
    for place in range(level, len(levels)):
        target, wait = levels[place]
        people = (*targets(room, policy, target), *data.get("also", ()))
        if _page(room, incident, people, place, data["round"]):
            _plan(room, incident, policy, place, data["round"], wait)
            return
        room.note(incident, "skipped", f"level {place + 1}: nobody to reach ({target})")
    if level > 0:
        _next_round(room, incident, policy, data["round"], room.now)
    else:
        _page_team(room, incident, policy)


def _quiet_until(policy: Mapping[str, Any], now: float) -> float | None:
    """When the quiet time that now is in is over; None if it is none."""
    quiet, rota = policy.get("quiet"), policy["rota"]
    if not quiet or rota is None:
        return None
    return over_at(read_only(quiet), find_zone(rota["zone"]), now)


def _page(room: Room, incident: Incident, people: tuple[str, ...], level: int, round_: int) -> bool:
    """Page people as a level of a round; False if none of them can be reached."""
    moved = incident._replace(level=level)
    run = run_of(moved, f"{level}.{round_}" if round_ else "")
    reached = summon(room, incident, people, run)
    if not reached:
        return False
    again = f", round {round_ + 1}" if round_ else ""
    room.note(incident, "paged", f"level {level + 1}{again}: {words(reached)}")
    if not has(incident, "paged") or level == round_ == 0:
        tell_followers(room, incident, "page", f"{incident.epoch}")
    room.put(with_flag(moved, "paged"))
    return True


def _plan(
    room: Room, incident: Incident, policy: Mapping[str, Any], level: int, round_: int, wait: float
) -> None:
    """Set the time of what follows a level that was paged."""
    if incident.severity in LOW:
        room.set(incident, "page", room.now + max(wait, _LIGHTLY), level=0, round=round_ + 1)
    elif level + 1 < len(policy["levels"]):
        room.set(incident, "page", room.now + wait, level=level + 1, round=round_)
    else:
        _next_round(room, incident, policy, round_, room.now + wait)


def _next_round(
    room: Room, incident: Incident, policy: Mapping[str, Any], round_: int, due: float
) -> None:
    if round_ < policy["repeat"]:
        room.set(incident, "page", due, level=0, round=round_ + 1)
    else:
        room.set(incident, "page", due, reminder=1)


def _remind(room: Room, incident: Incident, number: int) -> None:
    """Nobody answered in all rounds: page everyone, every half hour."""
    policy = policy_of(incident)
    if not has(incident, "exhausted"):
        room.note(incident, "exhausted", "nobody answered in any round; everyone is paged")
    incident = room.put(with_flag(incident, "exhausted"))
    summon(room, incident, team(room, policy), run_of(incident, f"everyone.{number}"))
    room.set(incident, "page", room.now + REMIND, reminder=number + 1)


def _page_team(room: Room, incident: Incident, policy: dict[str, Any]) -> None:
    """Nobody is on call at any level: page the whole team, or anybody at all, and say so."""
    tries = json.loads(incident.turns)  # makes runs of later tries differ
    run = run_of(incident, f"team.{len(tries)}.{room.now:.0f}")
    reached = summon(room, incident, team(room, policy), run)
    reached = reached or summon(room, incident, everybody(room), run)
    incident = with_flag(incident, "nobody_on_call")
    if not reached:
        room.note(incident, "unreachable", "there is nobody who could be paged")
        room.put(incident)
        room.set(incident, "page", room.now + _NOBODY, level=0, round=0)
        return
    room.note(incident, "nobody_on_call", f"nobody is on call; paged {words(reached)}")
    room.put(with_flag(incident._replace(level=0), "paged"))
    tell_followers(room, incident, "page", f"{incident.epoch}")
    room.set(incident, "page", room.now + REMIND, level=0, round=0)


def _wake(room: Room, incident: Incident, timer: Timer) -> None:
    del timer
    room.note(incident, "woken", "the snooze is over")
    _anew(room, incident)


def _forget(room: Room, incident: Incident, timer: Timer) -> None:
    """Whoever acknowledged seems to have forgotten; they are paged too."""
    del timer
    names = [each for each in incident.acked_by.split(",") if each]
    since = human_time(room.now - (incident.acked or room.now))
    room.note(incident, "forgotten", f"acknowledged {since} ago, and not resolved since")
    _anew(room, incident, also=names)


def _anew(room: Room, incident: Incident, **data: Any) -> None:
    """Begin with the first level again."""
    incident = room.put(
        incident._replace(
            state="triggered", epoch=incident.epoch + 1, snoozed=None, acked=None, acked_by=""
        )
    )
    room.clear(incident, "forget", "wake")
    room.set(incident, "page", room.now, level=0, round=0, **data)


def _unmute(room: Room, incident: Incident, timer: Timer) -> None:
    """Page if nothing mutes the incident any more."""
    del timer
    reason = muted_by(room, incident)
    if reason is not None:
        mute(room, incident, reason)
        return
    room.note(incident, "unmuted", f"no longer muted by {incident.muted}")
    moved = incident._replace(muted="", epoch=incident.epoch + 1)
    freed = with_flag(moved, "paged")  # so that it bypasses no throttle
    room.put(freed)
    if freed.state == "triggered" and freed.snoozed is None:
        begin(room, freed, 0.0)


def _calm(room: Room, incident: Incident, timer: Timer) -> None:
    """It neither came nor went for a while: what it is now, it is."""
    del timer
    if incident.sign == "resolve":
        close(room, incident, f"calm for {human_time(room.now - incident.changed)}")
        return
    room.note(incident, "steady", "does not come and go any more")
    room.put(with_flag(incident, "flapping", False))


def _expire(room: Room, incident: Incident, timer: Timer) -> None:
    del timer
    close(room, incident, f"no sign for {human_time(room.now - incident.changed)}")


_DEEDS: Mapping[str, Callable[[Room, Incident, Timer], None]] = {
    "page": page_level,
    "wake": _wake,
    "forget": _forget,
    "unmute": _unmute,
    "calm": _calm,
    "expire": _expire,
}
