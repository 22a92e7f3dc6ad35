"""A load drill from its beginning to its end."""

from __future__ import annotations

import random
import resource
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from billow.drill.load.crew import Crew
from billow.drill.load.findings import Findings
from billow.drill.load.orders import Orders
from billow.drill.load.plan import Fault, Plan
from billow.drill.load.probe import Probe, answers
from billow.drill.load.strike import release, strike
from billow.drill.load.target import Target
from billow.drill.load.watch import look
from billow.errors import Unavailable

#: Seconds between two looks at the processes; the first is for after a strike, for so long.
_LOOK_SOON, _LOOK_EVERY = 0.2, 1.0
_SOON = 12.0
#: Seconds of rest after the load, in which a service that recovers shows it.
_AFTER = 0.5
#: Seconds in which a service must answer before the drill begins.
_ANSWER_LIMIT = 60.0


@dataclass(frozen=True, slots=True)
class Scene:
    """What a drill is about."""

    target: Target
    #: The keeper of the service, whose processes are watched and struck; None: not known.
    keeper: int | None
    #: The app whose visitors these are; None: whoever fetches the plan's paths.
    app: str | None = None
    #: What the app's `setup` returned.
    seeded: Any = None
    #: The cookies of somebody who may look at the console.
    observer: Mapping[str, str] = field(default_factory=dict)


class LoadDrill:
    """One load drill. `run` does all of it.

    Args:
        plan: what to do.
        scene: to whom.
        log: the file that gets what the generators have to say.
        tell: is told, about twice a second, what was found so far and how many requests wait.
    """

    def __init__(
        self,
        plan: Plan,
        scene: Scene,
        log: Path,
        tell: Callable[[Findings, int], None] | None = None,
    ) -> None:
        self._plan = plan
        self._scene = scene
        self._log = log
        self._tell = tell or (lambda *_: None)
        self._chance = random.Random(f"{plan.seed} strikes")  # noqa: S311 - must be repeatable
        self._due = [each for each in plan.faults if each[1] is not Fault.FLOOD]
        self._found = Findings(plan)
        self._looked = -_LOOK_EVERY
        self._began = 0.0

    def run(self) -> Findings:
        """Do the drill. Ctrl-C ends it early; what was found until then is returned.

        Raises:
            BadInput: the app's visits cannot be used.
            Unavailable: the service does not answer, or the generators do not start.
        """
        _wait_for(self._scene.target)
        crew = Crew(self._orders(), self._log)
        spent = _children_cpu()
        try:
            self._began = crew.begin()
            probe = Probe(self._scene.target, self._began, self._scene.observer)
            probe.start()
            try:
                self._watch(crew)
            except KeyboardInterrupt:
                self._found.interrupted = True
                crew.stop()
            self._found.ended = min(self._now, self._plan.length)
            crew.finish(self._plan.timeout + 5)
            probe.end()
            self._found.probed = probe.looks
        finally:
            crew.kill()
            release(self._found.strikes)
        self._gather(crew)
        self._found.generator_cores = (_children_cpu() - spent) / max(self._found.ended, 0.1)
        return self._found

    @property
    def _now(self) -> float:
        return time.monotonic() - self._began

    def _orders(self) -> Orders:
        plan, target = self._plan, self._scene.target
        return Orders(
            address=target.address,
            port=target.port,
            host=target.host,
            tls=target.tls,
            verify=not target.loopback,
            stages=plan.stages,
            visitors=plan.visitors,
            seed=plan.seed,
            poisson=plan.poisson,
            timeout=plan.timeout,
            slow=plan.bounds.p99,
            app=self._scene.app,
            paths=list(plan.paths),
            headers=dict(plan.headers),
            cookies=dict(plan.cookies),
            seeded=self._scene.seeded,
        )

    def _watch(self, crew: Crew) -> None:
        told = 0.0
        while self._now < self._plan.length + _AFTER and crew.running:
            crew.take_in(0.05)
            self._gather(crew)
            self._look()
            self._strike()
            self._found.ended = min(self._now, self._plan.length)
            if self._now - told >= 0.5:
                told = self._now
                self._tell(self._found, crew.under_way)
        if self._now < self._plan.length:
            how = ", ".join(map(str, crew.statuses))
            raise Unavailable(f"the generators have ended (status {how}); see {self._log}")

    def _gather(self, crew: Crew) -> None:
        self._found.slots, self._found.lag, self._found.lost = crew.slots, crew.lag, crew.lost

    def _look(self) -> None:
        keeper, now = self._scene.keeper, self._now
        soon = any(strike.at <= now < strike.at + _SOON for strike in self._found.strikes)
        due = self._looked + (_LOOK_SOON if soon else _LOOK_EVERY)
        if keeper is not None and 0 <= now >= due:
            self._looked = now
            self._found.looks.append(look(keeper, now))

    def _strike(self) -> None:
        if self._due and self._now >= self._due[0][0]:
            _, fault = self._due.pop(0)
            if self._scene.keeper is not None:
                at = replace(look(self._scene.keeper, 0.0), at=self._now)
                struck = strike(fault, at, self._chance)
                self._found.strikes += [struck] if struck else []


def _wait_for(target: Target) -> None:
    deadline = time.monotonic() + _ANSWER_LIMIT
    while not answers(target, "/"):
        if time.monotonic() > deadline:
            raise Unavailable(f"{target.url} does not answer")
        time.sleep(0.1)


def _children_cpu() -> float:
    """Seconds of CPU of all processes that this one has started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
