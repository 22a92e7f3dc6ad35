"""Alarms of a service, watched on a virtual clock: told once, kept over a restart, paged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

import billow
from billow.clock import VirtualClock
from billow.drivers.memory.home import open_memory
from billow.errors import BadInput, NotFound, Unavailable
from billow.home import Home
from billow.keeper.operations import page
from billow.ops import controls
from billow.ops.lease import Lease
from billow.ops.paging import Severity
from billow.ops.recorder import Recorder
from billow.ops.watch import LATE, Turn, Watch

START = 1_700_000_040.0


class Phone:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, str]] = []

    def trigger(
        self, service: str, key: str, summary: str, severity: Severity, source: str,
        details: Mapping[str, Any],
    ) -> None:  # fmt: skip
        self.calls.append(("trigger", service, key))

    def resolve(self, service: str, key: str) -> None:
        self.calls.append(("resolve", service, key))


class World:
    """A home whose processor load is made up, and the watch over it."""

    def __init__(self, app: billow.App) -> None:
        self.clock = VirtualClock(START)
        self.home: Home = open_memory(clock=self.clock)
        self.app = app
        self.phone = Phone()
        self.turns: list[Turn] = []
        self.watch = self.watcher("one")

    def watcher(self, holder: str) -> Watch:
        lease = Lease(self.home.tables, "alarms", holder, self.clock)
        home = self.home
        return Watch(
            self.app.watched(), home.metrics, home.journal, lease, self.act, self.clock
        )  # fmt: skip

    def act(self, turn: Turn) -> None:
        if turn.evaluated.acts:
            self.turns.append(turn)
            if turn.watched.page:
                page(self.phone, self.app.name, turn)

    def minute(self, cpu: float | None = None) -> None:
        """A minute passes, at the end of which everything is looked at."""
        if cpu is not None:
            recorder = Recorder()
            recorder.gauge("host.cpu", cpu)
            self.home.metrics.write(self.clock.now(), recorder.take())
        self.clock.advance(60)
        for _ in range(3):
            self.watch.tick()

    def told(self) -> list[tuple[str, str]]:
        kinds = ("alarm.", "watch.")
        return [(e.kind, e.subject) for e in self.home.journal.read(kinds=kinds, limit=1000)]


@pytest.fixture
def world() -> World:
    app = billow.App("shop")
    app.usual_alarms = False
    app.alarm(billow.Alarm("hot", "host.cpu > 90 %"), page=True)
    made = World(app)
    made.clock.advance(LATE)
    return made


def test_changes_are_told_and_paged_once(world: World) -> None:
    for cpu in (50, 95, 95, 95, 50):
        world.minute(cpu)
    assert world.told() == [("watch.ok", "hot"), ("alarm.alarm", "hot"), ("alarm.ok", "hot")]
    key = "alarm:shop:hot"
    assert world.phone.calls == [
        ("resolve", "shop", key), ("trigger", "shop", key), ("resolve", "shop", key)
    ]  # fmt: skip
    assert [turn.reason for turn in world.turns][1] == "95 (host.cpu > 90 %)"


def test_states_outlive_the_process_and_nothing_is_told_again(world: World) -> None:
    world.minute(95)
    world.watch = world.watcher("two")
    world.clock.advance(20)  # the lease of the first is free
    world.minute(95)
    assert world.told() == [("alarm.alarm", "hot")]
    shown = controls.alarms(world.home.journal)["hot"]
    assert (shown["state"], shown["value"], shown["page"]) == ("ALARM", 95, "shop")


def test_what_was_not_told_before_a_crash_is_told_after_it(world: World) -> None:
    def crash(_: Turn) -> None:
        raise SystemExit

    world.watch._act = crash
    with pytest.raises(SystemExit):
        world.minute(95)
    world.watch = world.watcher("one")
    world.watch.tick()
    assert world.phone.calls == [("trigger", "shop", "alarm:shop:hot")]


def test_only_one_of_two_watches_acts(world: World) -> None:
    other = world.watcher("two")
    assert (world.watch.tick(), other.tick()) == (True, False)
    world.minute(95)
    other.tick()
    assert len(world.turns) == 1
    world.clock.advance(60)
    assert (other.tick(), world.watch.tick()) == (True, False)


def test_a_state_set_by_hand_is_told_and_lasts_until_the_next_evaluation(world: World) -> None:
    world.minute(50)
    controls.set_state(world.home.journal, "hot", "ALARM", "to try it", world.clock.now())
    world.watch.tick()
    world.watch.tick()
    assert world.turns[-1].reason == "to try it"
    assert controls.alarms(world.home.journal)["hot"]["state"] == "ALARM"
    world.minute(50)
    assert world.told()[1:] == [("alarm.alarm", "hot"), ("alarm.ok", "hot")]


def test_actions_can_be_switched_off_and_on(world: World) -> None:
    world.minute(50)
    controls.enable(world.home.journal, "hot", on=False)
    world.minute(95)
    assert world.told()[-1] == ("alarm.alarm", "hot")
    assert [call[0] for call in world.phone.calls] == ["resolve"]
    controls.enable(world.home.journal, "hot", on=True)
    world.minute(50)
    assert [call[0] for call in world.phone.calls] == ["resolve", "resolve"]


def test_unknown_alarms_and_states_are_refused(world: World) -> None:
    world.minute(50)
    with pytest.raises(NotFound, match="there are: hot"):
        controls.enable(world.home.journal, "cold", on=False)
    with pytest.raises(BadInput, match="INSUFFICIENT_DATA"):
        controls.set_state(world.home.journal, "hot", "FINE", "", 0)
    with pytest.raises(BadInput, match="dry-run"):
        controls.set_mode(world.home.journal, "maybe")


def test_an_alarm_that_fails_stops_no_other(world: World) -> None:
    app = world.app
    app.alarm(billow.Alarm("warm", "host.cpu > 50 %"))
    world.watch = world.watcher("one")

    def summaries(name: str, *_: object) -> None:
        raise Unavailable("full")

    world.minute(95)
    world.watch._source = type("Broken", (), {"summaries": staticmethod(summaries)})()
    world.minute(95)
    world.watch._source = world.home.metrics
    world.minute(50)
    assert world.told()[-2:] == [("alarm.ok", "hot"), ("alarm.ok", "warm")]


def test_a_lease_is_free_when_its_holder_is_silent_or_lets_go() -> None:
    clock = VirtualClock(START)
    home = open_memory(clock=clock)
    one, two = (Lease(home.tables, "alarms", name, clock) for name in ("one", "two"))
    assert (one.held(), two.held(), one.held()) == (True, False, True)
    clock.advance(14)
    assert (one.held(), two.held()) == (True, False)
    clock.advance(16)
    assert (two.held(), one.held()) == (True, False)
    two.release()
    assert (one.held(), two.held()) == (True, False)


def test_a_lease_is_not_held_while_the_store_cannot_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = VirtualClock(START)
    home = open_memory(clock=clock)
    lease = Lease(home.tables, "alarms", "one", clock)
    assert lease.held()

    def full(*_: object) -> None:
        raise Unavailable("full")

    monkeypatch.setattr(home.tables, "put", full)
    clock.advance(10)
    assert not lease.held()


def test_every_app_has_the_golden_signals_and_may_replace_them() -> None:
    app = billow.App("shop")

    @app.function()
    def pack(n: int) -> int:
        return n

    names = [one.alarm.name for one in app.watched()]
    assert names == [
        "processors", "memory", "disk", "disk full", "web errors", "web latency", "dead letters",
        "cut off",
        "pack errors", "pack backlog",
    ]  # fmt: skip
    app.alarm(billow.Alarm("web latency", "web.latency.p99 > 1 s for 3 min"), page=True)
    own = {one.alarm.name: one for one in app.watched()}["web latency"]
    assert (own.default, own.page) == (False, "shop")


def test_alarms_of_an_app_are_checked() -> None:
    app = billow.App("shop")
    app.alarm(billow.Alarm("hot", "host.cpu > 1 %"), do="restart web")
    with pytest.raises(billow.DeclarationError, match="twice"):
        app.alarm(billow.Alarm("hot", "host.cpu > 1 %"))
    with pytest.raises(billow.DeclarationError, match="is no action"):
        app.alarm(billow.Alarm("a", "host.cpu > 1 %"), do="reboot web")
    with pytest.raises(billow.DeclarationError, match="say of what"):
        app.alarm(billow.Alarm("b", "host.cpu > 1 %"), do="restart")
    with pytest.raises(billow.DeclarationError, match="no fleet 'web'; there are: none"):
        app.watched()


def nothing() -> None:
    """Nothing."""


@pytest.mark.parametrize(
    ("do", "words"),
    [
        ("open breaker", "say of what"),
        ("open breaker geo", "nothing calls 'geo'; there are: archive, mail, maps, payments"),
        ("shed load", "only the front of a pool does that"),
        ("shed load web", "has no target"),
        ("retry thaws now", "has no target"),
    ],
)
def test_breakers_and_fronts_that_are_not_there_are_named(do: str, words: str) -> None:
    app = billow.App("shop")
    app.function(calls="maps", name="locate")(nothing)
    with pytest.raises(billow.DeclarationError, match=words):  # noqa: PT012
        app.alarm(billow.Alarm("a", "host.cpu > 1 %"), do=do)
        app.watched()


def test_functions_that_call_something_have_its_breaker_opened() -> None:
    app = billow.App("shop")
    app.function(calls="maps", name="locate")(nothing)
    app.function(name="count")(nothing)
    acts = {one.alarm.name: [str(each) for each in one.do] for one in app.watched()}
    assert acts["locate errors"] == ["open breaker maps"]
    assert acts["count errors"] == []
    assert "cut off" in acts


def test_composites_are_checked() -> None:
    app = billow.App("shop")
    app.alarm(billow.Alarm("c", 'ALARM("nothing")'))
    with pytest.raises(billow.DeclarationError, match="no alarm 'nothing'"):
        app.watched()
