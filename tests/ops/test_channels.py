"""The ways out, each against a server that is really there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from email.headerregistry import Address

import pytest

from billow.mail.records import InboxMailer, Records
from billow.ops.pager import pagerduty
from billow.ops.pager.channels import (
    AppriseChannel,
    MailChannel,
    PagerDutyChannel,
    WebhookChannel,
)
from billow.ops.pager.opening import _apprise, fallback
from billow.ops.pager.outbox import Parcel
from billow.ops.pager.words import words
from billow.ports.incidents import Contact, Incident, Notice
from billow.ports.mail import Verdict
from billow.testing import memory_home
from billow.webhooks.post import Poster
from billow.webhooks.signature import new_secret, verify
from tests.ops.pagerduty_stand_in import StandIn, faults, standing_in
from tests.webhooks.receiver import Receiver

KEY = "0123456789abcdef0123456789abcdef"


def parcel(kind: str = "page", *, by: str = "pagerduty", address: str = KEY, **more: str) -> Parcel:
    incident = Incident(
        7, "shop", "disk", "triggered", "critical", more.get("summary", "full"), "db1",
        more.get("details", "{}"), "{}", 1.0, 1.0,
    )  # fmt: skip
    contact = Contact("c", "ana", by, address, 0.0, 0.0, 0.0, "", new_secret(b"x" * 32))
    notice = Notice("7:page", 7, "ana", "c", kind, "0.0", 1.0, "sending", 1.0)
    return Parcel(contact, "id-1", (notice,), (incident,))


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with standing_in() as server:
        yield server


def channel(server: StandIn) -> PagerDutyChannel:
    return PagerDutyChannel(Poster(local=True), "shop", "http://127.0.0.1:8420", server.url)


def test_pagerduty_takes_every_event_and_one_key_holds_them_together(stand_in: StandIn) -> None:
    for kind in ("page", "acknowledged", "resolved"):
        made = parcel(kind)
        assert channel(stand_in).send(made, words(made, "shop", "")).verdict is Verdict.SENT
    assert stand_in.refused == []
    actions = [(each["event_action"], each["dedup_key"]) for each in stand_in.taken]
    key = "billow/shop/7"
    assert actions == [("trigger", key), ("acknowledge", key), ("resolve", key)]
    assert stand_in.taken[0]["client_url"] == "http://127.0.0.1:8420/incidents/7"
    assert set(stand_in.taken[1]) == {"routing_key", "event_action", "dedup_key"}


def test_a_page_with_huge_details_is_sent_without_them(stand_in: StandIn) -> None:
    big = parcel(details=json.dumps({"log": "ü" * 600_000}), summary="x" * 3000)
    assert channel(stand_in).send(big, words(big, "shop", "")).verdict is Verdict.SENT
    payload = stand_in.taken[0]["payload"]
    assert payload["custom_details"] == {"error": "the details were too big to send"}
    assert len(payload["summary"]) == 1024


def test_a_test_alert_is_an_event_of_its_own(stand_in: StandIn) -> None:
    made = parcel("test")
    assert channel(stand_in).send(made, words(made, "shop", "")).verdict is Verdict.SENT
    assert stand_in.taken[0]["payload"]["severity"] == "info"


@pytest.mark.parametrize(
    ("status", "verdict"),
    [(400, Verdict.NEVER), (429, Verdict.LATER), (500, Verdict.LATER), (503, Verdict.LATER)],
)
def test_only_what_may_pass_is_tried_again(
    stand_in: StandIn, status: int, verdict: Verdict
) -> None:
    stand_in.status = status
    made = parcel()
    assert channel(stand_in).send(made, words(made, "shop", "")).verdict is verdict


def test_an_unreachable_server_is_tried_again() -> None:
    gone = PagerDutyChannel(Poster(local=True), "shop", "", "http://127.0.0.1:9/v2/enqueue")
    made = parcel()
    assert gone.send(made, words(made, "shop", "")).verdict is Verdict.LATER


def test_the_stand_in_refuses_what_it_should() -> None:
    good = pagerduty.event(parcel().incidents[0], "page", KEY, "shop")
    assert faults(json.dumps(good).encode()) == []
    assert faults(json.dumps({**good, "routing_key": "x"}).encode())
    assert faults(json.dumps({**good, "extra": 1}).encode())


def test_a_webhook_is_signed_and_says_what_it_is_about() -> None:
    with Receiver().open() as receiver:
        made = parcel(by="webhook", address=f"http://127.0.0.1:{receiver.port}/hook")
        sent = WebhookChannel(Poster(local=True)).send(made, words(made, "shop", ""))
        assert sent.verdict is Verdict.SENT
        [request] = receiver.requests
    verified = verify(request.body, request.headers, made.contact.secret)
    told = json.loads(request.body)
    assert verified.id == "id-1"
    assert told["type"] == "incident.page"
    assert told["incidents"][0]["number"] == 7


def test_mail_to_somebody_without_an_address_is_kept_in_the_inbox() -> None:
    home = memory_home()
    made = parcel(by="inbox", address="")
    sender = Address("Billow", "billow", "localhost")
    sent = MailChannel(InboxMailer(home), sender).send(made, words(made, "shop", ""))
    assert sent.verdict is Verdict.SENT
    [item] = home.tables.query("billow-inbox")
    letter = Records(home).letter(item.key)
    assert letter is not None
    assert letter["to"] == "ana@localhost"
    assert letter["message_id"] == "<id-1@localhost>"
    assert letter["subject"] == "[critical] shop: full"


@pytest.mark.filterwarnings("ignore")
def test_apprise_passes_a_push_on() -> None:
    with Receiver().open() as receiver:
        address = f"json://127.0.0.1:{receiver.port}/hook"
        made = parcel(by="push", address=address)
        way = _apprise()
        assert isinstance(way, AppriseChannel)
        assert way.send(made, words(made, "shop", "")).verdict is Verdict.SENT
        assert b"full" in receiver.requests[0].body


@pytest.mark.filterwarnings("ignore")
def test_a_push_that_nobody_takes_is_tried_again() -> None:
    made = parcel(by="push", address="json://127.0.0.1:9/")
    assert _apprise().send(made, words(made, "shop", "")).verdict is Verdict.LATER


def test_people_without_contacts_are_reached_by_the_inbox_or_their_address() -> None:
    assert [each.kind for each in fallback(True)("ana")] == ["inbox"]
    assert fallback(False)("ana") == []
    assert [each.address for each in fallback(False)("ana@example.org")] == ["ana@example.org"]


def test_a_bundle_names_every_incident() -> None:
    one = parcel()
    other = one.incidents[0]._replace(number=8, summary="slow")
    two = Parcel(one.contact, "id", one.notices * 2, (one.incidents[0], other))
    said = words(two, "shop", "https://x.org")
    assert said.subject == "2 alerts of shop"
    assert "https://x.org/incidents/7" in said.text
    assert "#8 [error] shop: slow" in said.text or "#8 [critical] shop: slow" in said.text
