"""An alarm's life on a virtual clock: transitions, actions once, actions repeated, held back."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from billow.ops.alarm import Alarm
from billow.ops.engine import Evaluated, Memory, due, evaluate, set_state
from billow.ops.judging import AlarmState
from tests.ops.values import Values

OK, ALARM, NO_DATA = AlarmState.OK, AlarmState.ALARM, AlarmState.INSUFFICIENT_DATA
START = 1_700_000_040.0


class Life:
    """One alarm, evaluated minute by minute."""

    def __init__(self, alarm: Alarm) -> None:
        self.alarm = alarm
        self.values = Values()
        self.memory = Memory()
        self.at = START
        self.states: dict[str, AlarmState] = {}

    def minute(self, value: float | None, **states: AlarmState) -> Evaluated:
        if value is not None:
            self.values.put("host.cpu", self.at, value)
        self.at += 60
        found = evaluate(self.alarm, self.memory, self.at, self.values, states)
        self.memory = found.memory
        return found


def acts(found: Evaluated) -> str:
    return f"{found.memory.state[0]}{'!' if found.acts else ''}{'+' if found.repeats else ''}"


def test_actions_run_once_and_scaling_again_at_each_evaluation() -> None:
    life = Life(Alarm("hot", "host.cpu > 90"))
    seen = [acts(life.minute(value)) for value in (50, 95, 95, 95, 50, 50)]
    assert seen == ["O!+", "A!+", "A+", "A+", "O!+", "O+"]
    assert life.memory.since == START + 300


def test_a_new_alarm_lacks_data_and_says_so_only_when_that_changes() -> None:
    life = Life(Alarm("hot", "host.cpu > 90"))
    found = life.minute(None)
    assert (found.memory.state, found.before, found.acts) == (NO_DATA, None, False)
    assert life.minute(95).before is NO_DATA


def test_a_state_set_by_hand_lasts_until_the_next_evaluation() -> None:
    life = Life(Alarm("hot", "host.cpu > 90"))
    life.minute(50)
    found = set_state(life.memory, ALARM, life.at)
    assert (found.before, found.acts, found.memory.state) == (OK, True, ALARM)
    life.memory = found.memory
    assert acts(life.minute(50)) == "O!+"
    again = set_state(life.memory, OK, life.at)
    assert (again.before, again.acts) == (None, False)


def test_composites_follow_the_states_of_others() -> None:
    life = Life(Alarm("both", 'ALARM("a") AND NOT ALARM("b")'))
    assert life.minute(None, a=ALARM).memory.state is ALARM
    assert life.minute(None, a=ALARM, b=ALARM).memory.state is OK


def suppressed(wait: float = 0, extend: float = 0) -> Life:
    return Life(Alarm("hot", "host.cpu > 90", unless="deploy", wait=wait, extend=extend))


def test_nothing_is_done_while_the_other_alarm_is_on() -> None:
    life = suppressed()
    life.minute(50, deploy=OK)
    seen = [acts(life.minute(95, deploy=state)) for state in (ALARM, ALARM, OK, OK)]
    assert seen == ["A", "A", "A!+", "A+"]


def test_what_came_and_went_meanwhile_is_no_news() -> None:
    life = suppressed()
    life.minute(50, deploy=OK)
    seen = [
        acts(life.minute(value, deploy=state))
        for value, state in [(95, ALARM), (50, ALARM), (50, OK)]
    ]
    assert seen == ["A", "O", "O+"]


def test_actions_wait_for_the_other_alarm_to_come() -> None:
    life = suppressed(wait=120)
    life.minute(50, deploy=OK)
    life.minute(50, deploy=OK)
    life.minute(50, deploy=OK)
    seen = [acts(life.minute(95, deploy=OK)) for _ in range(4)]
    assert seen == ["A", "A", "A!+", "A+"]


def test_actions_wait_after_the_other_alarm_has_gone() -> None:
    life = suppressed(extend=120)
    life.minute(50, deploy=OK)
    life.minute(95, deploy=ALARM)
    seen = [acts(life.minute(95, deploy=OK)) for _ in range(4)]
    assert seen == ["A", "A", "A!+", "A+"]


def test_each_step_is_evaluated_once_however_often_one_looks() -> None:
    alarm, memory = Alarm("hot", "host.cpu > 90"), Memory()
    evaluations = 0
    for tick in range(0, 600, 7):
        at = due(alarm, memory, START + tick, 3.0)
        if at is not None:
            evaluations += 1
            memory = evaluate(alarm, memory, at, Values(), {}).memory
    assert evaluations == 11
    assert due(Alarm("fast", "host.cpu > 90 for 30 s"), Memory(), START + 19, 3.0) == START + 10


def test_a_clock_set_back_is_evaluated_again() -> None:
    alarm = Alarm("hot", "host.cpu > 90")
    memory = evaluate(alarm, Memory(), START + 3600, Values(), {}).memory
    assert due(alarm, memory, START + 63, 3.0) == START + 60


@given(st.lists(st.sampled_from([None, 50.0, 95.0]), max_size=20))
def test_what_is_told_is_each_change_and_nothing_else(numbers: list[float | None]) -> None:
    life = Life(Alarm("hot", "host.cpu > 90"))
    told, state = [], NO_DATA
    for number in numbers:
        found = life.minute(number)
        assert found.acts == (found.before is not None)
        assert (found.before is None) == (found.memory.state is state)
        state = found.memory.state
        told.append(found.acts)
        assert Memory.unpack(json.loads(json.dumps(life.memory.pack()))) == life.memory
