"""From the paid checkout by real webhooks to the plan, and to what follows from it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

import billow
from billow.accounts.admin import OPERATOR
from billow.accounts.opening import open_accounts
from billow.accounts.secret import Secret
from billow.clock import SystemClock
from billow.flow.client import Client
from billow.home import Home, open_home
from billow.payments.opening import open_payments
from billow.payments.service import leaving
from billow.payments.stand_in.books import Books
from billow.payments.stand_in.post import Post, Unruly
from billow.payments.stand_in.server import served, serving
from billow.settings import in_force
from billow.testing import run_jobs
from billow.web.server import make_app as make_web
from tests.contract.homes import until
from tests.payments.conftest import BACK, DONE, KEY, SECRET, make_app

HOOK = "/api/v1/payments/stripe"


class Service:
    """A service with a web server, and a stand-in that sends it real webhooks."""

    def __init__(self, home: Home, app: billow.App, url: str, books: Books) -> None:
        self.home = home
        self.app = app
        self.hook = url + HOOK
        self.books = books
        self.payments = open_payments(home, app)
        self.accounts = open_accounts(home, app)
        self.anna = self.accounts.admin.create(OPERATOR, "anna@example.org").id

    def pay(self) -> None:
        page = self.payments.start_checkout(self.anna, "premium", DONE, BACK)
        assert httpx.post(page, data={"card": "4242 4242 4242 4242"}).status_code == 303

    def came(self, count: int) -> None:
        """Wait until so many webhooks have become jobs."""
        until(lambda: len(self.home.ledger.find(function="billow.payment").jobs) >= count, "jobs")


@pytest.fixture(params=["tame", "unruly"])
def service(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Service]:
    app = make_app()

    @app.function()
    def annotate() -> billow.Outputs:
        return billow.Outputs({".annot.vcf": "variants"})

    @app.on(billow.Event.PLAN_CHANGED, to="premium")
    def thaw(account: billow.Account) -> None:
        account.restore_all()

    home = open_home(tmp_path / "home", clock=SystemClock(), speed=100_000)
    books = Books(time.time)
    books.add_price("premium", 1200, "eur")
    with served(books, KEY) as stand_in, serving(make_web(home, app)) as url:
        monkeypatch.setenv("BILLOW_STRIPE_KEY", KEY)
        monkeypatch.setenv("BILLOW_STRIPE_WEBHOOK_SECRET", SECRET.reveal())
        monkeypatch.setenv("BILLOW_STRIPE_API_BASE", stand_in)
        unruly = Unruly(copies=2, shuffle=4) if request.param == "unruly" else Unruly()
        post = Post(url + HOOK, SECRET, unruly)
        books.on_event = post.send
        try:
            yield Service(home, app, url, books)
        finally:
            post.close()


def test_an_upgrade_brings_back_what_was_archived(service: Service) -> None:
    home, app = service.home, service.app
    job = Client(home, app).submit("annotate", owner=service.anna)

    def is_archived() -> bool:
        run_jobs(home, app)
        return len(home.cold.list("gas-results", "", None, 10)) == 1 and not hot(home)

    until(is_archived, "the archived file")
    service.pay()
    service.came(2)

    def is_restored() -> bool:
        run_jobs(home, app)
        return home.cold.list("gas-results", "", None, 10) == [] and len(hot(home)) == 1

    until(is_restored, "the restored file")
    assert service.accounts.plans.plan_of(service.anna) == "premium"
    assert job.id in hot(home)[0]
    assert len(home.ledger.find(function="billow.plan").jobs) == 1


def hot(home: Home) -> list[str]:
    return [info.key for info in home.objects.list("gas-results")]


def test_an_account_that_leaves_pays_no_more(service: Service) -> None:
    service.pay()
    service.accounts.admin.delete(OPERATOR, service.anna)
    service.home.ledger.submit([*leaving(service.anna), *leaving("never-paid")])
    run_jobs(service.home, service.app)
    (subscription,) = service.books.all("subscriptions")
    assert subscription["status"] == "canceled"
    jobs = service.home.ledger.find(function="billow.payment").jobs
    ended = [job.result["ended"] for job in jobs if job.name == "end payments"]
    # The webhook of the payment may have come before, and ended it.
    assert ended in ([0, 0], [0, 1])


def test_a_forged_webhook_over_http_is_refused(service: Service) -> None:
    service.payments.start_checkout(service.anna, "premium", DONE, BACK)
    customer = service.payments.customer(service.anna)
    assert customer is not None
    body = b'{"object":"event","id":"evt_x","type":"checkout.session.completed","created":1}'
    for headers in ({}, {"stripe-signature": "t=1,v1=0"}):
        answer = httpx.post(service.hook, content=body, headers=headers)
        assert (answer.status_code, answer.json()["title"]) == (400, "Not genuine")
    assert httpx.post(service.hook, content=b"x" * 300_000).status_code == 413
    assert httpx.get(service.hook).status_code == 405
    assert service.accounts.plans.plan_of(service.anna) == "free"


def test_without_a_key_nobody_is_asked_to_pay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, app = open_home(tmp_path), make_app()
    for name in ("KEY", "WEBHOOK_SECRET"):
        monkeypatch.delenv(f"BILLOW_STRIPE_{name}", raising=False)
    with pytest.raises(billow.NotFound):
        open_payments(home, app)
    monkeypatch.setenv("BILLOW_STRIPE_KEY", KEY)
    with pytest.raises(billow.Error, match="WEBHOOK_SECRET"):
        open_payments(home, app)
    with serving(make_web(home, billow.App("other"))) as url:
        assert httpx.post(url + HOOK, content=b"{}").status_code == 404


def test_without_the_extra_all_but_paying_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BILLOW_STRIPE_KEY", KEY)
    monkeypatch.setenv("BILLOW_STRIPE_WEBHOOK_SECRET", SECRET.reveal())
    monkeypatch.setitem(sys.modules, "stripe", None)
    monkeypatch.delitem(sys.modules, "billow.payments.provider", raising=False)
    with pytest.raises(billow.Error, match=r"billow\[payments\]"):
        open_payments(open_home(tmp_path), make_app())
    blocked = "import sys; sys.modules['stripe'] = None; import billow.web.api, billow.testing"
    subprocess.run([sys.executable, "-c", blocked], check=True, timeout=60)


def test_the_keys_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BILLOW_STRIPE_KEY", KEY)
    shown = in_force("stripe_key")
    assert KEY not in repr(shown) + str(shown.shown)
    assert shown.value == Secret(KEY)
