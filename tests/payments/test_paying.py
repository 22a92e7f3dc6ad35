"""Paying on the provider's pages, and the plan following it."""

from __future__ import annotations

import threading
from typing import Any

import httpx
import pytest

from billow.accounts.admin import OPERATOR
from billow.accounts.secret import Secret
from billow.errors import BadInput, Conflict, NotFound, SettingError, Unavailable
from billow.payments.provider import Stripe
from billow.payments.service import Followed
from billow.payments.stand_in.pages import DECLINED_CARD, GOOD_CARD
from billow.ports.accounts import Customer
from tests.contract.homes import in_threads
from tests.payments.conftest import BACK, DONE, KEY, Shop


def test_paying_makes_somebody_premium_and_cancelling_free_again(shop: Shop) -> None:
    anna = shop.join()
    answer = shop.pay(shop.checkout(anna))
    assert (answer.status_code, answer.headers["location"]) == (303, DONE)
    assert shop.plan(anna) == "free"
    shop.follow_all()
    assert shop.plan(anna) == "premium"
    portal = shop.payments.portal(anna, BACK)
    assert "12.00 EUR a month" in httpx.get(portal).text
    (subscription,) = shop.books.all("subscriptions")
    shop.clock.advance(60)
    httpx.post(portal, data={"action": "cancel", "subscription": subscription["id"]})
    shop.follow_all()
    assert shop.plan(anna) == "free"
    assert shop.plan_changes() == ["free to premium", "premium to free"]


def test_a_declined_card_pays_for_nothing_and_another_one_does(shop: Shop) -> None:
    anna = shop.join()
    page = shop.checkout(anna)
    for card in (DECLINED_CARD, "1", ""):
        assert shop.pay(page, card).status_code == 402
    assert "declined" in shop.pay(page, DECLINED_CARD).text
    assert (shop.events, shop.books.all("subscriptions")) == ([], [])
    assert shop.pay(page, GOOD_CARD).status_code == 303
    shop.follow_all()
    assert shop.plan(anna) == "premium"


def test_a_checkout_is_paid_once(shop: Shop) -> None:
    page = shop.checkout(shop.join())
    answers: list[int] = []
    in_threads([lambda: answers.append(shop.pay(page).status_code)] * 4)
    assert sorted(answers) == [303, 400, 400, 400]
    assert len(shop.books.all("subscriptions")) == 1


def test_asking_twice_is_one_checkout_and_one_customer(shop: Shop) -> None:
    anna = shop.join()
    pages: list[str] = []
    in_threads([lambda: pages.append(shop.checkout(anna))] * 4)
    assert len(set(pages)) == 1
    assert len(shop.books.all("customers")) == 1
    assert len(shop.books.all("sessions")) == 1
    customer = shop.payments.customer(anna)
    assert customer is not None
    assert customer.id == shop.books.all("customers")[0]["id"]


def test_a_customer_is_made_once_even_if_the_first_answer_is_lost(shop: Shop) -> None:
    anna = shop.join()
    first = shop.stripe.create_customer(anna, "anna@example.org")
    shop.checkout(anna)
    assert [each["id"] for each in shop.books.all("customers")] == [first]


def test_whoever_pays_already_is_sent_to_the_portal(shop: Shop) -> None:
    anna = shop.join()
    subscription = shop.subscribe(anna)
    for status in ("active", "past_due", "unpaid"):
        shop.books.set_status(subscription, status)
        with pytest.raises(Conflict, match="portal"):
            shop.checkout(anna, "lab")


def test_other_open_checkouts_end_when_one_is_paid(shop: Shop) -> None:
    anna = shop.join()
    other = shop.checkout(anna, "lab")
    shop.subscribe(anna)
    shop.follow_all()
    assert shop.pay(other).status_code == 400
    assert shop.plan(anna) == "premium"


def test_whoever_has_cancelled_can_subscribe_again(shop: Shop) -> None:
    anna = shop.join()
    shop.books.set_status(shop.subscribe(anna), "canceled")
    shop.follow_all()
    shop.clock.advance(2)
    shop.subscribe(anna)
    shop.follow_all()
    assert shop.plan(anna) == "premium"


