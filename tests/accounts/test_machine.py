"""A random walk: who is let in is who should be, whatever happened before."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from billow.accounts.admin import OPERATOR
from billow.accounts.errors import NotLoggedIn
from billow.accounts.secret import Secret
from billow.accounts.sessions import NOWHERE
from billow.clock import VirtualClock
from billow.testing import memory_home
from tests.accounts.conftest import ANNA, PASSWORD, People

WORDS = [PASSWORD, Secret("the second password"), Secret("the third password")]
DAY = 86400.0


class DoorMachine(RuleBasedStateMachine):
    """One account, its sessions and tokens, and a model of which of them let somebody in."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = VirtualClock()
        self.people = People(memory_home(clock=self.clock), self.clock)
        done = self.people.join()
        self.id = done.account.id
        self.password = PASSWORD
        self.disabled = False
        #: Of each session that should be good: when it began, and was last used.
        self.sessions: dict[Secret, tuple[float, float]] = {done.token: (self.now, self.now)}
        self.tokens: set[Secret] = set()
        self.over: set[Secret] = set()

    @property
    def now(self) -> float:
        return self.clock.now()

    def end_sessions(self) -> None:
        self.over |= set(self.sessions)
        self.sessions = {}

    def end_all(self) -> None:
        self.end_sessions()
        self.over |= self.tokens
        self.tokens = set()

    @rule(word=st.sampled_from(WORDS), again=st.booleans())
    def log_in(self, word: Secret, again: bool) -> None:
        before = next(iter(self.sessions), None) if again else None
        visit = NOWHERE._replace(before=before)
        if word != self.password or self.disabled:
            with pytest.raises(NotLoggedIn):
                self.people.service.log_ins.log_in(ANNA, word, visit)
            self.clock.advance(2 * 3600)
            return
        token = self.people.service.log_ins.log_in(ANNA, word, visit).token
        if before is not None:
            del self.sessions[before]
            self.over.add(before)
        self.sessions[token] = (self.now, self.now)

    @precondition(lambda self: self.sessions)
    @rule(which=st.integers(0, 100))
    def log_out(self, which: int) -> None:
        token = list(self.sessions)[which % len(self.sessions)]
        self.people.service.sessions.end(token)
        del self.sessions[token]
        self.over.add(token)

    @precondition(lambda self: self.sessions)
    @rule(new=st.sampled_from(WORDS))
    def change_password(self, new: Secret) -> None:
        who = self.people.known(next(iter(self.sessions)))
        done = self.people.service.profile.change_password(who, self.password, new)
        self.end_sessions()
        self.password = new
        self.sessions[done.token] = (self.now, self.now)

    @rule(new=st.sampled_from(WORDS))
    def reset(self, new: Secret) -> None:
        self.clock.advance(2 * 3600)
        self.expire()
        if self.disabled:
            return
        self.people.service.profile.ask_reset(ANNA)
        self.people.service.profile.reset(self.people.code("reset"), new)
        self.password = new
        self.end_all()

    @precondition(lambda self: self.sessions and len(self.tokens) < 5)
    @rule()
    def make_token(self) -> None:
        who = self.people.known(next(iter(self.sessions)))
        self.tokens.add(self.people.service.tokens.create(who, "t", ["read"]).secret)

    @rule(disable=st.booleans())
    def disable_or_enable(self, disable: bool) -> None:
        admin = self.people.service.admin
        if disable:
            admin.disable(OPERATOR, self.id)
            self.end_all()
        else:
            admin.enable(OPERATOR, self.id)
        self.disabled = disable

    @rule(days=st.sampled_from([1, 5, 6.9, 7, 20]))
    def time_passes(self, days: float) -> None:
        self.clock.advance(days * DAY)
        self.expire()

    @rule()
    def sweep(self) -> None:
        self.people.service.sweep()

    def expire(self) -> None:
        rules = self.people.service.office.rules
        for token, (began, used) in list(self.sessions.items()):
            if self.now >= began + rules.absolute or self.now >= used + rules.idle:
                del self.sessions[token]
                self.over.add(token)

    @invariant()
    def only_who_should_be_is_let_in(self) -> None:
        self.expire()
        service = self.people.service
        for token, (began, _) in self.sessions.items():
            assert service.sessions.find(token) is not None
            self.sessions[token] = (began, self.now)
        assert all(service.tokens.find(token) is not None for token in self.tokens)
        for token in self.over:
            assert service.sessions.find(token) is None
            assert service.tokens.find(token) is None
        assert service.admin.verify_log(OPERATOR).broken is None


def test_only_who_should_be_is_let_in() -> None:
    run_state_machine_as_test(
        DoorMachine, settings=settings(max_examples=40, stateful_step_count=30)
    )
