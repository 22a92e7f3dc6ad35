"""A service whose premium plan is paid for at a stand-in of Stripe, which runs on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

import billow
from billow.accounts.admin import OPERATOR
from billow.accounts.office import FollowUps, Rules
from billow.accounts.secret import Secret
from billow.accounts.service import AccountService
from billow.clock import VirtualClock
from billow.flow.retention import plan_jobs
from billow.home import Home, open_home
from billow.payments.events import Told, read_event
from billow.payments.provider import Stripe
from billow.payments.service import Followed, Payments
from billow.payments.signature import sign
from billow.payments.stand_in.books import Books, Thing
from billow.payments.stand_in.pages import GOOD_CARD
from billow.payments.stand_in.server import served
from billow.testing import memory_home

KEY = "sk_test_0123456789"
SECRET = Secret("whsec_test")
DONE, BACK = "https://gas.example.org/paid", "https://gas.example.org/plan"


def make_app() -> billow.App:
    app = billow.App("gas")
    app.plans(
        billow.Plan("free", keep="30 min", then="archive"),
        billow.Plan("premium", price="stripe:premium"),
        billow.Plan("lab", price="stripe:lab"),
    )
    return app


class Shop:
    """The service, the stand-in, and short hands for what tests do with them."""

    def __init__(self, home: Home, clock: VirtualClock, books: Books, url: str) -> None:
        self.home = home
        self.clock = clock
        self.books = books
        self.url = url
        self.app = make_app()
        rules = Rules(app="gas", plans=tuple(self.app.plan_by_name))
        self.accounts = AccountService(home, rules, FollowUps(plan_changed=plan_jobs))
        self.stripe = Stripe(Secret(KEY), url)
        plans = list(self.app.plan_by_name.values())
        self.payments = Payments(home, self.accounts.plans, plans, self.stripe, SECRET)
        #: Every event that the stand-in told of, the oldest first.
        self.events: list[Thing] = []
        books.on_event = self.events.append

    def join(self, email: str = "anna@example.org") -> str:
        return self.accounts.admin.create(OPERATOR, email).id

    def plan(self, account: str) -> str:
        return self.accounts.plans.plan_of(account)

    def checkout(self, account: str, plan: str = "premium") -> str:
        return self.payments.start_checkout(account, plan, DONE, BACK)

    def pay(self, page: str, card: str = GOOD_CARD) -> httpx.Response:
        return httpx.post(page, data={"card": card})

    def subscribe(self, account: str, plan: str = "premium") -> str:
        """Pay for a plan; returns the subscription. Webhooks are still to come."""
        assert self.pay(self.checkout(account, plan)).status_code == 303
        subscriptions: list[Thing] = self.books.all("subscriptions")
        return str(subscriptions[0]["id"])

    def follow(self, event: Thing) -> Followed:
        """As a webhook's job does."""
        told = self.told(event)
        assert told is not None
        return self.payments.follow(told)

    def told(self, event: Thing) -> Told | None:
        return read_event(json.dumps(event).encode())

    def follow_all(self) -> None:
        """Have everything that happened so far be followed."""
        news, self.events[:] = list(self.events), []
        for event in news:
            if self.told(event) is not None:
                self.follow(event)

    def signed(self, event: Thing, at: float | None = None) -> tuple[bytes, list[str]]:
        body = json.dumps(event).encode()
        return body, [sign(body, SECRET, int(self.clock.now() if at is None else at))]

    def plan_changes(self) -> list[str]:
        """The changes that something follows from."""
        return [job.name for job in self.home.ledger.find(function="billow.plan").jobs][::-1]


@pytest.fixture
def books(clock: VirtualClock) -> Books:
    books = Books(clock.now)
    books.add_price("premium", 1200, "eur")
    books.add_price("lab", 9900, "eur")
    return books


@pytest.fixture
def url(books: Books) -> Iterator[str]:
    with served(books, KEY) as url:
        yield url


@pytest.fixture
def shop(books: Books, url: str, clock: VirtualClock) -> Shop:
    return Shop(memory_home(clock=clock), clock, books, url)


@pytest.fixture
def embedded_shop(books: Books, url: str, clock: VirtualClock, tmp_path: Path) -> Shop:
    return Shop(open_home(tmp_path / "home", clock=clock), clock, books, url)
