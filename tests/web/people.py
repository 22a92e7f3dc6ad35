"""A service with accounts, and people of every kind who ask things of it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from starlette.applications import Starlette

import billow
from billow.accounts import codes
from billow.accounts.admin import OPERATOR
from billow.accounts.roles import Principal
from billow.accounts.secret import Secret
from billow.accounts.service import AccountService
from billow.accounts.sessions import LoggedIn, Visit
from billow.home import Home
from billow.ports.accounts import Account
from billow.web.auth import Lobby
from billow.web.server import make_app
from billow.web.session_cookie import form_token

BASE = "http://127.0.0.1:8420"
HTML = {"accept": "text/html"}
PASSWORD = "correct horse battery"
WHERE = Visit("192.0.2.7", "Firefox")

app = billow.App("gas")
app.plans(
    billow.Plan("free", max_upload=100, jobs_a_day=6, concurrent=4, keep="30 min", then="archive"),
    billow.Plan("premium"),
)


@app.function()
def double(number: int = 1) -> int:
    """Twice a number."""
    return 2 * number


@app.function(accepts=billow.File(".txt", max_size=10_000))
def count(text: billow.Upload) -> billow.Outputs:
    """The size of a text."""
    return billow.Outputs({".log": str(text.size)})


@dataclass
class Person:
    """Somebody, and how they ask."""

    account: Account
    headers: dict[str, str]
    #: What their forms carry.
    form: str = ""

    @property
    def owner(self) -> str:
        return self.account.id


class Town:
    """The service, and those who use it."""

    def __init__(self, home: Home, declared: billow.App | None = None) -> None:
        self.home = home
        self.web: Starlette = make_app(home, declared or app)
        self.context = self.web.state.context
        self.lobby: Lobby = self.web.state.lobby
        self.service: AccountService = self.lobby.service

    def account(
        self, name: str, plan: str = "", role: str = "user", password: str | None = None
    ) -> Account:
        admin, secret = self.service.admin, None if password is None else Secret(password)
        made = admin.create(OPERATOR, f"{name}@example.org", secret, name, role)
        if plan:
            admin.set_plan(OPERATOR, made.id, plan)
        return admin.find(OPERATOR, made.id)

    def person(
        self, name: str, plan: str = "", role: str = "user", password: str | None = None
    ) -> Person:
        """Somebody at a browser."""
        account = self.account(name, plan, role, password)
        store = self.home.accounts
        made: LoggedIn = store.change(
            lambda books: self.service.sessions.open(books, account, WHERE)
        )
        form = form_token(store.key(), made.session)
        return Person(account, {"cookie": f"billow={made.token.reveal()}"}, form)

    def program(self, account: Account, *scopes: str) -> Person:
        """A program of somebody's."""
        made = self.service.tokens.make(account, account.id, "test", scopes, None)
        return Person(account, {"authorization": f"Bearer {made.secret.reveal()}"})

    def code(self, kind: str) -> str:
        """The latest code that is to be mailed."""
        jobs = self.home.ledger.find(function="billow.mail", limit=1000).jobs
        context: dict[str, Any] = next(j.args["context"] for j in jobs if j.args["kind"] == kind)
        key = self.home.accounts.key()
        return codes.reveal(key, context["code_kind"], context["code_id"]).reveal()

    def actions(self, who: str) -> list[str]:
        """What the audit log says that somebody did."""
        log = self.service.admin.log(OPERATOR, limit=1000)
        return [entry.action for entry in log if entry.actor == who]

    def known(self, token: str) -> Principal | None:
        return self.service.sessions.find(Secret(token))

    @asynccontextmanager
    async def client(
        self, who: Person | None = None, **more: str
    ) -> AsyncIterator[httpx.AsyncClient]:
        """A client of somebody's, or of nobody's."""
        transport = httpx.ASGITransport(self.web, raise_app_exceptions=False)
        headers = {**(who.headers if who else {}), **more}
        async with httpx.AsyncClient(transport=transport, base_url=BASE, headers=headers) as made:
            yield made


def form_in(page: str, action: str) -> str:
    """Where the form of a page is sent whose address begins with `action`."""
    found = re.search(rf'action="({re.escape(action)}[^"]*)"', page)
    assert found is not None, f"there is no form for {action}"
    return found[1].replace("&amp;", "&")
