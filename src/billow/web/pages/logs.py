"""The page of all lines: what is looked for is the address, so it can be shared and kept."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from billow.home import Home
from billow.ports.logs import LEVELS, Counted, Line, Wanted, level_name
from billow.web.pages.asked import Asked
from billow.web.pages.view import show
from billow.web.pages.wording import count, number, when

#: Lines on a page, and of one job on its own page.
PAGE = 100
OF_JOB = 200
#: Spans of time to choose from, by what the address calls them.
RANGES = {"15m": 900, "1h": 3600, "6h": 21600, "1d": 86400, "7d": 604800}
#: Bars of the histogram, and its height in its own units.
BARS = 60
HEIGHT = 60.0
_EXACT = ("job", "request", "trace", "process", "source")
_TONES = ("plain", "warn", "bad")


def routes() -> list[BaseRoute]:
    """Addresses of this screen."""
    return [Route("/logs", logs_page, methods=["GET"], name="logs")]


async def logs_page(request: Request) -> Response:
    """Lines that match, newest first, live."""
    return await show(request, "logs", build)


def build(asked: Asked) -> dict[str, Any]:
    """What the page shows."""
    query, now = asked.query, asked.home.clock.now()
    wanted = read_filter(query, now)
    before = _number(query.get("before", ""))
    found = asked.home.logs.find(wanted, before=None if before is None else int(before), limit=PAGE)
    return {
        "rows": [row_of(line) for line in sorted(found.lines, key=_order, reverse=True)],
        "older": found.more,
        "paged": before is not None,
        "held": "until" in query,
        "hold": round(now, 3),
        "filter": {name: query.get(name, "") for name in ("text", "level", *_EXACT)},
        "named": {name: query[name] for name in _EXACT[:3] if query.get(name)},
        "levels": list(LEVELS),
        "ranges": list(RANGES),
        "range": _range(query),
        "histogram": _histogram(asked.home, query, wanted, now),
    }


def of_job(home: Home, job: str) -> dict[str, Any]:
    """The newest lines about a job, oldest first, and whether there are more."""
    found = home.logs.find(Wanted(job=job), limit=OF_JOB)
    return {
        "rows": [row_of(line) for line in sorted(found.lines, key=_order)],
        "more": found.more is not None,
    }


def read_filter(query: Mapping[str, str], now: float) -> Wanted:
    """What an address asks for; what makes no sense in it is left out."""
    since, until = _number(query.get("since", "")), _number(query.get("until", ""))
    if since is None:
        since = (now if until is None else until) - RANGES[_range(query)]
    return Wanted(
        text=query.get("text", "").strip()[:300],
        level=LEVELS.get(query.get("level", ""), 0),
        since=since,
        until=until,
        **{name: query.get(name, "").strip()[:200] for name in _EXACT},
    )


def row_of(line: Line) -> dict[str, Any]:
    """A line as the page shows it."""
    fields = json.loads(line.fields) if line.fields else {}
    error = str(fields.pop("error", ""))
    first, _, rest = line.event.partition("\n")
    return {
        "line": line,
        "level": level_name(line.level),
        "event": first,
        "more": "\n".join(part for part in (rest, error) if part),
        "fields": fields,
    }


@dataclass(frozen=True, slots=True)
class Bar:
    """A step of the histogram: where it leads, what it says, and its parts from the bottom up."""

    href: str
    label: str
    #: (tone, y, height).
    parts: list[tuple[str, float, float]]


def _histogram(home: Home, query: Mapping[str, str], wanted: Wanted, now: float) -> dict[str, Any]:
    end = now if wanted.until is None else wanted.until
    begin = wanted.since if wanted.since is not None and wanted.since < end else end - 60
    step = _step((end - begin) / BARS)
    first = math.floor(begin / step) * step
    size = math.ceil((end - first) / step)
    counted = home.logs.count(wanted, first, first + size * step, step)
    bars, most = _bars(query, counted, (first, step, size))
    total = sum(each.lines for each in counted.counts)
    return {
        "bars": bars,
        "size": size,
        "height": HEIGHT,
        "from": first,
        "to": first + size * step,
        "caption": _caption(counted, total, most, step),
    }


def _bars(
    query: Mapping[str, str], counted: Counted, grid: tuple[float, float, int]
) -> tuple[list[Bar], int]:
    first, step, size = grid
    heaps = [[0, 0, 0] for _ in range(size)]
    for each in counted.counts:
        place = round((each.at - first) / step)
        if 0 <= place < size:
            heaps[place][_tone(each.level)] += each.lines
    most = max(map(sum, heaps), default=0)
    return [_bar(query, heap, most, first + n * step, step) for n, heap in enumerate(heaps)], most


def _bar(query: Mapping[str, str], heap: list[int], most: int, at: float, step: float) -> Bar:
    parts, top = [], HEIGHT
    for tone, lines in reversed(list(zip(_TONES, heap, strict=True))):
        if lines:
            tall = max(2.0, HEIGHT * lines / most)
            top -= tall
            parts.append((tone, max(0.0, round(top, 2)), round(tall, 2)))
    kept = {k: v for k, v in query.items() if k in ("text", "level", *_EXACT) and v}
    narrow = urlencode(
        kept | {"since": f"{at:g}" if at < 1e5 else f"{at:.3f}", "until": f"{at + step:.3f}"}
    )
    loud = f", {count(heap[1], 'warning')}, {count(heap[2], 'error')}" if heap[1] or heap[2] else ""
    return Bar(
        f"/logs?{narrow}" if parts else "", f"{when(at)}: {count(sum(heap), 'line')}{loud}", parts
    )


def _caption(counted: Counted, total: int, most: int, step: float) -> str:
    if not total:
        return "No line matches in this time."
    told = f"{count(total, 'line')}, at most {number(most)} in {number(step)} s."
    return told if counted.whole else f"The newest {told}"


def _step(least: float) -> float:
    """The next round number of seconds."""
    steps = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400, 43200)
    return float(next((step for step in steps if step >= least), 86400 * math.ceil(least / 86400)))


def _tone(level: int) -> int:
    return 2 if level >= LEVELS["error"] else 1 if level >= LEVELS["warning"] else 0


def _range(query: Mapping[str, str]) -> str:
    asked = query.get("range", "")
    return asked if asked in RANGES else "1h"


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value < 1e11 else None


def _order(line: Line) -> tuple[float, int]:
    return line.at, line.seq
