"""What a load drill found, for people and for programs."""

from __future__ import annotations

import os
import platform
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

import billow
from billow.drill.load.findings import Findings
from billow.drill.load.histogram import Histogram
from billow.drill.load.series import Series, series_of
from billow.drill.load.tally import Kind, Tally
from billow.drill.load.verdict import Criterion, judge
from billow.drill.load.verdict import passed as all_passed
from billow.units import human_size, human_time

#: Failures that are told one by one.
_EXAMPLES = 20
_SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "p99.9": 0.999, "max": 1.0}


@dataclass(frozen=True, slots=True)
class Report:
    """A load drill and its verdict."""

    found: Findings
    criteria: list[Criterion]
    series: Series
    #: What was drilled, the UNIX time when it began, and the command that does the same again.
    target: str
    began: float
    replay: str

    @classmethod
    def of(cls, found: Findings, target: str, began: float) -> Report:
        """The report on what was found."""
        replay = found.plan.command(target)
        return cls(found, judge(found), series_of(found), target, began, replay)

    @property
    def passed(self) -> bool:
        """Whether every bound held."""
        return all_passed(self.criteria)

    def document(self) -> dict[str, Any]:
        """All of it, as JSON says it."""
        found, plan = self.found, self.found.plan
        return {
            "passed": self.passed,
            "interrupted": found.interrupted,
            "criteria": [each._asdict() for each in self.criteria],
            "target": self.target,
            "began": self.began,
            "lasted": round(found.ended, 3),
            "seed": plan.seed,
            "plan": {**_asked(self), "bounds": asdict(plan.bounds)},
            "versions": versions(),
            "machine": machine(),
            "visitors": totals(found.visitors),
            "crowd": totals(found.slots.between(0, float("inf"), crowd=True)),
            "excused": len(found.excused()),
            "strikes": [{**asdict(each), "fault": str(each.fault)} for each in found.strikes],
            "failures": [lost.document() for lost in found.lost],
            "generator": {
                "cores": round(found.generator_cores, 3),
                "late": quantiles(found.lag),
            },
            "series": self.series.document(),
            "replay": self.replay,
        }

    def lines(self) -> list[str]:
        """All of it, for people."""
        everyone, visitors = self.found.everyone, self.found.visitors
        told = quantiles(visitors.times)
        times = ", ".join(f"{name} {human_time(value)}" for name, value in told.items() if value)
        kinds = ", ".join(f"{kind} {count:,}" for kind, count in sorted(everyone.kinds.items()))
        width = max(len(each.name) for each in self.criteria)
        signs = {True: "ok  ", False: "FAIL", None: "–   "}
        return [
            f"load drill of {self.target}",
            f"with      seed {self.found.plan.seed}, billow {billow.__version__}",
            f"asked     {everyone.planned:,} requests in {human_time(self.found.ended)} by "
            f"{self.found.plan.visitors:,} visitors; {human_size(everyone.received)} came back",
            f"answers   {kinds or 'none'}",
            f"latency   {times or 'nothing was answered'}",
            *(
                f"{signs[each.passed]} {each.name:<{width}}  {each.measured}  ({each.bound})"
                for each in self.criteria
            ),
            *self.examples(),
            f"{'PASSED' if self.passed else 'FAILED'}",
            f"replay    {self.replay}",
        ]

    def examples(self) -> list[str]:
        """The first failures, those alike only once and with their number."""
        excused = {id(each) for each in self.found.excused()}
        alike = Counter(
            f"{lost.kind}: {lost.request or 'not sent'}"
            + (f" ({lost.why})" if lost.why else "")
            + (" [crowd]" if lost.crowd else "")
            + (" [under way on a struck server]" if id(lost) in excused else "")
            for lost in self.found.lost
        )
        return [f"  {count} × {text}" for text, count in alike.most_common(_EXAMPLES)]


def totals(tally: Tally) -> dict[str, Any]:
    """Counts and latencies of many requests."""
    return {
        "due": tally.planned,
        "ok": tally.ok,
        "failed": tally.failed,
        "late": tally.late,
        "sent again": tally.retried,
        "kinds": {str(kind): tally.kinds[kind] for kind in Kind if tally.kinds[kind]},
        "received": tally.received,
        "latency": quantiles(tally.times),
    }


def quantiles(times: Histogram) -> dict[str, float | None]:
    """The latencies that everybody asks for, seconds."""
    return {name: times.quantile(share) for name, share in _SHARES.items()}


def versions() -> dict[str, str]:
    """What ran."""
    return {"billow": billow.__version__, "python": platform.python_version()}


def machine() -> dict[str, Any]:
    """Where it ran."""
    return {"system": platform.platform(terse=True), "processors": os.cpu_count()}


def _asked(report: Report) -> dict[str, Any]:
    plan = report.found.plan
    return {
        "rate": plan.rate,
        "length": plan.length,
        "visitors": plan.visitors,
        "poisson": plan.poisson,
        "timeout": plan.timeout,
        "flood": plan.flood,
        "faults": [{"at": at, "fault": str(fault)} for at, fault in plan.faults],
    }
