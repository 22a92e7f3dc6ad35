from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billow.errors import DeclarationError
from billow.fleet.policy import Decision, Observation
from billow.fleet.step import StepScaling

SEED = StepScaling(out_at=15, in_at=2, period="5 min", cooldown="300 s")
#: Lies on a minute, so that evaluations fall on multiples of 60 s from here.
T0 = 1_700_000_040.0


class Drive:
    """Feeds a policy one observation a second."""

    def __init__(self, policy: StepScaling, wanted: int = 1) -> None:
        self.policy = policy
        self.memory = policy.start()
        self.second = 0
        self.seen = Observation(visible=0, in_flight=0, wanted=wanted, idle=wanted)
        self.last = Decision(wanted, "")

    def run(self, seconds: int, **facts: object) -> list[tuple[int, int]]:
        """The seconds in which the policy wanted another size, and which."""
        self.seen = replace(self.seen, **facts)  # type: ignore[arg-type]
        asked = []
        for _ in range(seconds):
            now = T0 + self.second
            self.last, self.memory = self.policy.decide(self.seen, self.memory, now)
            if self.last.wanted != self.seen.wanted:
                asked.append((self.second, self.last.wanted))
            self.second += 1
        return asked


def states(decision: Decision) -> list[str]:
    return [alarm.state for alarm in decision.alarms]


def test_asks_for_one_more_at_the_first_evaluation_that_breaches_and_at_each_one_after() -> None:
    drive = Drive(SEED)
    assert drive.run(181, visible=15) == [(60, 2), (120, 2), (180, 2)]
    assert states(drive.last) == ["ALARM", "OK"]
    assert drive.last.reason == "15.0 visible on average over 5 min >= 15 in 1 of 1: +1"


def test_asks_for_one_less_when_few_are_visible() -> None:
    assert Drive(SEED, wanted=3).run(61, visible=2) == [(60, 2)]


@given(st.integers(3, 14), st.integers(1, 5))
def test_holds_between_the_bounds(visible: int, wanted: int) -> None:
    assert Drive(SEED, wanted).run(200, visible=visible) == []


def test_the_average_slides() -> None:
    drive = Drive(SEED)
    # Datapoints of 0, then one more minute of 60 visible in each window: 12, then 24 on average.
    assert drive.run(301, visible=5) == []
    assert drive.run(360 - 301, visible=60) == []
    assert drive.run(61) == [(360, 2), (420, 2)]


def test_nothing_while_the_last_step_is_under_way() -> None:
    drive = Drive(SEED)
    assert drive.run(200, visible=50, changing=True) == []
    assert "waits until the last step is complete" in drive.last.reason


def test_cooldown_counts_from_the_end_of_the_last_step_and_tells_what_is_left() -> None:
    drive = Drive(SEED)
    assert drive.run(431, visible=50, settled_at=T0 + 131) == []
    assert drive.last.reason.endswith("cooldown: 1 s left")
    # Over at second 431; the next evaluation is at 480.
    assert drive.run(60) == [(480, 2)]


def test_between_evaluations_the_reason_says_what_it_waits_for() -> None:
    drive = Drive(SEED)
    drive.run(70, visible=50)
    assert drive.last.reason.endswith("acts at the next evaluation")


def test_the_tuned_variant_is_the_same_rule() -> None:
    tuned = StepScaling(out_at=10, in_at=2, period="3 min", cooldown="300 s")
    assert Drive(tuned).run(61, visible=10) == [(60, 2)]
    assert Drive(SEED).run(61, visible=10) == []


def test_short_periods_are_evaluated_every_ten_seconds() -> None:
    quick = StepScaling(out_at=10, in_at=2, period="30 s", cooldown=0, by=2)
    assert Drive(quick).run(25, visible=10) == [(10, 3), (20, 3)]


def test_two_of_three_datapoints() -> None:
    policy = StepScaling(out_at=10, in_at=2, period=60, cooldown=0, datapoints=2, periods=3)
    drive = Drive(policy)
    drive.run(60, visible=50)
    drive.run(60, visible=5)
    assert states(drive.last) == ["INSUFFICIENT_DATA", "OK"]
    assert drive.run(61, visible=50) == [(180, 2)]


def test_unreadable_counts_are_missing_data() -> None:
    drive = Drive(SEED)
    drive.run(120, visible=5)
    assert states(drive.last) == ["OK", "OK"]
    drive.run(3000, known=False, visible=99)
    assert states(drive.last) == ["INSUFFICIENT_DATA", "INSUFFICIENT_DATA"]
    assert drive.last.reason == "no datapoint yet"


def test_a_clock_that_jumps_ahead_or_back_does_no_harm() -> None:
    drive = Drive(SEED)
    drive.run(120, visible=5)
    drive.second += 10_000_000
    assert drive.run(30) == []
    drive.second -= 9_000_000
    assert drive.run(200) == []
    assert drive.run(400, visible=50)


def test_never_wants_less_than_none() -> None:
    drive = Drive(StepScaling(by=3), wanted=2)
    assert drive.run(61, visible=0) == [(60, 0)]


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 100)), max_size=30), st.integers(1, 3))
def test_steps_are_of_one_size_and_never_closer_than_the_cooldown(
    load: list[tuple[int, int]], by: int
) -> None:
    drive = Drive(StepScaling(by=by, cooldown=120), wanted=10)
    last = None
    for visible, seconds in load:
        for _ in range(seconds):
            before = drive.seen.wanted
            for second, wanted in drive.run(1, visible=visible):
                assert abs(wanted - before) == min(by, before) or wanted - before == by
                assert last is None or second - last >= 120
                last = second
                drive.run(0, wanted=wanted, settled_at=T0 + second)


@pytest.mark.parametrize(
    "make",
    [
        lambda: StepScaling(out_at=2, in_at=2),
        lambda: StepScaling(by=0),
        lambda: StepScaling(missing="nothing"),
        lambda: StepScaling(period="5 parsecs"),
        lambda: StepScaling(period="45 s"),
        lambda: StepScaling(cooldown=-1),
        lambda: StepScaling(datapoints=2, periods=1),
    ],
)
def test_impossible_rules_are_refused(make: Callable[[], StepScaling]) -> None:
    with pytest.raises(DeclarationError):
        make()
