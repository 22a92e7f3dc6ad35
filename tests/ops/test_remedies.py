"""Remedies under alarms, on a virtual clock: acted, verified, given up, paged, bounded."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import billow
from billow.clock import VirtualClock
from billow.drivers.memory.home import open_memory
from billow.errors import Unavailable
from billow.ops import controls
from billow.ops.action import Action, read_action
from billow.ops.engine import Evaluated, Memory
from billow.ops.judging import AlarmState, Verdict
from billow.ops.lease import Lease
from billow.ops.remedies.guard import Evidence, Member, Pool
from billow.ops.remedies.records import Records
from billow.ops.remedies.remedies import Remedies
from billow.ops.watch import Turn
from billow.ops.watched import Watched
from tests.ops.test_watch import Phone

OK, ALARM, NO_DATA = AlarmState.OK, AlarmState.ALARM, AlarmState.INSUFFICIENT_DATA


class Made:
    """Hands that note what they did to a pool that a test makes up."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.acts: list[str] = []
        self.members: tuple[Member, ...]
        self.members = (Member("m0", "is silent"), Member("m1"), Member("m2"))
        self.before: Callable[[], None] = lambda: None
        self.fails = False
        #: Alarms because of which something goes on.
        self.going_on: set[str] = set()

    def look(self, action: Action) -> Evidence:
        self.before()
        sick = next((one for one in self.members if one.sick), None)
        sign = f"{sick.id} {sick.sick}" if sick else ""
        return Evidence(self.clock.now(), sign, sick.id if sick else "", Pool(self.members, 1))

    def act(self, action: Action, evidence: Evidence, alarm: str, reason: str) -> str:
        if self.fails:
            raise Unavailable("nobody answers")
        self.acts.append(f"{action} {evidence.member}".strip())
        self.going_on.add(alarm)
        return "done"

    def lift(self, action: Action, alarm: str) -> bool:
        there = alarm in self.going_on
        self.going_on.discard(alarm)
        return there


