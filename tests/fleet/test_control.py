from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from billow.errors import Unavailable
from billow.fleet.fixed import Fixed
from billow.fleet.policy import Decision, Observation
from billow.fleet.queue import Queue
from billow.fleet.roster import leavers
from billow.options import Fleet, LaunchTemplate
from billow.ports.machines import Ended, Machine, WorkerState
from tests.fleet.simulation import SimulatedFleet


@dataclass(frozen=True)
class Wish:
    """A policy that a test tells what to want."""

    sizes: list[int]

    def start(self) -> None: ...

    def decide(self, seen: Observation, memory: None, now: float) -> tuple[Decision, None]:
        return Decision(self.sizes[-1], f"{self.sizes[-1]} wished"), None


def wishing(size: int, *, min: int = 0, max: int = 9) -> tuple[SimulatedFleet, Wish]:
    wish = Wish([size])
    return SimulatedFleet(Fleet(min=min, max=max, desired=size, scale=wish)), wish


def machine(id: str, state: WorkerState, launched: float) -> Machine:
    return Machine(id, state, launched, launched, "default", 1)


def test_idle_ones_go_first_then_the_oldest_and_draining_ones_are_not_counted() -> None:
    fleet = [
        machine("a", WorkerState.BUSY, 1),
        machine("b", WorkerState.DRAINING, 2),
        machine("c", WorkerState.IDLE, 4),
        machine("d", WorkerState.STARTING, 5),
        machine("e", WorkerState.IDLE, 3),
        machine("f", WorkerState.BUSY, 0),
    ]
    assert [m.id for m in leavers(fleet, 9)] == ["e", "c", "d", "f", "a"]
    assert [m.id for m in leavers(fleet, 1)] == ["e"]


def test_a_busy_worker_is_drained_and_never_killed() -> None:
    fleet, wish = wishing(2)
    fleet.run(2)
    fleet.burst(2)
    fleet.run(2)
    assert fleet.states() == ["busy", "busy"]
    wish.sizes.append(1)
    fleet.run(2)
    assert fleet.states() == ["draining", "busy"]
    fleet.burst(5)
    fleet.run(20)
    assert fleet.states() == ["busy"]
    assert fleet.machines.killed_while_busy == 0
    [draining] = fleet.events("worker.draining")
    assert draining.reason == "scaled from 2 to 1; finishes 1 job first"
    oldest = fleet.events("worker.launched")[0].subject
    assert draining.subject == oldest


def test_a_worker_told_to_leave_counts_no_more() -> None:
    fleet, wish = wishing(1)
    fleet.burst(1)
    fleet.run(3)
    wish.sizes.append(0)
    fleet.run(1)
    wish.sizes.append(1)
    fleet.run(2)
    assert sorted(fleet.states()) == ["draining", "idle"]


def test_wishes_are_clipped_to_the_bounds_and_told_once() -> None:
    fleet, wish = wishing(2, min=1, max=3)
    for size in (5, 6, 7, 0, 0):
        wish.sizes.append(size)
        fleet.run(3)
    assert [(e.kind, e.data["asked"]) for e in fleet.events("scale.")] == [
        ("scale.bound", 5),
        ("scale.out", 5),
        ("scale.bound", 0),
        ("scale.in", 0),
    ]
    assert len(fleet.states()) == 1


def test_every_change_is_told_with_its_reason_and_holds_are_not() -> None:
    fleet, wish = wishing(1)
    wish.sizes.append(3)
    fleet.run(100)
    [out] = fleet.events("scale.")
    assert (out.kind, out.subject, out.reason) == ("scale.out", "f", "3 wished")
    assert out.data == {"from": 1, "to": 3, "asked": 3, "visible": 0, "in_flight": 0}


def test_unknown_counts_hold_and_never_shrink() -> None:
    fleet = SimulatedFleet(Fleet(min=0, max=5, scale=Queue(shrink_after=2)))
    fleet.burst(3)
    fleet.run(5)
    assert len(fleet.states()) == 3
    fleet.machines.waiting.clear()
    fleet.readable = False
    fleet.run(60)
    assert len(fleet.states()) == 3
    fleet.readable = True
    fleet.run(20)
    assert fleet.states() == []


def test_unknown_counts_hold_even_if_the_policy_would_shrink() -> None:
    fleet, wish = wishing(3)
    fleet.run(2)
    fleet.readable = False
    wish.sizes.append(1)
    fleet.run(5)
    assert len(fleet.states()) == 3
    assert fleet.controller.state()["reason"] == "the queue cannot be read; the size is held"


def test_a_policy_that_raises_holds_the_size() -> None:
    fleet, wish = wishing(2)
    fleet.run(2)
    wish.sizes.clear()
    fleet.run(5)
    assert len(fleet.states()) == 2
    assert "the policy failed (IndexError" in fleet.controller.state()["reason"]