def test_the_best_plan_that_is_paid_for_counts(shop: Shop) -> None:
    anna = shop.join()
    cheap, dear = shop.checkout(anna), shop.checkout(anna, "lab")
    assert [shop.pay(page).status_code for page in (dear, cheap)] == [303, 303]
    shop.follow_all()
    assert shop.plan(anna) == "lab"
    lab = shop.books.all("subscriptions")[1]["id"]
    shop.clock.advance(5)
    shop.books.set_status(lab, "canceled")
    shop.follow_all()
    assert shop.plan(anna) == "premium"


def test_a_failed_payment_leaves_the_plan_until_the_provider_gives_up(shop: Shop) -> None:
    anna = shop.join()
    subscription = shop.subscribe(anna)
    shop.follow_all()
    steps = [("past_due", "premium"), ("active", "premium"), ("past_due", "premium"),
             ("unpaid", "free"), ("active", "premium"), ("canceled", "free")]  # fmt: skip
    for status, plan in steps:
        shop.clock.advance(86400)
        shop.books.set_status(subscription, status)
        shop.follow_all()
        customer = shop.payments.customer(anna)
        assert customer is not None
        assert (customer.subscription, customer.status) == (subscription, status)
        assert shop.plan(anna) == plan
    failed = shop.home.journal.read(kinds=["payment.failed"])
    assert len(failed) == 2


def test_a_raised_price_takes_nothing_from_those_who_pay_the_old_one(shop: Shop) -> None:
    anna = shop.join()
    subscription = shop.subscribe(anna)
    shop.follow_all()
    shop.clock.advance(60)
    shop.books.add_price("premium", 1500, "eur")
    assert shop.payments.price("premium").text == "15.00 EUR a month"
    shop.books.set_status(subscription, "active")
    shop.follow_all()
    assert shop.plan(anna) == "premium"


def test_a_subscription_for_something_else_is_worth_no_plan(shop: Shop) -> None:
    shop.books.add_price("mug", 900, "eur")
    anna = shop.join()
    customer = shop.stripe.create_customer(anna, "anna@example.org")
    shop.checkout(anna)
    mug = shop.stripe.price("mug").id
    expires = int(shop.clock.now()) + 3600
    shop.pay(shop.stripe.checkout(customer, anna, mug, (DONE, BACK), expires, 0))
    shop.follow_all()
    assert shop.plan(anna) == "free"


@pytest.mark.parametrize("plan", ["free", "gold", "", "stripe:premium", "PREMIUM", "x" * 10_000])
def test_only_plans_with_a_price_are_sold(shop: Shop, plan: str) -> None:
    with pytest.raises(BadInput):
        shop.checkout(shop.join(), plan)
    assert shop.payments.sold == ["premium", "lab"]


@pytest.mark.parametrize("url", ["javascript:alert(1)", "/plan", "", "https://", "ftp://x/y"])
def test_addresses_to_come_back_to_are_of_the_web(shop: Shop, url: str) -> None:
    anna = shop.join()
    with pytest.raises(BadInput):
        shop.payments.start_checkout(anna, "premium", url, BACK)
    with pytest.raises(BadInput):
        shop.payments.start_checkout(anna, "premium", DONE, url)
    with pytest.raises(BadInput):
        shop.payments.portal(anna, url)


def test_nobody_pays_without_an_account_that_can_be_used(shop: Shop) -> None:
    with pytest.raises(NotFound):
        shop.checkout("nobody")
    anna = shop.join()
    shop.accounts.admin.disable(OPERATOR, anna)
    with pytest.raises(NotFound):
        shop.checkout(anna)
    assert shop.books.all("customers") == []


def test_there_is_no_portal_for_those_who_never_paid(shop: Shop) -> None:
    with pytest.raises(Conflict):
        shop.payments.portal(shop.join(), BACK)


def test_a_plan_without_a_price_at_the_provider_is_a_wrong_setting(shop: Shop) -> None:
    for price in shop.books.all("prices", lookup_key="lab"):
        price["active"] = False
    with pytest.raises(SettingError, match="'lab'"):
        shop.checkout(shop.join(), "lab")