class World:
    """A home, made-up hands, and alarms whose states a test says."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.home = open_memory(clock=self.clock)
        self.hands = Made(self.clock)
        self.phone = Phone()
        self.maintained = False
        self.remedies = self.process("one")

    def process(self, holder: str) -> Remedies:
        lease = Lease(self.home.tables, "alarms", holder, self.clock)
        lease.held()
        return Remedies(
            self.home.journal,
            Records(self.home.tables),
            self.hands,
            lease,
            pager=self.phone,
            maintained=lambda _: self.maintained,
            clock=self.clock,
            service="shop",
        )

    def turn(
        self, state: AlarmState, *do: str, name: str = "slow", dry: bool = False, wait: float = 60
    ) -> None:
        """An evaluation, and then a minute passes."""
        actions = tuple(read_action(one) for one in do or ("restart web",))
        watched = Watched(billow.Alarm(name, "host.cpu > 90 %"), actions, dry=dry)
        memory = Memory(Verdict(state, 95.0))
        now = self.clock.now()
        self.remedies.consider(Turn(watched, Evaluated(memory, repeats=True), "95", now))
        self.clock.advance(wait)

    def outcomes(self) -> list[str]:
        return [one.done.outcome for one in Records(self.home.tables).since(0)]

    def told(self) -> list[str]:
        return [entry.kind for entry in self.home.journal.read(kinds=["remedy."], limit=1000)]


@pytest.fixture
def world() -> World:
    return World()


def test_a_remedy_that_helps(world: World) -> None:
    for state in (ALARM, ALARM, OK):
        world.turn(state)
    assert world.hands.acts == ["restart web m0"]
    assert world.outcomes() == ["helped"]
    assert world.told() == ["remedy.done", "remedy.helped"]
    assert world.phone.calls == []


def test_what_does_not_help_is_not_repeated_and_somebody_is_paged_once(world: World) -> None:
    for _ in range(30):
        world.turn(ALARM)
    assert world.hands.acts == ["restart web m0"]
    assert world.outcomes() == ["no help"]
    key = "remediation_exhausted:slow"
    assert world.phone.calls == [("trigger", "shop", key)]
    world.turn(OK)
    assert world.phone.calls[1:] == [("resolve", "shop", key)]


def test_the_next_action_is_tried_after_one_that_did_not_help(world: World) -> None:
    for _ in range(14):
        world.turn(ALARM, "restart web", "recycle web")
    assert world.hands.acts == ["restart web m0", "recycle web m0"]
    world.turn(OK, "restart web", "recycle web")
    assert world.outcomes()[0] == "no help"


def test_a_flapping_alarm_causes_few_actions(world: World) -> None:
    for _ in range(60):  # an hour
        world.turn(ALARM, wait=30)
        world.turn(OK, wait=30)
    assert 1 <= len(world.hands.acts) <= 3


def test_if_all_are_sick_at_once_nothing_is_done_and_somebody_is_paged(world: World) -> None:
    world.hands.members = tuple(Member(f"m{n}", "is silent") for n in range(6))
    for _ in range(10):
        world.turn(ALARM)
    assert world.hands.acts == []
    assert len(world.phone.calls) == 1


def test_without_measured_values_nothing_is_done(world: World) -> None:
    for _ in range(10):
        world.turn(NO_DATA)
    assert world.hands.acts == []
    assert world.told() == []


def test_an_action_that_fails_is_written_down_and_escalated(world: World) -> None:
    world.hands.fails = True
    for _ in range(5):
        world.turn(ALARM)
    assert world.outcomes() == ["failed"]
    assert [entry.reason for entry in world.home.journal.read(kinds=["remedy.failed"])] == [
        "restart web: nobody answers"
    ]
    assert len(world.phone.calls) == 1


def test_of_two_controllers_one_acts(world: World) -> None:
    other = world.process("two")
    mine = world.remedies
    for remedies in (other, mine):
        world.remedies = remedies
        world.turn(ALARM, wait=0)
    assert world.hands.acts == ["restart web m0"]


def test_a_storm_of_alarms_causes_six_actions_and_says_so(world: World) -> None:
    for _ in range(50):
        for number in range(50):
            world.turn(ALARM, f"restart web{number}", name=f"alarm {number}", wait=0)
        world.clock.advance(60)
    hour = world.clock.now() - 3600
    recent = [
        one for one in Records(world.home.tables).since(hour) if one.done.outcome != "dry run"
    ]
    assert len(recent) == 6
    assert len(world.phone.calls) == 50


@pytest.mark.parametrize("step", [86400.0, -86400.0])
def test_a_clock_that_jumps_causes_no_flood(world: World, step: float) -> None:
    for number in range(10):
        world.turn(ALARM, f"restart web{number}", name=f"alarm {number}")
    before = len(world.hands.acts)
    world.clock.advance(step)
    for number in range(10, 20):
        world.turn(ALARM, f"restart web{number}", name=f"alarm {number}")
    assert before == 6
    assert len(world.hands.acts) <= (12 if step > 0 else 6)


def test_nothing_is_done_during_maintenance(world: World) -> None:
    world.maintained = True
    for _ in range(5):
        world.turn(ALARM)
    assert (world.hands.acts, world.phone.calls, world.told()) == ([], [], ["remedy.held"])
    world.maintained = False
    world.turn(ALARM)
    assert world.hands.acts == ["restart web m0"]


def test_new_rules_only_tell_what_they_would_do(world: World) -> None:
    for _ in range(5):
        world.turn(ALARM, dry=True)
    assert (world.hands.acts, world.outcomes()) == ([], ["dry run"])
    assert world.told() == ["remedy.dry-run"]


def test_the_switch_holds_at_once_even_in_the_middle(world: World) -> None:
    controls.set_mode(world.home.journal, "off")
    world.turn(ALARM)
    controls.set_mode(world.home.journal, "on")
    began = len(world.hands.acts)
    world.hands.before = lambda: controls.set_mode(world.home.journal, "off", "stop it")
    world.turn(ALARM)
    assert (began, world.hands.acts) == (0, [])
    assert world.outcomes() == ["stopped"]


def test_a_dry_run_of_all_of_them(world: World) -> None:
    controls.set_mode(world.home.journal, "dry-run")
    world.turn(ALARM)
    assert (world.hands.acts, world.outcomes()) == ([], ["dry run"])


def test_a_controller_that_cannot_write_does_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise Unavailable("full")

    monkeypatch.setattr(world.home.tables, "put", full)
    with pytest.raises(Unavailable):
        world.turn(ALARM)
    assert world.hands.acts == []


def test_what_a_dead_process_began_counts_as_failed_and_is_not_repeated(world: World) -> None:
    def die() -> None:
        raise SystemExit

    world.hands.act = lambda *_: die()  # type: ignore[assignment, method-assign]
    with pytest.raises(SystemExit):
        world.turn(ALARM)
    assert world.outcomes() == ["acting"]
    world.hands = Made(world.clock)
    world.remedies = world.process("one")
    for _ in range(15):
        world.turn(ALARM)
    assert world.outcomes() == ["failed"]
    assert world.hands.acts == []
    assert len(world.phone.calls) == 1


def test_scaling_is_asked_for_again_while_the_alarm_goes_on(world: World) -> None:
    for _ in range(45):
        world.turn(ALARM, "scale out web")
    assert world.hands.acts == ["scale out web m0"] * 3


def test_what_goes_on_is_ended_when_the_alarm_is_over_also_by_the_next_process(
    world: World,
) -> None:
    world.turn(ALARM, "shed load", "restart web")
    assert world.hands.going_on == {"slow"}
    world.remedies = world.process("one")
    world.turn(OK, "shed load", "restart web")
    assert world.hands.going_on == set()
    assert world.told() == ["remedy.done", "remedy.lifted"]


def test_what_goes_on_and_does_not_help_stays_while_the_next_is_tried(world: World) -> None:
    for _ in range(14):
        world.turn(ALARM, "shed load", "restart web")
    assert world.hands.acts == ["shed load m0", "restart web m0"]
    assert world.outcomes()[0] == "no help"
    assert world.hands.going_on == {"slow"}
