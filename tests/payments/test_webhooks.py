"""Webhooks as somebody sends them who wants a plan without paying, or to do harm."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stripe import WebhookSignature

from billow.accounts.admin import OPERATOR
from billow.accounts.secret import Secret
from billow.errors import BadInput
from billow.payments.events import Told, read_event
from billow.payments.service import Followed
from billow.payments.signature import TOLERANCE, NotGenuine, check, sign
from billow.payments.stand_in.books import Thing
from tests.contract.homes import in_threads
from tests.payments.conftest import SECRET, Shop

NOW = 1_800_000_000
BODY = b'{"object":"event"}'
GOOD = sign(BODY, SECRET, NOW)


def test_the_library_makes_the_signature_that_is_taken() -> None:
    made = WebhookSignature.generate_signature_header(BODY.decode(), SECRET.reveal(), NOW)
    assert made == GOOD
    check(BODY, [made], SECRET, NOW)


def test_the_library_takes_the_signature_that_is_made() -> None:
    assert WebhookSignature.verify_header(BODY.decode(), GOOD, SECRET.reveal())


@pytest.mark.parametrize("late", [-TOLERANCE, -1, 0, 0.9, TOLERANCE])
def test_a_signature_holds_for_five_minutes_either_way(late: float) -> None:
    check(BODY, [GOOD], SECRET, NOW + late)


@pytest.mark.parametrize("late", [-TOLERANCE - 1, TOLERANCE + 1, 86400, -NOW])
def test_a_signature_is_neither_old_nor_of_the_future(late: float) -> None:
    with pytest.raises(NotGenuine):
        check(BODY, [GOOD], SECRET, NOW + late)


V1 = GOOD.partition("v1=")[2]


@pytest.mark.parametrize(
    "headers",
    [
        [], [""], [GOOD, GOOD], [f"t={NOW}"], [f"v1={V1}"], [f"t={NOW},v0={V1}"],
        [f"t={NOW},v1="], [f"t={NOW + 1},v1={V1}"], [f"t={NOW},t={NOW},v1={V1}"],
        [f"t=,v1={V1}"], [f"t=-{NOW},v1={V1}"], [f"t={NOW}.0,v1={V1}"], [f"t=+{NOW},v1={V1}"],
        [f"t=1_800_000_000,v1={V1}"], [f"t={'9' * 30},v1={V1}"], [f"t=٣,v1={V1}"],
        [f"t={NOW},v1={V1[:-1]}"], [f"t={NOW},v1={V1}0"], [f"t={NOW},v1={V1.upper()}"],
        [f"t={NOW},v1=é{V1[1:]}"], ["=,=,="], ["t"], [f"{GOOD},{'v1=0,' * 2000}"],
    ],
)  # fmt: skip
def test_headers_that_are_not_right_are_refused(headers: list[str]) -> None:
    with pytest.raises(NotGenuine):
        check(BODY, headers, SECRET, NOW)


@given(st.binary(max_size=60), st.integers(0, 59), st.integers(1, 255))
def test_no_byte_can_be_altered(body: bytes, place: int, flip: int) -> None:
    header = [sign(body, SECRET, NOW)]
    check(body, header, SECRET, NOW)
    for altered in (body + b" ", body[:-1] if body else b"x", _flipped(body, place, flip)):
        if altered != body:
            with pytest.raises(NotGenuine):
                check(altered, header, SECRET, NOW)


def _flipped(body: bytes, place: int, flip: int) -> bytes:
    made = bytearray(body)
    if made:
        made[place % len(made)] ^= flip
    return bytes(made)


def test_secrets_change_without_a_gap() -> None:
    old, new, both = Secret("whsec_old"), Secret("whsec_new"), Secret("whsec_old whsec_new")
    check(BODY, [sign(BODY, both, NOW)], old, NOW)
    check(BODY, [sign(BODY, both, NOW)], new, NOW)
    check(BODY, [sign(BODY, old, NOW)], both, NOW)
    with pytest.raises(NotGenuine):
        check(BODY, [sign(BODY, Secret("whsec_other"), NOW)], both, NOW)


@pytest.mark.parametrize("secret", ["", " "])
def test_no_secret_lets_nothing_in(secret: str) -> None:
    with pytest.raises(NotGenuine):
        check(BODY, [f"t={NOW},v1={V1}"], Secret(secret), NOW)


def test_a_refusal_tells_no_secret() -> None:
    with pytest.raises(NotGenuine) as caught:
        check(BODY, [f"t={NOW},v1=0"], SECRET, NOW)
    assert V1 not in str(caught.value.problem())
    assert SECRET.reveal() not in str(caught.value.problem())


EVENT: Thing = {
    "object": "event", "id": "evt_1", "type": "customer.subscription.updated", "created": 7,
    "data": {"object": {"customer": "cus_1"}},
}  # fmt: skip


def test_what_an_event_tells() -> None:
    assert read_event(json.dumps(EVENT).encode()) == Told("evt_1", EVENT["type"], "cus_1", 7)
    whole = EVENT | {"data": {"object": {"customer": {"id": "cus_2", "email": "a@b"}}}}
    told = read_event(json.dumps(whole).encode())
    assert told is not None
    assert told.customer == "cus_2"


@pytest.mark.parametrize(
    "change",
    [{"type": "charge.succeeded"}, {"type": ""}, {"data": {}}, {"data": None}, {"data": []},
     {"data": {"object": {}}}, {"data": {"object": {"customer": 7}}},
     {"data": {"object": {"customer": {"id": ["x"]}}}}],
)  # fmt: skip
def test_what_is_nothing_to_follow(change: Thing) -> None:
    assert read_event(json.dumps(EVENT | change).encode()) is None


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff\xfe", b"[]", b"7", b'"event"', b"[" * 100_000, b'{"object":"v2.core.event"}',
     *(json.dumps(EVENT | change).encode() for change in (
         {"id": ""}, {"id": 7}, {"id": "x" * 300}, {"id": "a\nb"}, {"type": None},
         {"created": "7"}, {"created": 7.5}, {"created": True}, {"created": -1}, {"object": "x"},
     ))],
)  # fmt: skip
def test_what_is_no_event(body: bytes) -> None:
    with pytest.raises(BadInput):
        read_event(body)


@given(st.binary(max_size=200) | st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["object", "id", "type", "created", "data", "customer"]), inner
    ),
).map(lambda value: json.dumps(value).encode()))  # fmt: skip
def test_reading_any_bytes_ends_well(body: bytes) -> None:
    try:
        read_event(body)
    except BadInput:
        return


def jobs(shop: Shop) -> list[str]:
    return [job.name for job in shop.home.ledger.find(function="billow.payment").jobs]


def test_a_webhook_becomes_a_job_once(shop: Shop) -> None:
    anna = shop.join()
    shop.subscribe(anna)
    body, headers = shop.signed(shop.events[0])
    in_threads([lambda: shop.payments.receive(body, headers)] * 4)
    assert shop.payments.receive(*shop.signed(shop.events[0], shop.clock.now() + 60))
    assert jobs(shop) == ["customer.subscription.created"]
    (job,) = shop.home.ledger.find(function="billow.payment").jobs
    assert job.owner == anna


def test_a_forged_webhook_becomes_nothing(shop: Shop) -> None:
    anna = shop.join()
    page = shop.checkout(anna)
    forged = shop.books.tell("checkout.session.completed", shop.books.all("sessions")[0])
    body, _ = shop.signed(forged)
    late = int(shop.clock.now()) - TOLERANCE - 1
    for header in ("", f"t={late},v1=0", sign(body, Secret("guess"), int(shop.clock.now())),
                   sign(body, SECRET, late)):  # fmt: skip
        with pytest.raises(NotGenuine):
            shop.payments.receive(body, [header])
    assert jobs(shop) == []
    assert page


def test_an_event_that_only_says_paid_makes_nobody_premium(shop: Shop) -> None:
    """Even somebody who holds the signing secret cannot say more than: ask the provider."""
    anna = shop.join()
    shop.checkout(anna)
    customer = shop.books.all("customers")[0]["id"]
    claim = {"customer": customer, "status": "active", "metadata": {"plan": "lab"},
             "items": {"data": [{"price": {"lookup_key": "lab"}}]}}  # fmt: skip
    for kind in ("customer.subscription.updated", "checkout.session.completed"):
        assert shop.payments.receive(*shop.signed(shop.books.tell(kind, claim)))
        told = shop.follow(shop.books.all("events")[0])
        assert told == Followed("nothing was ever paid")
    assert shop.plan(anna) == "free"


@pytest.mark.parametrize("key", ["client_reference_id", "account", "owner", "plan", "metadata"])
def test_an_event_cannot_name_somebody_elses_account(shop: Shop, key: str) -> None:
    anna, eve = shop.join(), shop.join("eve@example.org")
    shop.subscribe(eve)
    event = next(e for e in shop.events if e["type"] == "checkout.session.completed")
    event["data"]["object"][key] = {"account": anna} if key == "metadata" else anna
    shop.follow(event)
    assert (shop.plan(anna), shop.plan(eve)) == ("free", "premium")


def test_the_page_of_another_pays_for_the_other(shop: Shop) -> None:
    """Who has the address of somebody's checkout can pay for them, and for nobody else."""
    anna, eve = shop.join(), shop.join("eve@example.org")
    page = shop.checkout(anna)
    assert page != shop.checkout(eve)
    shop.pay(page)
    shop.follow_all()
    assert (shop.plan(anna), shop.plan(eve)) == ("premium", "free")


