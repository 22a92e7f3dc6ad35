"""On call: who is now and next, the weeks to come, gaps, balance, and changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from billow.errors import BadInput, NotFound
from billow.ops.incidents.room import Room
from billow.ops.pager.holes import out_of_reach
from billow.ops.pager.opening import open_desk
from billow.ops.pager.roster import Roster
from billow.ops.pager.rotas import versions
from billow.ops.rota.changes import KINDS, Change
from billow.ops.rota.history import Version, shifts_by
from billow.ops.rota.ical import calendar
from billow.ops.rota.rota import Rota
from billow.ops.rota.schedule import Health, Shift, health, next_on_call, on_call, shifts
from billow.ops.rota.zone import find_zone, instant, wall_at
from billow.web.context import context_of
from billow.web.pages.asked import Asked
from billow.web.pages.desk import go, read
from billow.web.pages.incidents import name_of
from billow.web.pages.view import show

#: Weeks that the strip shows, and colours that people have.
WEEKS, TONES = 5, 8
#: Seconds that a calendar reaches ahead.
_YEAR = 52 * 7 * 86400.0
#: A week on the strip: its width in the drawing's own units.
WIDTH = 1000.0


@dataclass(frozen=True, slots=True)
class Bar:
    """A shift, or a part of one, on the strip of a week."""

    x: float
    width: float
    tone: int
    text: str


@dataclass(frozen=True, slots=True)
class Week:
    """A week of the strip, Monday to Sunday of the rota's zone."""

    label: str
    bars: list[Bar]
    people: list[str]
    #: Where now is; None in another week.
    now: float | None


@dataclass(frozen=True, slots=True)
class RotaView:
    """One rota."""

    rota: Rota
    now: tuple[str, ...]
    until: float | None
    next: tuple[str, ...]
    weeks: list[Week]
    tones: dict[str, int]
    health: Health
    #: People who cannot be reached, and why.
    mute: dict[str, str]
    changes: list[Change]

    @property
    def total(self) -> float:
        """Seconds of all loads."""
        return sum(self.health.load.values()) or 1.0


def routes() -> list[BaseRoute]:
    """Addresses of this screen."""
    return [
        Route("/oncall", oncall_page, methods=["GET"], name="oncall"),
        Route("/oncall", change_rota, methods=["POST"]),
        Route("/oncall/{rota}/calendar.ics", calendar_file, methods=["GET"]),
    ]


async def oncall_page(request: Request) -> Response:
    """All rotas."""
    return await show(request, "oncall", build)


async def calendar_file(request: Request) -> Response:
    """A rota's next 52 weeks as a calendar; with `?person=` one person's.

    Raises:
        NotFound: there is no such rota.
    """
    context = context_of(request)
    rota = context.app.rotas.get(request.path_params["rota"])
    if rota is None:
        raise NotFound("there is no such rota")
    changes = await context.run(Roster(context.home).changes, rota.name)
    now = context.home.clock.now()
    person = request.query_params.get("person", "")
    text = calendar(rota.name, shifts(rota, changes, now, now + _YEAR), now, person)
    return Response(text, media_type="text/calendar")


async def change_rota(request: Request) -> Response:
    """Change a rota for a while, take a change back or a swap over, or send a test alert.

    Raises:
        BadInput: it makes no sense.
        Conflict: somebody was faster.
    """
    context, sent = context_of(request), await read(request)
    roster, who = Roster(context.home), name_of(request, sent)
    match sent.get("do"):
        case "remove":
            await context.run(roster.remove_change, sent.get("id", ""))
        case "take":
            await context.run(roster.take_swap, sent.get("id", ""), sent.get("person", ""))
        case "test":
            desk = open_desk(context.home, context.app)
            await context.run(desk.page_now, sent.get("person", ""), who)
        case "change":
            rota = context.app.rotas.get(sent.get("rota", ""))
            if rota is None:
                raise BadInput("there is no such rota")
            zone, now = find_zone(rota.zone), context.home.clock.now()
            span = _moment(sent.get("start", ""), zone), _moment(sent.get("end", ""), zone)
            person, other = sent.get("person", ""), sent.get("other", "")
            kind = sent.get("kind", "")
            made = Change("", rota.name, kind, *span, person, other, 0, who, now)
            await context.run(roster.add_change, made)
        case _:
            raise BadInput("there is no such button")
    return go("/oncall?told=saved")


def build(asked: Asked) -> dict[str, Any]:
    """What the page shows."""
    roster, now = Roster(asked.home), asked.home.clock.now()
    desk = open_desk(asked.home, asked.app)
    rotas = []
    for rota in asked.app.rotas.values():
        changes = roster.changes(rota.name)
        mute = desk.look(lambda room, rota=rota: _unreachable(room, rota))  # type: ignore[misc]
        rotas.append(_view(rota, versions(asked.home, rota), changes, mute, now))
    return {"rotas": rotas, "kinds": KINDS, "contacts": roster.contacts(), "width": WIDTH}


def _view(
    rota: Rota, past: list[Version], changes: list[Change], mute: dict[str, str], now: float
) -> RotaView:
    present = [each for each in shifts(rota, changes, now, now + 1) if each.start <= now]
    former = [one for version in past for one in version.rota.team]
    team = dict.fromkeys([*rota.team, *former, *(each.person for each in changes if each.person)])
    tones = {person: place % TONES for place, person in enumerate(team)}
    return RotaView(
        rota,
        on_call(rota, changes, now),
        present[0].end if present else None,
        next_on_call(rota, changes, now),
        _weeks(past, changes, tones, now),
        tones,
        health(rota, changes, now),
        mute,
        [each for each in changes if each.end > now],
    )


def _weeks(
    past: list[Version], changes: list[Change], tones: dict[str, int], now: float
) -> list[Week]:
    zone = find_zone(past[-1].rota.zone)
    today = wall_at(now, zone).replace(hour=0, minute=0, second=0, microsecond=0)
    monday = today - timedelta(days=today.weekday())
    made = []
    for number in range(WEEKS):
        first = monday + timedelta(weeks=number)
        begin = instant(first, zone).timestamp()
        end = instant(first + timedelta(weeks=1), zone).timestamp()
        found = shifts_by(past, changes, begin, end)
        people = list(dict.fromkeys(", ".join(each.people) for each in found))
        place = (now - begin) / (end - begin) * WIDTH if begin <= now < end else None
        bars = [bar for each in found for bar in _bars(each, begin, end, tones)]
        label = first.strftime("%d %b").lstrip("0")
        made.append(Week(label, bars, people, place))
    return made


def _bars(shift: Shift, begin: float, end: float, tones: dict[str, int]) -> list[Bar]:
    scale = WIDTH / (end - begin)
    start, stop = max(shift.start, begin), min(shift.end, end)
    x, width = (start - begin) * scale, (stop - start) * scale
    text = f"{', '.join(shift.people)} ({shift.source})"
    return [Bar(round(x, 2), round(width, 2), tones.get(shift.people[0], 0), text)]


def _unreachable(room: Room, rota: Rota) -> dict[str, str]:
    reasons = {person: out_of_reach(room, person) for person in rota.team}
    return {person: why for person, why in reasons.items() if why}


def _moment(text: str, zone: ZoneInfo) -> float:
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput("write a time as 2026-01-05T09:00") from None
    if read.tzinfo is not None:
        return read.astimezone(UTC).timestamp()
    return instant(read, zone).timestamp()
