"""The line: bounded, newest first, each only once, and nobody is left without an answer."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from billow.clock import VirtualClock
from billow.errors import Error
from billow.renderer.line import FORGET_AFTER, LEFT, Line, key_of
from billow.rendition import Wanted
from billow.renditions.errors import Broken, Busy, Crashed, Gone, Left, Unrenderable

ROOM = 3


def wanted(id: int) -> Wanted:
    return Wanted("photos", "image", id, {}, "", "name", "image/jpeg")


class Asker:
    """Collects answers."""

    def __init__(self, room: int = ROOM) -> None:
        self.clock = VirtualClock()
        self.line = Line(room, self.clock, lambda: 2.0)
        self.answers: list[tuple[int, Error | None]] = []

    def ask(self, id: int, within: float = 60.0) -> None:
        self.line.ask(wanted(id), within, self.note(id))

    def note(self, id: int) -> Callable[[Error | None], None]:
        return lambda wrong: self.answers.append((id, wrong))

    def next(self) -> int | None:
        found = self.line.next()
        return None if found is None else found.id

    def done(self, id: int, wrong: Error | None = None) -> None:
        self.line.done(key_of(wanted(id)), wrong)

    def kinds(self) -> list[tuple[int, str]]:
        return [(id_, type(wrong).__name__) for id_, wrong in self.answers]


def test_the_newest_is_first() -> None:
    asker = Asker()
    for each in (1, 2, 3, 1):
        asker.ask(each)
    assert [asker.next() for _ in range(4)] == [1, 3, 2, None]


def test_each_is_made_once_however_many_ask() -> None:
    asker = Asker()
    asker.ask(1)
    asker.ask(1)
    assert asker.next() == 1
    asker.ask(1)
    assert asker.next() is None
    asker.done(1)
    assert asker.answers == [(1, None)] * 3


def test_who_waits_longest_has_to_go_when_there_is_no_room() -> None:
    asker = Asker()
    for each in (1, 2, 3, 4):
        asker.ask(each)
    ((id_, wrong),) = asker.answers
    assert id_ == 1
    assert isinstance(wrong, Busy)
    assert wrong.extra["retry_after"] == 6
    assert (len(asker.line), asker.line.refused) == (3, 1)


def test_what_nobody_waits_for_any_more_is_not_made() -> None:
    asker = Asker()
    asker.ask(1, within=10)
    asker.ask(2, within=100)
    asker.ask(1, within=20)
    asker.clock.advance(30)
    assert asker.next() == 2
    assert asker.kinds() == [(1, "Busy")] * 2
    assert asker.line.expired == 1


def test_what_nobody_asked_for_waits_for_all_else() -> None:
    asker = Asker()
    for each in (1, 2):
        asker.line.warm(wanted(each))
    asker.ask(3)
    assert asker.line.next_early() is None
    assert asker.next() == 3
    early = asker.line.next_early()
    assert early is not None
    assert early.id == 2
    asker.ask(2)
    assert asker.next() is None  # it is being made
    asker.done(2)
    assert asker.answers == [(2, None)]


def test_what_nobody_asked_for_is_made_once_and_is_bounded() -> None:
    asker = Asker()
    for each in (1, 1, 2, 3, 4):
        asker.line.warm(wanted(each))
    asker.ask(2)
    assert asker.next() == 2
    found = [asker.line.next_early() for _ in range(3)]
    assert [each and each.id for each in found] == [3, 1, None]
    asker.done(1, Broken("bug"))
    asker.line.warm(wanted(1))
    assert asker.line.next_early() is None


def test_a_failure_is_remembered_for_a_while() -> None:
    asker = Asker()
    for id_, wrong in ((1, Unrenderable("bad")), (2, Broken("bug"))):
        asker.ask(id_)
        assert asker.next() == id_
        asker.done(id_, wrong)
        asker.ask(id_)
        assert asker.next() is None
    assert asker.kinds() == [(1, "Unrenderable")] * 2 + [(2, "Broken")] * 2
    asker.clock.advance(FORGET_AFTER)
    asker.ask(1)
    assert asker.next() == 1


def test_what_passes_is_not_remembered() -> None:
    asker = Asker()
    for wrong in (Gone("gone"), Busy("full")):
        asker.ask(1)
        assert asker.next() == 1
        asker.done(1, wrong)
    asker.ask(1)
    assert asker.next() == 1


def test_a_crash_may_be_chance_once() -> None:
    asker = Asker()
    asker.ask(1)
    for _ in range(2):
        assert asker.next() == 1
        asker.done(1, Crashed("killed"))
    assert asker.kinds() == [(1, "Crashed")]
    asker.ask(1)
    assert asker.next() is None


def test_whoever_leaves_without_making_it_is_not_blamed_on_the_file_for_a_while() -> None:
    asker = Asker()
    asker.ask(1)
    for _ in range(LEFT + 1):
        assert asker.next() == 1
        asker.done(1, Left("older code", retry_after=2))
    assert asker.kinds() == [(1, "Left")]
    asker.ask(1)
    assert asker.next() == 1


class LineMachine(RuleBasedStateMachine):
    """Whatever happens, everybody gets one answer, or is still waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.asker = Asker()
        self.asked = 0
        self.running: set[int] = set()

    @rule(id=st.integers(1, 6), within=st.integers(1, 20))
    def ask(self, id: int, within: int) -> None:
        self.asker.ask(id, within)
        self.asked += 1

    @rule()
    def begin(self) -> None:
        found = self.asker.next()
        assert found not in self.running
        self.running |= set() if found is None else {found}

    @rule(wrong=st.sampled_from([None, Unrenderable("x"), Crashed("x"), Busy("x")]))
    def end(self, wrong: Error | None) -> None:
        if self.running:
            self.asker.done(self.running.pop(), wrong)

    @rule(seconds=st.integers(1, 70))
    def pass_time(self, seconds: int) -> None:
        self.asker.clock.advance(seconds)

    @invariant()
    def bounded(self) -> None:
        # A crash puts one back beyond the room: it has been taken out before.
        assert len(self.asker.line) <= ROOM + 6
        assert self.asker.line.running == len(self.running)
        assert len(self.asker.answers) <= self.asked

    def teardown(self) -> None:
        for _ in range(3):
            self.asker.clock.advance(100)
            self.begin()
            while self.running:
                self.asker.done(self.running.pop())
        assert len(self.asker.answers) == self.asked


LineMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestLine = LineMachine.TestCase
