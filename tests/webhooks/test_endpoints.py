"""Owners' endpoints: their own only, secrets that change, and what becomes of deliveries."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import billow
from billow.chores import webhook
from billow.chores.webhook import NotDelivered, tell
from billow.clock import VirtualClock
from billow.errors import BadInput, NotFound, Rejected
from billow.flow.client import Client
from billow.home import Home, open_home
from billow.job import Status
from billow.testing import memory_home, run_jobs
from billow.webhooks import events, verify
from billow.webhooks.address import Forbidden
from billow.webhooks.endpoints import KEPT_DELIVERIES, MOST_ENDPOINTS, Webhooks
from billow.webhooks.post import Answer, Poster
from tests.webhooks.receiver import OK, Receiver, say

URL = "https://hooks.example.org/in"


@pytest.fixture(params=["memory", "embedded"])
def home(request: pytest.FixtureRequest, tmp_path: Path, clock: VirtualClock) -> Home:
    if request.param == "memory":
        return memory_home(clock=clock)
    return open_home(tmp_path / "home", clock=clock)


@pytest.fixture
def hooks(home: Home) -> Webhooks:
    return Webhooks(home, local=True)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver().open() as opened:
        yield opened


def told(home: Home, key: str = "k", type: str = "job.completed") -> events.Message:
    return events.message(type, {"n": 1}, home.clock.now(), key)


def args_of(home: Home) -> list[dict[str, Any]]:
    return [dict(job.args) for job in reversed(home.ledger.find(function="billow.webhook").jobs)]


def test_an_endpoint_is_its_owners_alone(hooks: Webhooks) -> None:
    mine = hooks.add("ann", URL)
    assert hooks.all("ann") == [mine]
    assert hooks.all("bob") == hooks.all("an") == []
    for each in (hooks.get, hooks.remove, hooks.rotate, hooks.test, hooks.deliveries, hooks.change):
        with pytest.raises(NotFound):
            each("bob", mine.id)
    assert hooks.all("ann") == [mine]


@pytest.mark.parametrize("id", ["", "x", "../ann", "a" * 26 + "/", "%2e"])
def test_an_id_that_is_none_finds_nothing(hooks: Webhooks, id: str) -> None:
    hooks.add("ann", URL)
    with pytest.raises(NotFound):
        hooks.get("ann", id)


@pytest.mark.parametrize("owner", ["", "ann/", "a/b"])
def test_an_owner_that_could_reach_into_anothers_is_refused(hooks: Webhooks, owner: str) -> None:
    with pytest.raises(BadInput):
        hooks.add(owner, URL)


def test_where_webhooks_cannot_go_no_endpoint_is_made(home: Home) -> None:
    strict = Webhooks(home)
    mine = strict.add("ann", URL)
    for url in ("http://example.org", "https://user@example.org"):
        with pytest.raises(Forbidden):
            strict.add("ann", url)
        with pytest.raises(Forbidden):
            strict.change("ann", mine.id, url=url)
    assert strict.all("ann") == [mine]


def test_there_are_only_so_many_endpoints(hooks: Webhooks) -> None:
    for _ in range(MOST_ENDPOINTS):
        hooks.add("ann", URL)
    with pytest.raises(BadInput, match="at most"):
        hooks.add("ann", URL)
    hooks.add("bob", URL)


def test_an_endpoint_can_be_changed_switched_and_removed(hooks: Webhooks) -> None:
    id_ = hooks.add("ann", URL, ["job"]).id
    hooks.change("ann", id_, url=f"{URL}2", types=["job.failed"])
    hooks.switch_off("ann", id_, "gone")
    seen = hooks.get("ann", id_)
    assert (seen.url, seen.types, seen.enabled, seen.reason) == (
        f"{URL}2", ("job.failed",), False, "gone",
    )  # fmt: skip
    assert hooks.change("ann", id_, enabled=True).reason == ""
    hooks.note(seen, "m", "t", Answer(200, "taken", 0.1))
    hooks.remove("ann", id_)
    assert hooks.all("ann") == []


@pytest.mark.parametrize(
    ("types", "wanted"),
    [
        ([], True),
        (["job"], True),
        (["job.completed"], True),
        (["job.fail"], False),
        (["jo"], False),
    ],
)
def test_an_endpoint_wants_types_and_all_below_them(
    hooks: Webhooks, types: list[str], wanted: bool
) -> None:
    assert hooks.add("ann", URL, types).wants("job.completed") is wanted


@pytest.mark.parametrize("type", ["", "Job", "job.", ".job", "job completed", "a" * 81, "job\n"])
def test_a_type_that_is_none_is_refused(hooks: Webhooks, type: str) -> None:
    with pytest.raises(BadInput):
        hooks.add("ann", URL, [type])
    with pytest.raises(BadInput):
        events.message(type, {}, 0.0, "k")


def test_secrets_change_and_the_old_one_counts_for_a_while(
    hooks: Webhooks, home: Home, clock: VirtualClock
) -> None:
    mine = hooks.add("ann", URL)
    [first] = hooks.secrets(mine)
    second = hooks.rotate("ann", mine.id, "1 h")
    assert hooks.secrets(hooks.get("ann", mine.id)) == [second, first]
    clock.advance(3601)
    assert hooks.secrets(hooks.get("ann", mine.id)) == [second]
    for _ in range(9):
        hooks.rotate("ann", mine.id)
    assert len(hooks.secrets(hooks.get("ann", mine.id))) == 4
    twin = hooks.add("ann", URL)
    assert hooks.secrets(twin) != [first]
    assert first not in json.dumps([i.value for i in home.tables.query("billow-webhooks")])


def test_a_message_goes_to_the_endpoints_that_want_it_once_however_often_it_is_asked_for(
    home: Home, hooks: Webhooks
) -> None:
    wants = [hooks.add("ann", URL).id, hooks.add("ann", URL, ["job"]).id]
    hooks.add("ann", URL, ["other"])
    hooks.change("ann", hooks.add("ann", URL).id, enabled=False)
    hooks.add("bob", URL)
    home.ledger.submit([events.announce("ann", told(home))])
    home.ledger.submit([events.announce("ann", told(home))])
    [asked] = args_of(home)
    for _ in range(2):
        assert tell(home, asked, Poster(local=True)) == {"endpoints": wants}
    assert [args.get("endpoint") for args in args_of(home)] == [None, *wants]
    assert {args["id"] for args in args_of(home)} == {told(home).id}


def test_a_delivery_is_signed_with_the_secrets_in_force_and_logged(
    home: Home, hooks: Webhooks, receiver: Receiver
) -> None:
    mine = hooks.add("ann", f"http://127.0.0.1:{receiver.port}/in")
    old = hooks.secrets(mine)[0]
    new = hooks.rotate("ann", mine.id)
    home.ledger.submit([events.deliver("ann", mine.id, told(home))])
    [asked] = args_of(home)
    assert tell(home, asked, Poster(local=True)) == {"status": 200}
    [request] = receiver.requests
    for secret in (old, new):
        assert verify(request.body, request.headers, secret).id == told(home).id
    assert json.loads(request.body)["data"] == {"n": 1}
    [delivery] = hooks.deliveries("ann", mine.id)
    assert (delivery.status, delivery.reason, delivery.type) == (200, "taken", "job.completed")


def test_a_refused_delivery_is_tried_again_with_the_same_id_and_bytes(
    home: Home, hooks: Webhooks, clock: VirtualClock
) -> None:
    no = say(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")
    with Receiver(no).open() as receiver:
        mine = hooks.add("ann", f"http://127.0.0.1:{receiver.port}/")
        home.ledger.submit([events.deliver("ann", mine.id, told(home))])
        [asked] = args_of(home)
        with pytest.raises(NotDelivered, match="answered 500"):
            tell(home, asked, Poster(local=True))
        clock.advance(5)
        receiver.script = say(OK)
        tell(home, asked, Poster(local=True))
    first, second = receiver.requests
    assert (first.body, first.header("webhook-id")) == (second.body, second.header("webhook-id"))
    assert [d.status for d in hooks.deliveries("ann", mine.id)] == [200, 500]


def test_a_server_that_says_gone_is_left_alone(home: Home, hooks: Webhooks) -> None:
    with Receiver(say(b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n")).open() as receiver:
        mine = hooks.add("ann", f"http://127.0.0.1:{receiver.port}/")
        home.ledger.submit([events.deliver("ann", mine.id, told(home))])
        [asked] = args_of(home)
        with pytest.raises(Rejected):
            tell(home, asked, Poster(local=True))
        assert tell(home, asked, Poster(local=True)) == {"dropped": "the endpoint is off"}
    assert "410" in hooks.get("ann", mine.id).reason
    hooks.remove("ann", mine.id)
    assert tell(home, asked, Poster(local=True)) == {"dropped": "the endpoint was removed"}


def test_an_address_that_is_forbidden_by_now_is_never_called(
    home: Home, hooks: Webhooks, receiver: Receiver
) -> None:
    mine = hooks.add("ann", f"http://127.0.0.1:{receiver.port}/")
    home.ledger.submit([events.deliver("ann", mine.id, told(home))])
    with pytest.raises(Rejected):
        tell(home, args_of(home)[0], Poster())
    assert receiver.connections == 0


def test_only_the_latest_deliveries_are_kept(
    home: Home, hooks: Webhooks, clock: VirtualClock
) -> None:
    mine = hooks.add("ann", URL)
    for number in range(KEPT_DELIVERIES + 3):
        clock.advance(1)
        hooks.note(mine, f"m{number}", "t", Answer(200, "taken", 0.1))
    kept = hooks.deliveries("ann", mine.id)
    assert len(kept) == home.tables.count("billow-webhook-deliveries") == KEPT_DELIVERIES
    assert kept[0].message == f"m{KEPT_DELIVERIES + 2}"


def test_a_message_that_is_too_large_or_no_json_is_refused() -> None:
    for data in ("x" * events.LARGEST, object(), float("nan")):
        with pytest.raises(BadInput):
            events.message("t", data, 0.0, "k")


def test_the_whole_way_from_a_handler_to_the_owners_server(
    receiver: Receiver, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BILLOW_WEBHOOKS_LOCAL", "1")
    app = billow.App("demo")

    @app.function()
    def work() -> int:
        return 42

    @work.on(billow.Event.COMPLETED)
    def notify(job: billow.Job) -> None:
        job.owner.webhook("job.completed", {"job": job.id, "result": job.result})

    home = memory_home(app, clock)
    hooks = Webhooks(home, local=True)
    mine = hooks.add("ann", f"http://127.0.0.1:{receiver.port}/")
    accepted = Client(home, app).submit("work", owner="ann")
    run_jobs(home, app)
    [request] = receiver.requests
    verify(request.body, request.headers, hooks.secrets(mine))
    assert json.loads(request.body)["data"] == {"job": accepted.id, "result": 42}
    assert {job.status for job in home.ledger.find(function="billow.webhook").jobs} == {
        Status.COMPLETED
    }


def test_a_trial_is_sent_at_once_and_not_again(
    clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BILLOW_WEBHOOKS_LOCAL", "1")
    app = billow.App("demo")
    home = memory_home(app, clock)
    hooks = Webhooks(home, local=True)
    with Receiver(say(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")).open() as receiver:
        mine = hooks.add("ann", f"http://127.0.0.1:{receiver.port}/")
        hooks.change("ann", mine.id, enabled=False)
        message = hooks.test("ann", mine.id)
        [job] = run_jobs(home, app)
    assert (job.status, job.failure and job.failure.kind) == (Status.FAILED, "rejected")
    assert [d.message for d in hooks.deliveries("ann", mine.id)] == [message]
    assert home.ledger.find(dead=True).jobs == []


def test_the_schedule_of_tries_lasts_more_than_a_day() -> None:
    rests = [webhook.RETRY.rest(n, 0.5) for n in range(1, webhook.RETRY.attempts)]
    assert rests[:3] == [5, 10, 20]
    assert max(rests) == 6 * 3600
    assert 24 * 3600 < sum(rests) < 48 * 3600