def test_unknown_customers_are_acknowledged_and_ignored(shop: Shop) -> None:
    stranger = shop.books.tell("customer.subscription.updated", {"customer": "cus_stranger"})
    assert not shop.payments.receive(*shop.signed(stranger))
    assert jobs(shop) == []
    assert shop.follow(stranger) == Followed("unknown customer")


def test_other_events_are_acknowledged_and_ignored(shop: Shop) -> None:
    shop.subscribe(shop.join())
    session = shop.books.all("sessions")[0]
    assert not shop.payments.receive(*shop.signed(shop.books.tell("charge.refunded", session)))


def test_the_same_event_by_two_workers_has_effect_once(shop: Shop) -> None:
    anna = shop.join()
    shop.subscribe(anna)
    bought = shop.events[0]
    done: list[Followed] = []
    in_threads([lambda: done.append(shop.follow(bought))] * 4)
    assert sorted(each.outcome for each in done) == ["applied", "known", "known", "known"]
    assert shop.plan_changes() == ["free to premium"]


def test_the_two_webhooks_of_a_payment_at_once(shop: Shop) -> None:
    anna = shop.join()
    shop.subscribe(anna)
    works: list[Callable[[], Any]] = [lambda e=e: shop.follow(e) for e in shop.events]  # type: ignore[misc]
    in_threads(works)
    assert (shop.plan(anna), shop.plan_changes()) == ("premium", ["free to premium"])


def test_an_event_dated_in_the_future_does_not_rule_for_ever(shop: Shop) -> None:
    anna = shop.join()
    shop.subscribe(anna)
    ahead = shop.events[0] | {"created": int(shop.clock.now()) + 86400}
    with pytest.raises(BadInput):
        shop.follow(ahead)
    assert shop.plan(anna) == "free"


def test_what_an_administrator_decided_later_is_not_undone_by_a_late_event(shop: Shop) -> None:
    anna = shop.join()
    subscription = shop.subscribe(anna)
    shop.follow_all()
    shop.clock.advance(10)
    shop.books.set_status(subscription, "canceled")
    shop.clock.advance(10)
    shop.accounts.admin.set_plan(OPERATOR, anna, "lab")
    shop.follow_all()
    assert shop.plan(anna) == "lab"
