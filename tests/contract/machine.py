"""The ground of the random walks: a home of one driver, and a clock that a walk moves."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from billow.clock import VirtualClock
from billow.home import Home
from tests.contract.homes import open_driver

#: Walks, and steps of each.
WALKS = settings(max_examples=60, stateful_step_count=40)


class Machine(RuleBasedStateMachine):
    """A walk through a home of one driver, on a clock of its own."""

    driver = "memory"

    def __init__(self) -> None:
        super().__init__()
        self.clock = VirtualClock()
        self.folder = tempfile.TemporaryDirectory(prefix="billow-test-")
        self.home: Home = open_driver(self.driver, Path(self.folder.name), self.clock)

    def teardown(self) -> None:
        self.folder.cleanup()

    @rule(seconds=st.sampled_from([1, 4, 10, 25]))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(seconds)


def walk(machine: type[Machine], driver: str) -> None:
    """Run random walks of `machine` on homes of `driver`."""
    on_driver = type(machine.__name__, (machine,), {"driver": driver})
    run_state_machine_as_test(on_driver, settings=WALKS)
