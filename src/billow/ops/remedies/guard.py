"""Whether an action may be taken now: every guard in one pure function, with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from billow.ops.action import Action
from billow.units import human_time

#: Actions that take a member of a pool away, so that how many are left matters.
_TAKES = {"restart", "recycle"}


class Member(NamedTuple):
    """One of a pool: a worker, a web server."""

    id: str
    #: What is wrong with it by its own sign; empty if nothing is.
    sick: str = ""


@dataclass(frozen=True, slots=True)
class Pool:
    """What an action would be taken on."""

    members: tuple[Member, ...]
    #: How many must be well at all times.
    least: int = 0


@dataclass(frozen=True, slots=True)
class Evidence:
    """A second sign beside the alarm's metric, from another source."""

    #: When it was seen, UNIX seconds.
    at: float
    #: In words; empty if there is none.
    sign: str
    #: The member that it points to.
    member: str = ""
    pool: Pool | None = None


class Done(NamedTuple):
    """An action that was taken, or only told of."""

    at: float
    kind: str
    target: str
    alarm: str
    #: `acting`, `done`, `helped`, `failed`, `no help`, `stopped` or `dry run`.
    outcome: str
    member: str = ""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much may be done. Times are seconds."""

    #: Evidence older than this says nothing.
    fresh: float = 120.0
    #: A sign may come while the decision is made, so much later than that began.
    skew: float = 5.0
    #: Rest of a target after an action, and of a kind of action wherever it was taken.
    target_rest: float = 600.0
    kind_rest: float = 60.0
    #: Actions in an hour: on one target, and all together.
    target_hourly: int = 3
    hourly: int = 6
    #: If a greater share of a pool is sick, it is not its members that are at fault.
    sick_share: float = 0.4


@dataclass(frozen=True, slots=True)
class Ruling:
    """Whether to act, and why or why not."""

    act: bool
    reason: str
    #: Whether a person has to know that nothing more will be done.
    page: bool = False


def rule(
    action: Action, alarm: str, evidence: Evidence, past: Sequence[Done], now: float, bounds: Bounds
) -> Ruling:
    """Whether an action may be taken at `now`.

    Args:
        action: what is to be done.
        alarm: the alarm that asks for it.
        evidence: what else speaks for it.
        past: what was done in the last hour, in any order.
        now: UNIX seconds.
        bounds: how much may be done.
    """
    # What would lie in the future was written before the clock was set back: it counts as of now.
    real = [one._replace(at=min(one.at, now)) for one in past if one.outcome != "dry run"]
    recent = [one for one in real if now - one.at < 3600]
    for ruling in (
        _evidence(evidence, now, bounds),
        _under_way(action, recent),
        _tried(action, alarm, recent),
        _rests(action, recent, now, bounds),
        _budget(action, recent, bounds),
        _radius(action, evidence, bounds),
    ):
        if ruling is not None:
            return ruling
    return Ruling(True, evidence.sign)


def _evidence(evidence: Evidence, now: float, bounds: Bounds) -> Ruling | None:
    if not evidence.sign:
        return Ruling(False, "the alarm is the only sign of it")
    if not -bounds.skew <= now - evidence.at <= bounds.fresh:
        return Ruling(False, f"the last sign is {human_time(abs(now - evidence.at))} old")
    return None


def _under_way(action: Action, recent: Sequence[Done]) -> Ruling | None:
    if any(one.outcome == "acting" and one.target == action.target for one in recent):
        return Ruling(False, f"another action on {action.target or 'this'} is under way")
    return None


def _tried(action: Action, alarm: str, recent: Sequence[Done]) -> Ruling | None:
    same = (action.kind, action.target, alarm)
    for one in recent:
        if (one.kind, one.target, one.alarm) == same and one.outcome in ("no help", "failed"):
            return Ruling(False, f"{action} was tried and did not help", page=True)
    return None


def _rests(action: Action, recent: Sequence[Done], now: float, bounds: Bounds) -> Ruling | None:
    for one in recent:
        rest = max(
            bounds.target_rest if one.target == action.target else 0.0,
            bounds.kind_rest if one.kind == action.kind else 0.0,
        )
        if now - one.at < rest:
            left = human_time(one.at + rest - now)
            return Ruling(False, f"rests for {left} after {one.kind} {one.target}".rstrip())
    return None


def _budget(action: Action, recent: Sequence[Done], bounds: Bounds) -> Ruling | None:
    here = sum(one.target == action.target for one in recent)
    if here >= bounds.target_hourly:
        of = action.target or "this"
        return Ruling(False, f"{here} actions on {of} within an hour are enough", page=True)
    if len(recent) >= bounds.hourly:
        return Ruling(False, f"{len(recent)} actions within an hour are enough", page=True)
    return None


def _radius(action: Action, evidence: Evidence, bounds: Bounds) -> Ruling | None:
    pool = evidence.pool
    if action.kind not in _TAKES or pool is None:
        return None
    sick = sum(bool(member.sick) for member in pool.members)
    size = len(pool.members)
    if sick >= 2 and sick > bounds.sick_share * size:
        told = f"{sick} of {size} members of {action.target} look sick: it is not they"
        return Ruling(False, told, page=True)
    member = next((one for one in pool.members if one.id == evidence.member), None)
    left = size - sick - (0 if member is None or member.sick else 1)
    if left < pool.least and member is not None and not member.sick:
        return Ruling(False, f"{left} members would be left; {pool.least} must be well", page=True)
    return None
