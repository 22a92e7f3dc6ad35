"""The report as one HTML file that needs nothing else: no script, no other file."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import jinja2

from billow.drill.load.report import Report, machine, quantiles, versions
from billow.drill.load.series import Plot, Series
from billow.drill.load.svg import draw, number, time_label
from billow.units import human_size, human_time

_TEMPLATE = "report.html"
#: How a verdict looks: class, sign, word.
_SIGNS = {
    True: ("ok", "✓", "held"),
    False: ("bad", "✕", "failed"),
    None: ("na", "–", "not judged"),
}
#: Rows of the table beside a plot, about.
_ROWS = 30


def page(report: Report) -> str:
    """The report as a page."""
    made = jinja2.Environment(
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    made.filters |= {"number": number, "time_label": time_label, "human_time": human_time}
    source = (Path(__file__).parent / _TEMPLATE).read_text()
    return made.from_string(source).render(_told(report))


def _told(report: Report) -> dict[str, Any]:
    found = report.found
    everyone, visitors = found.everyone, found.visitors
    times = {name: value for name, value in quantiles(visitors.times).items() if value is not None}
    return {
        "report": report,
        "plan": found.plan,
        "found": found,
        "everyone": everyone,
        "visitors": visitors,
        "times": times,
        "received": human_size(everyone.received),
        "lag": quantiles(found.lag),
        "plots": [
            {
                "plot": plot,
                "svg": draw(plot, report.series),
                "rows": _rows(plot, report.series),
            }
            for plot in report.series.plots
        ],
        "began": time.strftime("%Y-%m-%d %H:%M:%S %Z", time.localtime(report.began)),
        "versions": versions(),
        "machine": machine(),
        "signs": _SIGNS,
    }


def _rows(plot: Plot, series: Series) -> list[tuple[float, list[float | None]]]:
    """The same numbers for a table, evenly thinned out; what was extreme in between is kept."""
    stride = max(1, -(-len(series.times) // _ROWS))
    rows = []
    for first in range(0, len(series.times), stride):
        values = []
        for line in plot.lines:
            known = [v for v in line.values[first : first + stride] if v is not None]
            values.append(max(known) if known else None)
        rows.append((series.times[first], values))
    return rows
