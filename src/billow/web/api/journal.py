"""What the service did and how it fared: decisions with reasons, and measured series."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from billow.errors import BadInput
from billow.ports.journal import Point
from billow.web.api.endpoint import PREFIX, Answer, Endpoint, Parameter, Query
from billow.web.api.shapes import list_of
from billow.web.context import Context, context_of
from billow.web.replies import reply

#: Steps of a series, and series of one request.
MAX_STEPS = 5000
MAX_SERIES = 50


async def read_journal(request: Request, query: Query) -> Response:
    """Decisions and incidents with their reasons.

    The newest first; with `after`, those that came since, oldest first. A `kind` that ends in a dot
    stands for all that begin with it, such as `scale.`.
    """
    context = context_of(request)
    after = query["after"]
    entries = await context.run(
        context.home.journal.read,
        after or 0,
        since=moment(context, query["since"]),
        kinds=query["kind"],
        subject=query["subject"],
        limit=query["limit"],
        newest=after is None,
    )
    return reply({"entries": [entry._asdict() for entry in entries]})


async def read_series(request: Request, query: Query) -> Response:
    """Measured series on one time axis, as arrays: `data[0]` the times, then one array a name.

    Where a series has no value there is null. Times are those of the service's clock in UNIX
    seconds; `since` and `until` may also be given as seconds before now, such as `-600`.
    """
    context, names, step = context_of(request), query["name"], query["step"]
    if not 1 <= len(names) <= MAX_SERIES:
        raise BadInput(f"say which series: name=…, 1 to {MAX_SERIES} times")
    now = context.home.clock.now()
    since, until = moment(context, query["since"]), moment(context, query["until"])
    start = (now - 600 if since is None else since) // step * step
    end = now if until is None else until
    if not 0 < (end - start) / step <= MAX_STEPS:
        raise BadInput(f"since, until and step must make 1 to {MAX_STEPS} steps")
    data = await context.run(_gather, context, names, (start, end, step), query["stat"])
    return reply({"names": names, "step": step, "since": start, "until": end, "data": data})


def _gather(
    context: Context, names: list[str], span: tuple[float, float, float], stat: str
) -> list[list[Any]]:
    columns = [_column(context.home.journal.series(name, *span), stat) for name in names]
    times = sorted({at for column in columns for at in column})
    return [times, *([column.get(at) for at in times] for column in columns)]


def _column(points: list[Point], stat: str) -> dict[float, float]:
    return {point.at: getattr(point, stat) for point in points}


def moment(context: Context, given: float | None) -> float | None:
    """UNIX seconds; a negative number is seconds before now."""
    if given is None or given >= 0:
        return given
    return context.home.clock.now() + given


_TIME = {"type": "number", "minimum": -1e9, "maximum": 1e11}

ENDPOINTS = [
    Endpoint(
        "GET",
        f"{PREFIX}/journal",
        read_journal,
        {200: Answer("Entries", {"application/json": list_of("Entry", "entries")})},
        parameters=(
            Parameter("after", "Only with a greater seq", {"type": "integer", "minimum": 0}),
            Parameter("since", "Only from then on; negative is seconds before now", _TIME),
            Parameter("kind", "Only of this kind; may be repeated", many=True),
            Parameter("subject", "Only about this function, worker or process"),
            Parameter(
                "limit",
                "Entries at most",
                {"type": "integer", "minimum": 1, "maximum": 1000},
                100,
            ),
        ),
    ),
    Endpoint(
        "GET",
        f"{PREFIX}/series",
        read_series,
        {
            200: Answer(
                "Times and values",
                {
                    "application/json": {
                        "type": "object",
                        "properties": {
                            "names": {"type": "array", "items": {"type": "string"}},
                            "step": {"type": "number"},
                            "since": {"type": "number"},
                            "until": {"type": "number"},
                            "data": {
                                "type": "array",
                                "items": {
                                    "type": "array",
                                    "items": {"type": ["number", "null"]},
                                },
                            },
                        },
                        "required": ["names", "step", "since", "until", "data"],
                    }
                },
            )
        },
        parameters=(
            Parameter("name", "A series, such as `queue.wordfreq-jobs.visible`", many=True),
            Parameter("since", "From when on; default ten minutes ago", _TIME),
            Parameter("until", "Until when; default now", _TIME),
            Parameter(
                "step",
                "Seconds that make one value",
                {"type": "number", "minimum": 0.1, "maximum": 86400},
                1.0,
            ),
            Parameter(
                "stat",
                "What to make of the values of a step",
                {"type": "string", "enum": ["mean", "low", "high"]},
                "mean",
            ),
        ),
    ),
]