def test_a_crashed_worker_is_replaced_and_its_jobs_given_back() -> None:
    fleet, _ = wishing(2)
    fleet.run(10)
    victim = fleet.machines.present()[0].id
    fleet.machines.crash(victim)
    fleet.run(3)
    assert fleet.states() == ["idle", "idle"]
    assert fleet.abandoned == [victim]
    [crashed] = fleet.events("worker.crashed")
    assert crashed.subject == victim
    assert crashed.reason.startswith("killed by signal 9")
    assert fleet.events("worker.launched")[-1].reason == f"replaces {victim}"


def test_a_crash_does_not_shrink_the_fleet_or_count_as_a_scaling_step() -> None:
    fleet, _ = wishing(3)
    fleet.run(10)
    for victim in [machine.id for machine in fleet.machines.present()]:
        fleet.machines.crash(victim)
    fleet.run(3)
    assert len(fleet.states()) == 3
    assert fleet.events("scale.") == []


def test_workers_that_die_at_start_are_tried_ever_more_rarely_and_the_cause_is_shown() -> None:
    fleet, _ = wishing(2)
    fleet.machines.dies_at_start = True
    fleet.run(600)
    launches = len(fleet.events("worker.launched"))
    assert 20 < launches < 70
    trouble = fleet.controller.state()["trouble"]
    assert trouble.startswith("no worker gets into service; f-")
    assert trouble.endswith("exit status 1: ImportError: no module named 'words'")
    fleet.machines.dies_at_start = False
    fleet.run(40)
    assert fleet.controller.state()["trouble"] == ""
    assert fleet.states() == ["idle", "idle"]


def test_workers_killed_at_work_are_replaced_without_growing_rests() -> None:
    fleet, _ = wishing(1)
    fleet.burst(500)
    for _ in range(20):
        fleet.run(12)
        fleet.machines.crash(fleet.machines.present()[0].id)
    fleet.run(2)
    assert len(fleet.states()) == 1


def test_a_worker_that_never_gets_into_service_is_killed() -> None:
    fleet, _ = wishing(1)
    fleet.machines.boot = 10_000
    fleet.run(125)
    [killed] = fleet.events("worker.killed")
    assert killed.reason == "not in service after 2 min"
    assert fleet.machines.present()[0].id != killed.subject


