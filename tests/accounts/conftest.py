"""A service with accounts, and a mailbox to read its codes from."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pytest

from billow.accounts import codes
from billow.accounts.admin import OPERATOR
from billow.accounts.office import FollowUps, Rules
from billow.accounts.passwords import Hasher
from billow.accounts.roles import Principal
from billow.accounts.secret import Secret
from billow.accounts.service import AccountService
from billow.accounts.sessions import LoggedIn, Visit
from billow.clock import VirtualClock
from billow.home import Home, open_home
from billow.ports.accounts import Account
from billow.ports.ledger import Submission
from billow.testing import memory_home

PASSWORD = Secret("correct horse battery")
OTHER = Secret("another good one")
HOME_NET = Visit("192.0.2.7", "Firefox")
FAR_NET = Visit("203.0.113.9", "curl")
ANNA = "Anna@example.org"
RULES = Rules(app="gas", plans=("free", "premium"))


def fast_hasher(**more: int) -> Hasher:
    """The same algorithm, at a cost that tests can afford."""
    return Hasher(memory=8, passes=1, **more)


class Mail(NamedTuple):
    kind: str
    to: str
    context: dict[str, Any]


class People:
    """The service under test, and short hands for what tests do with it."""

    def __init__(self, home: Home, clock: VirtualClock, rules: Rules = RULES) -> None:
        self.home = home
        self.clock = clock
        follow = FollowUps(plan_changed=_note_change, deleted=_note_leaving)
        self.service = AccountService(home, rules, follow, fast_hasher())

    def mails(self) -> list[Mail]:
        """What is to be mailed so far, oldest first."""
        jobs = reversed(self.home.ledger.find(function="billow.mail", limit=1000).jobs)
        return [Mail(j.args["kind"], j.args["to"], j.args["context"]) for j in jobs]

    def code(self, kind: str) -> Secret:
        """The latest code that was mailed."""
        context = next(mail.context for mail in reversed(self.mails()) if mail.kind == kind)
        return codes.reveal(self.home.accounts.key(), context["code_kind"], context["code_id"])

    def join(self, email: str = ANNA, password: Secret = PASSWORD) -> LoggedIn:
        """Sign up, read the mail, verify."""
        self.service.sign_ups.ask(email, password, "Anna", HOME_NET)
        return self.service.sign_ups.verify(self.code(codes.VERIFY), password, HOME_NET)

    def known(self, token: Secret) -> Principal:
        """Who has a session, which must be there."""
        found = self.service.sessions.find(token)
        assert found is not None
        return found

    def boss(self, email: str = "boss@example.org") -> Principal:
        """An administrator who is logged in."""
        admin = self.service.admin
        made = admin.create(OPERATOR, email, PASSWORD, "Boss", role="admin")
        return self.known(self.service.log_ins.log_in(made.email, PASSWORD, HOME_NET).token)

    def account(self, id: str) -> Account | None:
        return self.home.accounts.look(lambda books: books.accounts.get(id))

    def actions(self) -> list[str]:
        """What the audit log tells of."""
        return [entry.action for entry in self.service.admin.log(OPERATOR, limit=1000)]


def _note_change(account: str, old: str, new: str, event: str) -> list[Submission]:
    return [Submission("billow.plan", name=f"{old}>{new}", owner=account, key=f"plan:{event}")]


def _note_leaving(account: str) -> list[Submission]:
    return [Submission("billow.leave", name=account, owner=account)]


@pytest.fixture(params=["memory", "embedded"])
def people(request: pytest.FixtureRequest, clock: VirtualClock, tmp_path: Path) -> People:
    """A service with accounts, on each driver."""
    if request.param == "memory":
        return People(memory_home(clock=clock), clock)
    return People(open_home(tmp_path / "home", clock=clock), clock)
