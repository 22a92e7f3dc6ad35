"""The language that alarms are written in, such as `web.latency.p95 > 500 ms for 3 min`.

METRIC [/ METRIC] COMPARISON NUMBER [UNIT] [over PERIOD] [for TIME | for M of N [TIME]]
METRIC outside|above|below usual [* WIDTH] [over PERIOD] [for ...]
METRIC absent for TIME
METRIC / METRIC burns PERCENT % fast|slow|creeping
"""

from __future__ import annotations

import re
from typing import NamedTuple

from billow.errors import DeclarationError
from billow.ops.conditions import Absent, Bound, Burn, Condition, Unusual
from billow.ops.judging import Missing
from billow.ops.metric import Metric, Share, read_metric
from billow.ops.threshold import Threshold
from billow.units import GiB, KiB, MiB, seconds

#: What a number's unit makes of it: metrics are in seconds, bytes, and plain numbers.
UNITS = {
    "": 1.0, "ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0,
    "bytes": 1.0, "KiB": float(KiB), "MiB": float(MiB), "GiB": float(GiB),
}  # fmt: skip

#: How fast a month's budget burns, in which windows, before somebody should know (SRE workbook).
BURNS = {
    "fast": (3600.0, 300.0, 14.4),
    "slow": (6 * 3600.0, 1800.0, 6.0),
    "creeping": (3 * 86400.0, 6 * 3600.0, 1.0),
}

_HEAD = re.compile(
    r"\s*(?P<metric>[^\s/]+)(?:\s*/\s*(?P<whole>[^\s/]+))?\s+(?P<rest>.*?)\s*", re.DOTALL
)
_BOUND = re.compile(
    r"(?P<comparison>[<>]=?)\s*(?P<number>-?[0-9]+(?:\.[0-9]+)?)\s*(?P<unit>%|(?:(?!over\b|for\b)[A-Za-z]+)?)"
    r"(?P<rest>(?:\s.*)?)",
    re.DOTALL,
)
_UNUSUAL = re.compile(
    r"(?P<side>outside|above|below)\s+usual(?:\s*\*\s*(?P<width>[0-9]+(?:\.[0-9]+)?))?(?P<rest>(?:\s.*)?)",
    re.DOTALL,
)
_BURN = re.compile(r"burns\s+(?P<percent>[0-9]+(?:\.[0-9]+)?)\s*%\s+(?P<speed>\w+)")
_TIMES = re.compile(
    r"\s*(?:over\s+(?P<over>[0-9.]+\s*[a-z]+))?"
    r"\s*(?:for\s+(?:(?P<datapoints>[0-9]+)\s+of\s+(?P<periods>[0-9]+)(?:\s*(?P<each>[a-z]+))?"
    r"|(?P<span>[0-9.]+\s*[a-z]+)))?\s*"
)
_HELP = (
    "write it such as: web.latency.p95 > 500 ms for 3 min; "
    "web.errors / web.requests > 10 % for 5 min; queue.jobs.visible >= 15 over 5 min; "
    "web.requests outside usual for 10 min; host.cpu absent for 5 min; "
    "web.errors / web.requests burns 99.9 % fast"
)


class Options(NamedTuple):
    """What an alarm says beside its condition."""

    missing: Missing = Missing.MISSING
    few: bool = True


def read(text: str, options: Options) -> Condition:
    """The condition that a text says.

    Raises:
        DeclarationError: it says none; the message tells what is wrong and what is allowed.
    """
    match = _HEAD.fullmatch(text)
    if match is None:
        raise DeclarationError(f"{text!r} is no condition; {_HELP}")
    metric, rest = read_metric(match["metric"]), match["rest"]
    whole = None if match["whole"] is None else read_metric(match["whole"])
    if burn := _BURN.fullmatch(rest):
        return _read_burn(metric, whole, burn)
    if rest.startswith("absent") and whole is None:
        return _read_absent(metric, rest)
    what = metric if whole is None else Share(metric, whole)
    if bound := _BOUND.fullmatch(rest):
        number = float(bound["number"]) * _unit(bound["unit"], what)
        rule = _read_times(bound["rest"], bound["comparison"], number, options)
        return Bound(what, rule, options.few)
    if unusual := _UNUSUAL.fullmatch(rest):
        rule = _read_times(unusual["rest"], ">", 0.0, options)
        return Unusual(what, unusual["side"], float(unusual["width"] or 3), rule)
    raise DeclarationError(f"what does {rest[:60]!r} mean? {_HELP}")


def _unit(unit: str, metric: Metric | Share) -> float:
    if unit == "%":
        # The machine's own metrics are percentages already; all others are shares of 1.
        return 1.0 if str(metric).startswith("host.") else 0.01
    if unit not in UNITS:
        known = ", ".join(name for name in UNITS if name)
        raise DeclarationError(f"{unit!r} is no unit; there are %, {known}")
    return UNITS[unit]


def _read_times(text: str, comparison: str, bound: float, options: Options) -> Threshold:
    match = _TIMES.fullmatch(text)
    if match is None:
        raise DeclarationError(
            f"{text.strip()!r}: after the bound comes `over 5 min`, `for 3 min` or `for 2 of 3 min`"
        )
    if match["datapoints"]:
        count, of = int(match["datapoints"]), int(match["periods"])
        period = seconds(match["over"] or f"1 {match['each'] or 'min'}")
        return Threshold(comparison, bound, period, count, of, options.missing)
    span = seconds(match["span"]) if match["span"] else None
    period = seconds(match["over"]) if match["over"] else _period(span)
    periods = 1 if span is None else round(span / period)
    if span is not None and (periods < 1 or abs(periods * period - span) > 1e-6):
        raise DeclarationError(f"for {span:g} s is no multiple of the period, {period:g} s")
    return Threshold(comparison, bound, period, periods, periods, options.missing)


def _period(span: float | None) -> float:
    """A minute, or ten seconds if the time is no multiple of a minute."""
    return 60.0 if span is None or span % 60 == 0 else 10.0


def _read_absent(metric: Metric, text: str) -> Absent:
    match = re.fullmatch(r"absent\s+for\s+(.+)", text)
    if match is None:
        raise DeclarationError(f"{text!r}: write `absent for 5 min`")
    span = seconds(match[1])
    if span < 10 or span > 86400:
        raise DeclarationError(f"absent for {span:g} s: from 10 s to a day")
    return Absent(metric, span)


def _read_burn(bad: Metric, every: Metric | None, match: re.Match[str]) -> Burn:
    objective = float(match["percent"]) / 100
    if every is None:
        raise DeclarationError("a budget needs both: bad / all burns 99.9 % fast")
    if match["speed"] not in BURNS:
        raise DeclarationError(f"burns {match['speed']}: there are {', '.join(BURNS)}")
    if not 0 < objective < 1:
        raise DeclarationError("an objective lies between 0 % and 100 %, and is neither")
    long, short, rate = BURNS[match["speed"]]
    return Burn(bad, every, objective, long, short, rate)