def test_a_fleet_works_on_when_nothing_can_be_written(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    fleet, wish = wishing(2)
    fleet.run(10)

    def full(*_: object) -> int:
        raise Unavailable("the disk is full")

    monkeypatch.setattr(fleet.journal, "write", full)
    monkeypatch.setattr(fleet.crew, "_abandon", full)
    for machine in fleet.machines.present():
        fleet.machines.crash(machine.id)
    wish.sizes.append(4)
    fleet.run(4)
    assert fleet.states() == ["idle"] * 4
    wish.sizes.append(1)
    fleet.run(2)
    assert fleet.states() == ["idle"]
    assert "scale.out f: 4 wished (not in the journal: the disk is full)" in caplog.text


def test_a_worker_that_crashed_before_the_fleet_shrank_is_not_replaced_later() -> None:
    fleet, wish = wishing(2)
    fleet.run(2)
    fleet.machines.crash(fleet.machines.present()[0].id)
    wish.sizes.append(1)
    fleet.run(3)
    wish.sizes.append(2)
    fleet.run(3)
    assert fleet.events("worker.launched")[-1].reason == "scaled from 1 to 2"


def hear(fleet: SimulatedFleet, at: float) -> str:
    """Let the first worker have given its last sign of life at `at`."""
    name, machine = next(iter(fleet.machines.machines.items()))
    fleet.machines.machines[name] = replace(machine, heard=at)
    return name


def test_a_busy_worker_that_falls_silent_is_replaced() -> None:
    fleet, _ = wishing(1)
    fleet.machines.service = 10_000
    fleet.burst(1)
    fleet.run(3)
    silent = hear(fleet, fleet.clock.now())
    fleet.run(60)
    assert fleet.machines.present()[0].id == silent
    fleet.run(3)
    [killed] = fleet.events("worker.killed")
    assert (killed.subject, killed.reason) == (silent, "silent for 1 min 1 s while busy")
    assert fleet.machines.present()[0].id != silent
    assert fleet.abandoned == [silent]


def test_an_idle_worker_that_falls_silent_is_replaced() -> None:
    fleet, _ = wishing(1)
    fleet.run(3)
    silent = hear(fleet, fleet.clock.now())
    fleet.run(60)
    assert fleet.machines.present()[0].id == silent
    fleet.run(3)
    [killed] = fleet.events("worker.killed")
    assert (killed.subject, killed.reason) == (silent, "silent for 1 min 1 s while idle")
    assert fleet.states() == ["idle"]
    assert fleet.machines.present()[0].id != silent


def test_a_worker_whose_silence_holds_up_the_keeper_is_replaced_in_the_end() -> None:
    fleet, _ = wishing(1)
    fleet.run(3)
    silent = hear(fleet, fleet.clock.now())
    for _ in range(14):
        fleet.clock.advance(30)
        fleet.tick()
    assert [e.subject for e in fleet.events("worker.killed")] == [silent]


def test_a_keeper_that_was_asleep_itself_gives_workers_time_to_speak() -> None:
    fleet, _ = wishing(1)
    fleet.machines.service = 10_000
    fleet.burst(1)
    fleet.run(3)
    name = hear(fleet, fleet.clock.now())
    fleet.clock.advance(3600)
    fleet.run(30)
    assert fleet.machines.present()[0].id == name


def test_a_worker_that_does_not_drain_is_killed_in_the_end() -> None:
    fleet, wish = wishing(1)
    fleet.machines.service = 100_000
    fleet.burst(1)
    fleet.run(3)
    wish.sizes.append(0)
    fleet.run(3600)
    assert fleet.states() == ["draining"]
    fleet.run(5)
    assert fleet.states() == []
    assert [e.reason for e in fleet.events("worker.killed")] == ["has not drained within 1 h"]
    assert fleet.events("worker.crashed") == []


def test_a_launch_that_fails_is_shown_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    fleet, _ = wishing(1)

    def refuse(id: str, template: LaunchTemplate) -> None:
        raise Unavailable("no such command")

    with monkeypatch.context() as patch:
        patch.setattr(fleet.machines, "launch", refuse)
        fleet.run(3)
        assert fleet.controller.state()["trouble"] == ("no worker can be launched: no such command")
    fleet.run(5)
    assert fleet.states() == ["idle"]
    assert fleet.controller.state()["trouble"] == ""


def test_ids_are_never_reused(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = iter(["aa", "aa", "aa", "bb", "cc"])
    monkeypatch.setattr("secrets.token_hex", lambda _: next(numbers))
    fleet, wish = wishing(2)
    fleet.run(2)
    wish.sizes.append(3)
    fleet.run(2)
    assert [m.id for m in fleet.machines.present()] == ["f-aa", "f-bb", "f-cc"]


def test_the_cause_of_an_end_in_words() -> None:
    gone = machine("a", WorkerState.IDLE, 0)
    cases: dict[str, Any] = {
        "vanished": Ended(gone, None, False, ""),
        "killed by signal 11": Ended(gone, -11, False, "the last line of its log"),
        "exit status 2: no such app": Ended(gone, 2, False, "no such app"),
        "exit status 3": Ended(gone, 3, False, ""),
        "exit status 0": Ended(gone, 0, False, "hello"),
    }
    assert {text: ended.cause for text, ended in cases.items()} == {text: text for text in cases}


def test_state_shows_everything() -> None:
    fleet = SimulatedFleet(Fleet(min=1, max=2, scale=Fixed(2)))
    fleet.burst(3)
    fleet.run(3)
    state = fleet.controller.state()
    assert state["policy"] == "Fixed(size=2)"
    assert [state[key] for key in ("min", "max", "wanted")] == [1, 2, 2]
    assert state["counts"]["visible"] == 1
    assert [worker["state"] for worker in state["workers"]] == ["busy", "busy"]
    assert fleet.controller.sizes() == {
        "starting": 0,
        "idle": 0,
        "busy": 2,
        "draining": 0,
        "wanted": 2,
    }


def test_a_renewed_fleet_is_replaced_one_by_one_and_never_too_small() -> None:
    fleet, _ = wishing(3)
    fleet.run(2)
    before = {m.id for m in fleet.machines.present()}
    fleet.controller.crew.renew("new code")
    for _ in range(40):
        fleet.run(0.5)
        serving = [m for m in fleet.machines.present() if m.state is WorkerState.IDLE]
        assert 3 <= len(serving) <= len(fleet.machines.present()) <= 4
    assert not before & {m.id for m in fleet.machines.present()}
    assert len(fleet.machines.present()) == 3
    assert fleet.events("worker.crashed") == []


def test_new_code_that_does_not_start_leaves_the_old_at_work() -> None:
    fleet, _ = wishing(2)
    fleet.run(2)
    before = {m.id for m in fleet.machines.present()}
    fleet.machines.dies_at_start = True
    fleet.controller.crew.renew("new code")
    fleet.run(30)
    assert before <= {m.id for m in fleet.machines.present()}
    assert "ImportError" in fleet.controller.crew.trouble


def test_a_recycled_worker_is_no_crash() -> None:
    fleet, _ = wishing(2)
    fleet.run(2)
    first = fleet.machines.present()[0].id
    fleet.controller.crew.recycle(first, "uses too much")
    fleet.controller.crew.recycle(first, "uses too much")
    fleet.run(5)
    assert first not in {m.id for m in fleet.machines.present()}
    assert len(fleet.machines.present()) == 2
    assert [e.subject for e in fleet.events("worker.recycled")] == [first]
    assert fleet.events("worker.crashed") == []


def test_a_condemned_worker_is_killed_and_replaced() -> None:
    fleet, _ = wishing(2)
    fleet.run(2)
    first = fleet.machines.present()[0].id
    fleet.controller.crew.condemn(first, "has not answered for 1 s")
    fleet.controller.crew.condemn("nobody", "is not there")
    fleet.run(5)
    assert len(fleet.machines.present()) == 2
    assert [e.subject for e in fleet.events("worker.killed")] == [first]
