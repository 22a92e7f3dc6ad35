"""Random lives: plans change, time passes, work stops or is overtaken between any two steps.

At every step each file is hot, or cold, or both, with the right bytes (I6). Files of somebody who
was premium all the time are never touched, and none goes before its time (I7). When it has become
quiet, all is as the plan says.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from billow.clock import VirtualClock
from billow.outputs import ResultFile
from tests.chores.world import KEEP, MINUTE, POINTS, Stopped, World, at_each_point
from tests.contract.homes import DRIVERS, open_driver

PLANS = st.sampled_from(["free", "premium"])
#: Minutes; the last is longer than any lease here, so that others take over what was stopped.
SPANS = st.sampled_from([0.5, 1, 3, 5, 29, 31, 61])
WALKS = {"memory": settings(max_examples=150, stateful_step_count=12)}
WALKS["embedded"] = settings(max_examples=15, stateful_step_count=8)

#: What happens when work comes to a point: it is stopped there, or much else is done meanwhile.
ACTS = ["stop", "upgrade", "downgrade", "run", "wait", "come up", "go down", "take over"]
HAPPENINGS = st.lists(
    st.tuples(st.sampled_from(POINTS), st.lists(st.sampled_from(ACTS), min_size=1, max_size=3)),
    min_size=1,
    max_size=3,
)
Happenings = list[tuple[str, list[str]]]


class Life(RuleBasedStateMachine):
    """The results of one customer."""

    driver = "memory"
    patch: pytest.MonkeyPatch

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(prefix="billow-test-")
        self.clock = VirtualClock()
        self.world = World(open_driver(self.driver, Path(self.folder.name), self.clock))
        #: When each job was completed, and whether its owner was ever not premium since.
        self.completed: dict[str, float] = {}
        self.was_free: set[str] = set()
        self.happenings: Happenings = []
        at_each_point(self.patch, self.point)

    def teardown(self) -> None:
        self.happenings = []
        self.settle()
        self.folder.cleanup()

    @initialize()
    def begin(self) -> None:
        self.complete()

    @rule()
    def complete(self) -> None:
        job = self.world.complete()
        self.completed[job.id] = self.clock.now()
        if self.world.plan == "free":
            self.was_free.add(job.id)

    @rule(plan=PLANS)
    def change_plan(self, plan: str) -> None:
        if plan != self.world.plan:
            self.world.set_plan(plan)
            if plan == "free":
                self.was_free |= set(self.completed)

    @rule(minutes=SPANS)
    def time_passes(self, minutes: float) -> None:
        self.clock.advance(minutes * MINUTE)
        self.world.run()

    @rule(happenings=HAPPENINGS)
    def much_happens_while_files_are_archived(self, happenings: Happenings) -> None:
        self.change_plan("free")
        self.world.run()
        self.happenings = list(happenings)
        self.world.pass_time(KEEP)

    @rule(happenings=HAPPENINGS)
    def much_happens_while_files_are_restored(self, happenings: Happenings) -> None:
        self.change_plan("premium")
        self.happenings = list(happenings)
        self.world.pass_time(4 * MINUTE)

    @rule()
    def people_look_after_dead_letters(self) -> None:
        self.world.redrive()

    def point(self, here: str) -> None:
        """Something happens between two steps; then the work goes on, unless it is stopped."""
        self.check()
        waiting = next((each for each in self.happenings if each[0] == here), None)
        if waiting is None:
            return
        self.happenings.remove(waiting)
        for what in waiting[1]:
            self.happen(what)
            self.check()

    def happen(self, what: str) -> None:
        acts: dict[str, Callable[[], object]] = {
            "upgrade": lambda: self.change_plan("premium"),
            "downgrade": lambda: self.change_plan("free"),
            "run": self.world.run,
            "wait": lambda: self.world.pass_time(5 * MINUTE),
            "come up": lambda: self.live_on("premium", 5),
            "go down": lambda: self.live_on("free", 31),
            # The lease of who is at work here runs out, and somebody else does it.
            "take over": lambda: self.world.pass_time(61 * MINUTE, step=5 * MINUTE),
        }
        if what == "stop":
            raise Stopped
        acts[what]()

    def live_on(self, plan: str, minutes: float) -> None:
        self.change_plan(plan)
        self.world.pass_time(minutes * MINUTE)

    @invariant()
    def check(self) -> None:
        for job in self.world.jobs:
            for file in job.files.values():
                self.check_file(job.id, file)

    def check_file(self, job: str, file: ResultFile) -> None:
        tiers = self.world.tiers(file)
        assert tiers != "neither"
        if job not in self.was_free:
            assert tiers == "hot"
        if self.clock.now() < self.completed[job] + KEEP:
            assert "hot" in tiers or tiers == "both"

    def settle(self) -> None:
        """Let it become quiet."""
        for _ in range(3):
            self.world.redrive()
            self.world.pass_time(2 * KEEP, step=5 * MINUTE)
        expected = "hot" if self.world.plan == "premium" else "cold"
        assert self.world.all_tiers() == {expected}
        assert self.world.home.ledger.find(dead=True).jobs == []


@pytest.mark.parametrize("driver", DRIVERS)
def test_no_life_loses_a_file(driver: str, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = type("Life", (Life,), {"driver": driver, "patch": monkeypatch})
    run_state_machine_as_test(machine, settings=WALKS[driver])
