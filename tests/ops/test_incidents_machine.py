"""A random walk: incidents against a model that knows nothing of timers, shelves and outboxes."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

import billow
from billow.clock import VirtualClock
from billow.ops.incidents.room import open_incidents, policy_of
from billow.ops.pager.audit import audit
from billow.ops.pager.roster import Roster
from tests.contract.homes import DRIVERS, open_driver
from tests.ops.world import LATER, OK, ROTA, World

KEYS = st.sampled_from(["a", "b"])
PEOPLE = st.sampled_from(["ana", "ben"])
SEVERITIES = st.sampled_from(["critical", "error", "warning"])
AFTER, REOPEN = 120.0, 300.0


class Model:
    """What is known of a key: is it open, who answered, when did it end."""

    def __init__(self) -> None:
        self.state = "none"
        self.ended = -1e9
        self.number = 0
        self.turns: list[float] = []


class IncidentMachine(RuleBasedStateMachine):
    """Nobody is forgotten, nobody is woken for nothing, and nothing is said twice."""

    driver = "memory"

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(prefix="billow-test-")
        clock = VirtualClock()
        home = open_driver(self.driver, Path(self.folder.name), clock)
        self.world = World(billow.Page(ROTA, after=AFTER), clock, home)
        self.world.add("ana", "webhook")
        self.world.add("ana", "push", wait=180.0)
        self.models: dict[str, Model] = {"a": Model(), "b": Model()}
        self.last = 0

    def teardown(self) -> None:
        self.folder.cleanup()

    @rule(key=KEYS, severity=SEVERITIES)
    def trigger(self, key: str, severity: str) -> None:
        model, now = self.models[key], self.world.clock.now()
        found = self.world.trigger(key, severity)
        if model.state in ("none", "resolved"):
            if model.state == "none" or now - model.ended >= REOPEN:
                self.last += 1
                model.number = self.last
            model.state = "triggered"
        assert found.number == model.number
        self.learn(key)

    @rule(key=KEYS)
    def resolve(self, key: str) -> None:
        self.world.resolve(key)
        self.learn(key)

    @rule(key=KEYS, who=PEOPLE)
    def acknowledge(self, key: str, who: str) -> None:
        model = self.models[key]
        if model.number:
            before = model.state
            self.world.desk.acknowledge(model.number, who)
            self.world.work()
            model.state = "acked" if before == "triggered" else before
            assert self.world.state(model.number) == model.state

    @rule(key=KEYS)
    def close(self, key: str) -> None:
        model = self.models[key]
        if model.number:
            self.world.desk.close(model.number, "ana")
            self.world.work()
            self.learn(key)
            assert model.state == "resolved"

    @rule(key=KEYS)
    def snooze(self, key: str) -> None:
        model = self.models[key]
        if model.number and model.state != "resolved":
            self.world.desk.snooze(model.number, 600.0, "ana")

    @rule(length=st.sampled_from([60.0, 900.0]))
    def silence(self, length: float) -> None:
        now = self.world.clock.now()
        Roster(self.world.home).add_mute("silence", {"key": "a"}, now, now + length, "", "ana")

    @rule(seconds=st.sampled_from([1.0, 30.0, 130.0, 299.0, 400.0, 1000.0]))
    def time_passes(self, seconds: float) -> None:
        self.world.pass_time(seconds)
        for key in self.models:
            self.learn(key)

    @rule(fails=st.booleans())
    def the_way_out_changes(self, fails: bool) -> None:
        self.world.wire.answer = lambda _: LATER if fails else OK

    @rule()
    def another_pager_takes_over(self) -> None:
        self.world.restart()

    def learn(self, key: str) -> None:
        """What only time or the source can decide is taken over, if it is a step that may be."""
        model = self.models[key]
        if not model.number:
            return
        found = self.world.desk.get(model.number)
        allowed = {
            "triggered": {"triggered", "resolved"},
            "acked": {"acked", "triggered", "resolved"},
            "resolved": {"resolved"},
        }
        assert found.state in allowed[model.state]
        model.state = found.state
        if found.resolved is not None:
            model.ended = found.resolved

    @invariant()
    def something_will_happen_to_every_open_incident(self) -> None:
        def work(room: object) -> list[int]:
            books = room.books  # type: ignore[attr-defined]
            timers = {each.incident for each in books.timers.find(limit=1000)}
            return [
                each.number
                for each in open_incidents(books)
                if each.number not in timers and policy_of(each)["forget"]
            ]

        assert self.world.desk.look(work) == []

    @invariant()
    def the_auditor_finds_nothing(self) -> None:
        assert self.world.desk.look(audit) == []

    @invariant()
    def nothing_is_said_twice_and_nothing_before_its_time(self) -> None:
        keys = [each.key for _, parcel, _ in self.world.wire.sent for each in parcel.notices]
        assert len(keys) == len(set(keys))
        for at, parcel, _ in self.world.wire.sent:
            for each in parcel.incidents:
                if parcel.kind == "page":
                    assert at >= each.created + min(AFTER, 60.0)

    @invariant()
    def nobody_waits_for_what_is_answered(self) -> None:
        for model in self.models.values():
            if model.number and model.state in ("acked", "resolved"):
                waiting = [
                    each
                    for each in self.world.desk.notices(model.number)
                    if each.kind == "page" and each.state == "waiting"
                ]
                assert waiting == []


@pytest.mark.parametrize("driver", DRIVERS)
def test_incidents_behave_like_their_model(driver: str) -> None:
    machine = type("OnDriver", (IncidentMachine,), {"driver": driver})
    some = 120 if driver == "memory" else 15
    run_state_machine_as_test(machine, settings=settings(max_examples=some, stateful_step_count=30))
