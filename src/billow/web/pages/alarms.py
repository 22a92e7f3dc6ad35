"""The alarms: what is watched, what it says, and what was done about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from billow.errors import BadInput
from billow.flow.breakers import Breakers
from billow.flow.receivers import is_receiver
from billow.home import Home
from billow.ops import controls
from billow.ops.conditions import Bound
from billow.ops.judging import AlarmState
from billow.ops.remedies.records import KEPT, Records
from billow.ops.watched import Watched
from billow.web.context import context_of
from billow.web.pages import measured
from billow.web.pages.asked import Asked
from billow.web.pages.form import read_form
from billow.web.pages.view import show

_ORDER = (AlarmState.ALARM, AlarmState.INSUFFICIENT_DATA, AlarmState.OK)
_ROWS = 25
#: Width and height of the small charts, in their own units.
_WIDTH, _HEIGHT = 120.0, 28.0


@dataclass(frozen=True, slots=True)
class AlarmView:
    """One alarm, as people see it."""

    watched: Watched
    #: What the keeper put on the board; empty if it never did.
    board: dict[str, Any]
    #: The last hour as the points of a line, and the height of the bound; empty if there are none.
    line: str
    bound: float | None

    @property
    def state(self) -> str:
        """Its state."""
        return str(self.board.get("state", "INSUFFICIENT_DATA"))

    @property
    def then(self) -> list[str]:
        """What follows from it, in words."""
        page = [f"page {self.watched.page}"] if self.watched.page else []
        dry = " (dry run)" if self.watched.dry else ""
        return [*(f"{action}{dry}" for action in self.watched.do), *page]


def routes() -> list[BaseRoute]:
    """The page, and its switches."""
    return [
        Route("/alarms", _page, methods=["GET"], name="alarms"),
        Route("/alarms", _switch, methods=["POST"], name="alarm switches"),
    ]


def build(asked: Asked) -> dict[str, Any]:
    """What the page shows."""
    home, now = asked.home, asked.home.clock.now()
    board = controls.alarms(home.journal)
    every = [_view(home, one, board.get(one.alarm.name, {}), now) for one in asked.app.watched()]
    every.sort(key=lambda one: (_ORDER.index(AlarmState(one.state)), one.watched.alarm.name))
    breakers = Breakers(home).all()
    return {
        "alarms": every,
        "firing": sum(one.state == "ALARM" for one in every),
        "mode": controls.mode(home.journal),
        "modes": controls.MODES,
        "breakers": [each for each in breakers if not is_receiver(each.name)],
        "receivers": [each for each in breakers if is_receiver(each.name)],
        "shedding": controls.shedding(home.journal, now),
        "history": home.journal.read(kinds=("alarm.", "watch."), limit=_ROWS, newest=True),
        "remedies": [*reversed(Records(home.tables).since(now - KEPT))][:_ROWS],
        "silence": "" if board else "No alarm has been evaluated yet: a running service does that.",
    }


def _view(home: Home, watched: Watched, board: dict[str, Any], now: float) -> AlarmView:
    condition = watched.alarm.condition
    if not isinstance(condition, Bound):
        return AlarmView(watched, board, "", None)
    values = measured.spark(home, condition.metric, now)
    bound = condition.threshold.bound
    top = max([bound * 1.25, *(value for value in values if value is not None)]) or 1.0
    places = [
        f"{place * _WIDTH / (len(values) - 1):.1f},{_HEIGHT * (1 - value / top):.1f}"
        for place, value in enumerate(values)
        if value is not None
    ]
    return AlarmView(watched, board, " ".join(places), round(_HEIGHT * (1 - bound / top), 1))


async def _page(request: Request) -> Response:
    return await show(request, "alarms", build)


async def _switch(request: Request) -> Response:
    """Switch remedies, or what follows from one alarm."""
    context = context_of(request)
    fields = dict(await read_form(request))
    mode, name = fields.get("mode", ""), fields.get("alarm", "")
    if mode:
        await context.run(controls.set_mode, context.home.journal, mode, "set in the console")
    elif name:
        on = fields.get("on") == "1"
        await context.run(lambda: controls.enable(context.home.journal, name, on=on))
    elif breaker := fields.get("close", ""):
        closed = "closed in the console"
        await context.run(Breakers(context.home).close, breaker, closed)
    elif fields.get("lift") == "shedding":
        await context.run(controls.lift, context.home.journal)
    else:
        raise BadInput("say what to switch: mode=…, alarm=…, close=… or lift=shedding")
    return RedirectResponse("/alarms?told=saved", 303)
