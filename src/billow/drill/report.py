"""What a crash drill found, for people and for programs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from itertools import zip_longest
from typing import Any

from billow.drill.checker import FAULTS, Run, Verdict
from billow.drill.final import Final
from billow.drill.history import End, History
from billow.drill.nemesis import Strike

#: Instances that are named for each kind of fault found.
_EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Report:
    """A crash drill and its verdict. Times are seconds."""

    seed: int
    version: str
    #: Strikes that killed, and processes that were killed by them.
    kills: int
    killed: int
    #: All strikes, and their numbers by kind and target.
    schedule: list[Strike]
    strikes: dict[str, int]
    verdict: Verdict
    #: How long the faults lasted; how long it took to finish everything, and how long it may take.
    lasted: float
    drained: float
    deadline: float
    #: Runs that the faults explain having been repeated.
    repeats_explained: int
    #: From a kill to the end of the job that it interrupted, and from a kill of the keeper, the web
    #: server or everything to the next request that was accepted over HTTP.
    redone: list[float] = field(default_factory=list)
    accepting: list[float] = field(default_factory=list)
    replay: str = ""

    @property
    def passed(self) -> bool:
        """Whether everything held."""
        return self.verdict.valid

    def document(self) -> dict[str, Any]:
        """All of it, as JSON says it."""
        told = asdict(self)
        told["redone"], told["accepting"] = spread(self.redone), spread(self.accepting)
        return {"passed": self.passed, **told}

    def lines(self) -> list[str]:
        """All of it, for people."""
        counts = self.verdict.counts
        kinds = ", ".join(f"{name} {count}" for name, count in self.strikes.items())
        return [
            f"crash drill, seed {self.seed}, billow {self.version}",
            f"faults    {self.kills} kills of {self.killed} processes in {self.lasted:.0f} s",
            f"          {kinds}",
            f"calls     {counts['calls']}: {counts['ok']} ok, {counts['fail']} refused, "
            f"{counts['info']} unknown",
            f"jobs      {counts['asked']} asked for, {counts['acked']} acknowledged, "
            f"{counts['jobs']} there, {counts['recovered']} recovered; "
            f"{counts['uploads']} uploads, {counts['sightings']} looks",
            f"runs      {counts['runs']}, of which {counts['repeated runs']} repeated "
            f"(faults explain up to {self.repeats_explained})",
            f"redone    an interrupted job was done {_told(self.redone)} after the kill",
            f"accepting the next request was accepted {_told(self.accepting)} after the kill",
            f"drained   {self.drained:.1f} s after the last fault (deadline {self.deadline:.0f} s)",
            *self._findings(),
            f"replay    {self.replay}",
        ]

    def _findings(self) -> list[str]:
        faults = self.verdict.faults
        main = ("lost", "unexpected", "duplicated", "double results", "wrong")
        said = ", ".join(f"{name} {len(faults.get(name, []))}" for name in main)
        found = [f"{'PASSED' if self.passed else 'FAILED'}    {said}"]
        for name, instances in faults.items():
            found.append(f"  {name} ({len(instances)}): {FAULTS[name]}")
            found += [f"    {instance}" for instance in instances[:_EXAMPLES]]
        return found


def spread(times: Sequence[float]) -> dict[str, float]:
    """How many, their median, 95th percentile and greatest."""
    if not times:
        return {"count": 0}
    ranked = sorted(times)
    at = {share: ranked[math.ceil(share * len(ranked)) - 1] for share in (0.5, 0.95, 1.0)}
    return {"count": len(ranked), "p50": at[0.5], "p95": at[0.95], "max": at[1.0]}


def _told(times: Sequence[float]) -> str:
    if not times:
        return "(never measured)"
    of = spread(times)
    return f"{of['p50']:.2f} s (median), {of['p95']:.2f} s (95 %), {of['max']:.2f} s (longest)"


def redone(strikes: Sequence[Strike], runs: Sequence[Run], final: Final) -> list[float]:
    """For each job that a kill interrupted, seconds from the kill to the job's end."""
    ended = {job.name.removesuffix(".txt"): job.finished for job in final.jobs}
    times = []
    for strike in strikes:
        if strike.stall is not None:
            continue
        hit = {*strike.pids, *strike.beside}
        for pid in hit:
            before = [run for run in runs if run.pid == pid and run.began <= strike.at]
            end = ended.get(before[-1].key) if before else None
            if end is not None and end > strike.at:
                times.append(end - strike.at)
    return times


def accepting(strikes: Sequence[Strike], history: History, names: set[str]) -> list[float]:
    """Seconds from a kill that stops the web server to the next acceptance over HTTP.

    Of several strikes at it in a row, the last one counts.

    Args:
        strikes: all of them.
        history: all calls.
        names: the clients that speak HTTP.
    """
    calls = [
        (call.invoked, call.ended)
        for call in history.calls
        if call.client in names and call.end is End.OK and call.ended is not None
    ]
    stops = [strike for strike in strikes if strike.target in ("keeper", "web", "everything")]
    times = []
    for strike, following in zip_longest(stops, stops[1:]):
        answered = min((end for began, end in calls if began >= strike.at), default=math.inf)
        undisturbed = answered < (following.at if following else math.inf)
        if strike.stall is None and undisturbed:
            times.append(answered - strike.at)
    return times
