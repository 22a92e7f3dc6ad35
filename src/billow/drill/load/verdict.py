"""Whether a service passed: every bound, what was measured, and why it held or did not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from billow.drill.load.findings import Findings
from billow.drill.load.histogram import Histogram
from billow.drill.load.plan import Fault
from billow.drill.load.tally import REFUSALS, Kind
from billow.drill.load.trend import MIN_SPAN, judge_growth
from billow.units import human_time


class Criterion(NamedTuple):
    """One of the bounds. `passed` is None if it could not be judged; the measured text says why."""

    name: str
    bound: str
    measured: str
    passed: bool | None


def judge(found: Findings) -> list[Criterion]:
    """All bounds that concern a drill."""
    return [
        _finished(found),
        _held(found),
        *_answered(found),
        *_struck(found),
        *_flood(found),
        _growth(found),
    ]


def passed(criteria: list[Criterion]) -> bool:
    """Whether nothing failed."""
    return all(each.passed is not False for each in criteria)


def _finished(found: Findings) -> Criterion:
    planned = human_time(found.plan.length)
    return Criterion(
        "ran to its end",
        planned,
        f"stopped after {human_time(found.ended)}" if found.interrupted else planned,
        not found.interrupted,
    )


def _held(found: Findings) -> Criterion:
    tally = found.everyone
    in_time = tally.planned - tally.late - tally.kinds[Kind.UNSENT]
    share = in_time / tally.planned if tally.planned else 0.0
    bound = found.plan.bounds.held
    return Criterion(
        "rate held",
        f"≥ {bound:.0%} sent when due",
        f"{_share(share)} of {tally.planned:,}",
        share >= bound,
    )


def _answered(found: Findings) -> Iterator[Criterion]:
    """Failures and latency of the visitors; during a flood their refusals are no failures."""
    bounds, visitors = found.plan.bounds, found.visitors
    excused = [lost for lost in found.excused() if not lost.crowd]
    refused = 0
    if (flooded := found.flooded) is not None:
        until = flooded[1] + bounds.recovery
        during = found.slots.between(flooded[0], until, crowd=False)
        refused = sum(during.kinds[kind] for kind in REFUSALS)
    failed = visitors.failed - len(excused) - refused
    notes = [f"{failed:,} of {visitors.planned:,}"]
    notes += [f"{len(excused)} more under way on a struck server"] if excused else []
    notes += [f"{refused:,} refused during the flood"] if refused else []
    notes += [f"{visitors.retried:,} sent again"] if visitors.retried else []
    yield Criterion(
        "failed",
        f"≤ {bounds.failed}",
        "; ".join(notes),
        visitors.planned > 0 and failed <= bounds.failed,
    )
    calm = _calm(found)
    slowest = calm.quantile(0.99)
    yield Criterion(
        "latency, 99 %",
        f"≤ {human_time(bounds.p99)}",
        "no right answer" if slowest is None else human_time(slowest),
        slowest is not None and slowest <= bounds.p99,
    )


def _calm(found: Findings) -> Histogram:
    """Latencies of the visitors while there was no flood."""
    flooded = found.flooded
    if flooded is None:
        return found.visitors.times
    before = found.slots.between(0, flooded[0], crowd=False)
    before.merge(found.slots.between(flooded[1], float("inf"), crowd=False))
    return before.times


def _struck(found: Findings) -> Iterator[Criterion]:
    bound = found.plan.bounds.recovery
    for at, fault in found.plan.faults:
        if fault is Fault.FLOOD or at >= found.ended:
            continue
        strike = next((each for each in found.strikes if each.fault is fault), None)
        name = f"well again after the {fault}"
        if strike is None:
            yield Criterion(name, f"≤ {human_time(bound)}", "no server was found to strike", False)
            continue
        yield _soon(name, found.recovery(strike.at), bound)
        yield _soon(f"server replaced after the {fault}", found.replaced(strike), bound)


def _flood(found: Findings) -> Iterator[Criterion]:
    if (flooded := found.flooded) is None:
        return
    bounds, (since, until) = found.plan.bounds, flooded
    during = found.slots.between(since, until)
    goodput, best = during.ok / (until - since), found.best()
    yield Criterion(
        "goodput in the flood",
        f"≥ {bounds.goodput:.0%} of the best",
        f"{goodput:,.0f}/s of {best:,.0f}/s; {during.planned / (until - since):,.0f}/s came",
        goodput >= bounds.goodput * best,
    )
    slowest = during.times.quantile(0.99)
    yield Criterion(
        "latency of the admitted, 99 %",
        f"≤ {human_time(bounds.p99)}",
        "no right answer" if slowest is None else human_time(slowest),
        slowest is not None and slowest <= bounds.p99,
    )
    wrong = during.kinds[Kind.ERROR] + during.kinds[Kind.WRONG]
    yield Criterion("wrong answers in the flood", "0", f"{wrong:,}", wrong == 0)
    for what in ("health", "console"):
        yield _probed(found, what, since, until)
    yield _soon("well again after the flood", found.recovery(until), bounds.recovery)


def _probed(found: Findings, what: str, since: float, until: float) -> Criterion:
    bound = found.plan.bounds.probe
    looks = [each for each in found.probed if each.what == what and since <= each.at < until]
    name, told = f"{what} in the flood, 95 %", f"≤ {human_time(bound)}"
    if not looks:
        return Criterion(name, told, "nobody looked", None)
    failed = sum(not each.ok for each in looks)
    ranked = sorted(each.took for each in looks)
    slow = ranked[min(len(ranked) - 1, int(0.95 * len(ranked)))]
    measured = f"{human_time(slow)}" + (f"; {failed} of {len(looks)} failed" if failed else "")
    return Criterion(name, told, measured, not failed and slow <= bound)


def _growth(found: Findings) -> Criterion:
    name, bound = "memory, descriptors, connections", "no steady growth"
    judged, grown = judge_growth(found.looks)
    if not judged:
        why = (
            "nobody watched the processes"
            if not found.looks
            else (f"no process lived the {human_time(MIN_SPAN)} that it takes to tell")
        )
        return Criterion(name, bound, why, None)
    said = [
        f"{each.what} of {each.kind} {each.pid}: {each.trend.growth:+,.0f} in "
        f"{human_time(each.trend.span)}"
        for each in grown
    ]
    return Criterion(name, bound, "; ".join(said) or f"none in {judged} processes", not grown)


def _soon(name: str, took: float | None, bound: float) -> Criterion:
    measured = "not before the end" if took is None else human_time(took)
    return Criterion(name, f"≤ {human_time(bound)}", measured, took is not None and took <= bound)


def _share(value: float) -> str:
    """A share, never rounded up to all."""
    return "100 %" if value == 1 else f"{int(value * 10000) / 100:g} %"
