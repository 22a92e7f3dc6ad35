"""Plots as SVG, drawn without a script; colours come from the page's style sheet."""

from __future__ import annotations

import math
from collections.abc import Callable
from html import escape

from billow.drill.load.series import Line, Mark, Plot, Series, Values

#: Size of a plot, and what is left around it for the axes.
WIDTH, HEIGHT = 900.0, 230.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 52.0, 12.0, 22.0, 24.0

#: Turns a time or a value into a place on the drawing.
Scale = Callable[[float], float]


def draw(plot: Plot, series: Series) -> str:
    """A plot as an SVG element."""
    until = series.times[-1] + series.step
    across: Scale = lambda at: _LEFT + at / until * (WIDTH - _LEFT - _RIGHT)  # noqa: E731
    ticks, up = _upwards(plot)
    parts = [_grid(ticks, up, plot.log), _times(until, across)]
    parts += [_band(mark, across) for mark in series.marks if mark.until > mark.since]
    parts += _stacked(plot, series, across, up) if _bars(plot) else []
    parts += [_line(line, series, across, up) for line in plot.lines if line.style != "bars"]
    parts += [_strike(mark, across) for mark in series.marks]
    title = escape(f"{plot.title}{', ' + plot.unit if plot.unit else ''}")
    said = escape("; ".join(_said(line) for line in plot.lines)) or "nothing was measured"
    return (
        f'<svg viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" aria-label="{title}: {said}">'
        f"{''.join(parts)}</svg>"
    )


def time_label(at: float) -> str:
    """A moment of the drill: 75 -> '1:15'."""
    minutes, seconds = divmod(round(at), 60)
    return f"{minutes}:{seconds:02d}"


def number(value: float | None) -> str:
    """A value with as many digits as it deserves."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:,.3g}"


def _said(line: Line) -> str:
    known = [value for value in line.values if value is not None]
    return f"{line.label} at most {number(max(known))}" if known else f"{line.label} none"


def _bars(plot: Plot) -> list[Line]:
    return [line for line in plot.lines if line.style == "bars"]


def _upwards(plot: Plot) -> tuple[list[float], Scale]:
    """The values at the axis, and the place of a value."""
    known = [value for line in plot.lines for value in line.values if value is not None]
    bottom, height = HEIGHT - _BOTTOM, HEIGHT - _TOP - _BOTTOM
    if plot.log:
        positive = [value for value in known if value > 0] or [1.0]
        low = math.floor(math.log10(min(positive)))
        high = max(low + 1, math.ceil(math.log10(max(positive))))
        ticks = [10.0**power for power in range(low, high + 1)]

        def rise(value: float) -> float:
            share = (math.log10(max(value, 10.0**low)) - low) / (high - low)
            return bottom - share * height

        return ticks, rise
    sums = [sum(line.values[place] or 0 for line in _bars(plot)) for place in _places(plot)]
    top, step = _round_up(max([*known, *sums], default=0))
    if any(line.style == "steps" for line in plot.lines):  # these are counted in wholes
        step = max(1.0, math.ceil(step))
        top = step * math.ceil(top / step)
    ticks = [step * place for place in range(round(top / step) + 1)]
    return ticks, lambda value: bottom - value / top * height


def _places(plot: Plot) -> range:
    return range(len(plot.lines[0].values)) if plot.lines else range(0)


def _round_up(most: float) -> tuple[float, float]:
    """The end of an axis, and the distance of its ticks: four of them or so, at round values."""
    rough = max(most, 1e-9) / 4 if most > 0 else 0.25
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough * 0.999)
    return step * max(1, math.ceil(most / step * 1.02)), step


def _grid(ticks: list[float], up: Scale, log: bool) -> str:
    lines = []
    for tick in ticks:
        y = up(tick)
        label = f"{tick:g}" if log else number(tick)
        lines.append(
            f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text class="axis" x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{label}</text>'
        )
    return "".join(lines)


def _times(until: float, across: Scale) -> str:
    steps = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400)
    step = next((each for each in steps if until / each <= 9), 14400)
    return "".join(
        f'<text class="axis" x="{across(at):.1f}" y="{HEIGHT - 6}" text-anchor="middle">'
        f"{time_label(at)}</text>"
        for at in range(0, int(until) + 1, step)
    )


def _band(mark: Mark, across: Scale) -> str:
    x, width = across(mark.since), across(mark.until) - across(mark.since)
    height = HEIGHT - _TOP - _BOTTOM
    return f'<rect class="band" x="{x:.1f}" y="{_TOP}" width="{width:.1f}" height="{height}"/>'


def _strike(mark: Mark, across: Scale) -> str:
    x = across(mark.since)
    end = x > WIDTH * 0.75
    return (
        f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP - 6}" y2="{HEIGHT - _BOTTOM}"/>'
        f'<text class="mark" x="{x + (-5 if end else 5):.1f}" y="{_TOP - 8}" '
        f'text-anchor="{"end" if end else "start"}">{escape(mark.word)}</text>'
    )


def _line(line: Line, series: Series, across: Scale, up: Scale) -> str:
    made = []
    for stretch in _stretches(line.values):
        places = [
            (across(series.times[place] + series.step / 2), up(line.values[place] or 0.0))
            for place in stretch
        ]
        path = "M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in places)
        if line.style == "steps":
            path = f"M{places[0][0]:.1f},{places[0][1]:.1f}"
            path += "".join(f"H{x:.1f}V{y:.1f}" for x, y in places[1:])
        if len(places) == 1:
            path += "h0.01"
        if line.style == "area":
            floor = f"V{HEIGHT - _BOTTOM}H{places[0][0]:.1f}Z"
            made.append(f'<path class="fill {line.tone}" d="{path}{floor}"/>')
        made.append(f'<path class="line {line.tone}" d="{path}"/>')
    return "".join(made)


def _stretches(values: Values) -> list[list[int]]:
    """Places of values that follow each other without a gap."""
    found: list[list[int]] = []
    for place, value in enumerate(values):
        if value is None:
            continue
        if found and found[-1][-1] == place - 1:
            found[-1].append(place)
        else:
            found.append([place])
    return found


def _stacked(plot: Plot, series: Series, across: Scale, up: Scale) -> list[str]:
    made = []
    below = [0.0] * len(series.times)
    for line in _bars(plot):
        for place, value in enumerate(line.values):
            if not value:
                continue
            x, end = across(series.times[place]), across(series.times[place] + series.step)
            top, bottom = up(below[place] + value), up(below[place])
            below[place] += value
            made.append(
                f'<rect class="bar {line.tone}" x="{x + 0.5:.1f}" y="{top:.1f}" '
                f'width="{max(1.5, end - x - 1):.1f}" height="{max(1.0, bottom - top):.1f}"/>'
            )
    return made
