"""The burst of 120 files under the original rule, with the real controller in virtual time."""

from __future__ import annotations

import pytest

from billow.fleet.queue import Queue
from billow.fleet.step import StepScaling
from billow.options import Fleet
from tests.fleet.simulation import SimulatedFleet

SEED = StepScaling(out_at=15, in_at=2, period="5 min", cooldown="300 s")
BOOT = 90


def burst(fleet: Fleet, boot: float = BOOT) -> tuple[SimulatedFleet, float, float]:
    """A fleet an hour after 120 jobs of 10 s, when they came, and how long until all were done."""
    simulated = SimulatedFleet(fleet, boot=boot)
    simulated.run(640)
    began, drained = simulated.clock.now(), 0.0
    simulated.burst(120)
    for _ in range(3600):
        simulated.run(1)
        machines = simulated.machines
        if not drained and not machines.waiting and not machines.free_at:
            drained = simulated.clock.now() - began
    return simulated, began, drained


def test_the_original_rule_launches_the_third_worker_ten_minutes_after_the_burst() -> None:
    simulated, began, drained = burst(Fleet(min=1, max=3, scale=SEED))
    launched = simulated.times("scale.out", began)
    ready = [at for at in simulated.times("worker.ready", began) if at > 0]
    # The burst comes on a minute: the average over five minutes is 24 at the next evaluation.
    assert launched == [60, 480]
    assert ready == [60 + BOOT, 480 + BOOT]
    assert 600 <= drained <= 660


def test_the_original_rule_lets_them_go_one_cooldown_apart_and_the_oldest_first() -> None:
    simulated, began, _ = burst(Fleet(min=1, max=3, scale=SEED))
    left = simulated.events("worker.stopped")
    assert [entry.at - began for entry in left] == [901, 1261]
    launched = [entry.subject for entry in simulated.events("worker.launched")]
    assert [entry.subject for entry in left] == launched[:2]
    assert simulated.states() == ["idle"]
    assert simulated.machines.killed_while_busy == 0


def test_the_alarms_change_as_the_average_does() -> None:
    simulated, began, _ = burst(Fleet(min=1, max=3, scale=SEED))
    changes = [
        (round(entry.at - began), entry.data["name"], entry.kind)
        for entry in simulated.events("alarm.")
        if entry.at > began
    ]
    assert changes[:2] == [(60, "scale out", "alarm.alarm"), (60, "scale in", "alarm.ok")]
    assert [change[1:] for change in changes[2:]] == [
        ("scale out", "alarm.ok"),
        ("scale in", "alarm.alarm"),
    ]


@pytest.mark.parametrize(("cooldown", "third"), [(300, 480), (60, 240)])
def test_the_tuned_rule_is_no_faster_until_its_cooldown_is(cooldown: int, third: int) -> None:
    tuned = StepScaling(out_at=10, in_at=2, period="3 min", cooldown=cooldown)
    simulated, began, _ = burst(Fleet(min=1, max=3, scale=tuned))
    assert simulated.times("scale.out", began) == [60, third]


def test_holds_at_the_maximum_are_told_once() -> None:
    simulated, began, _ = burst(Fleet(min=1, max=2, scale=SEED))
    bounds = [entry for entry in simulated.events("scale.bound") if entry.at > began]
    assert [entry.data["bound"] for entry in bounds] == ["max", "min"]
    assert "3 wanted, but max is 2" in bounds[0].reason


def test_queue_length_fills_the_fleet_at_once_and_empties_it() -> None:
    simulated, began, drained = burst(Fleet(min=0, max=10, scale=Queue(per_worker=1)), boot=1)
    assert simulated.times("scale.out", began) == [1]
    assert drained <= 125
    assert simulated.states() == []
    assert simulated.machines.killed_while_busy == 0