def test_a_wrong_key_is_told_without_the_key(shop: Shop) -> None:
    wrong = Stripe(Secret("sk_test_wrong"), shop.url)
    with pytest.raises(Unavailable) as caught:
        wrong.subscriptions("cus_1")
    assert "AuthenticationError" in caught.value.detail
    assert "sk_test" not in caught.value.detail + repr(caught.value.__cause__)
    assert KEY not in repr(shop.stripe)


def test_a_provider_that_cannot_be_reached_changes_nothing(shop: Shop, monkeypatch: Any) -> None:
    anna = shop.join()
    shop.subscribe(anna)
    monkeypatch.setattr("billow.payments.provider.TRIES", 0)
    gone = Stripe(Secret(KEY), "http://127.0.0.1:9")
    monkeypatch.setattr(shop.payments, "_provider", gone)
    with pytest.raises(Unavailable):
        shop.follow(shop.events[0])
    assert shop.plan(anna) == "free"
    monkeypatch.setattr(shop.payments, "_provider", shop.stripe)
    assert shop.follow(shop.events[0]) == Followed("applied", "free", "premium")


def test_while_the_breaker_is_open_the_provider_is_not_called(shop: Shop) -> None:
    asked: list[int] = []

    def check() -> None:
        asked.append(1)
        raise Unavailable("payments cannot be used now: down")

    with pytest.raises(Unavailable, match="down"):
        Stripe(Secret(KEY), shop.url, check).subscriptions("cus_1")
    assert asked == [1]


def test_leaving_ends_what_is_paid_for(shop: Shop) -> None:
    anna = shop.join()
    subscription = shop.subscribe(anna)
    shop.follow_all()
    shop.accounts.admin.delete(OPERATOR, anna)
    assert shop.payments.leave(anna) == 1
    assert shop.books.get("subscriptions", subscription)["status"] == "canceled"
    assert shop.payments.leave(anna) == 0
    assert shop.follow(shop.events[-1]) == Followed("the account is gone")


def test_what_is_paid_for_somebody_who_has_left_ends_too(shop: Shop) -> None:
    anna = shop.join()
    page = shop.checkout(anna)
    shop.accounts.admin.delete(OPERATOR, anna)
    assert shop.pay(page).status_code == 303
    assert shop.follow(shop.events[0]) == Followed("the account is gone")
    assert shop.books.all("subscriptions")[0]["status"] == "canceled"


def test_how_a_subscription_stands_is_not_overwritten_by_an_older_answer(shop: Shop) -> None:
    anna = shop.join()
    subscription = shop.subscribe(anna)
    customer = shop.payments.customer(anna)
    assert customer is not None
    newer = Customer(
        customer.id, anna, customer.created, subscription, "past_due", shop.clock.now() + 60
    )
    shop.home.accounts.change(lambda books: books.customers.put(newer))
    shop.follow_all()
    assert shop.payments.customer(anna) == newer


def test_two_webhooks_at_once_of_which_the_first_has_an_old_answer(shop: Shop) -> None:
    """One worker asks the provider, stalls, and applies its answer last: it is not believed."""
    anna = shop.join()
    subscription = shop.subscribe(anna)
    bought, ask = shop.events[0], shop.stripe.subscriptions
    asked, go_on = threading.Event(), threading.Event()

    def slow(customer: str) -> Any:
        found = ask(customer)
        asked.set()
        assert go_on.wait(30)
        return found

    shop.stripe.subscriptions = slow  # type: ignore[method-assign]
    stalled = threading.Thread(target=shop.follow, args=[bought])
    stalled.start()
    assert asked.wait(30)
    shop.stripe.subscriptions = ask  # type: ignore[method-assign]
    shop.clock.advance(0.25)
    shop.books.set_status(subscription, "canceled")
    assert shop.events[-1]["created"] == bought["created"]
    shop.follow(shop.events[-1])
    go_on.set()
    stalled.join(30)
    assert shop.plan(anna) == "free"
