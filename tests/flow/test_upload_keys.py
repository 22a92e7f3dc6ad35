"""Idempotency keys of uploads: what was asked and the bytes together make a request."""

from __future__ import annotations

from pathlib import Path

import pytest

import billow
from billow.clock import SystemClock
from billow.errors import Conflict, NotAccepted, NotFound, TooLarge, Unavailable
from billow.flow.arrivals import arrival_rule
from billow.flow.client import Client
from billow.home import Home, open_home

app = billow.App("letters")
inbox = app.store("inbox")
work = app.store("work")
inbox.copy_to(work)


@app.function(accepts=billow.File(".txt", max_size=100), store=work)
def count(text: billow.Upload, unit: str = "bytes") -> int:
    return text.size


@pytest.fixture
def client(tmp_path: Path) -> Client:
    home = open_home(tmp_path, arrivals=arrival_rule(app), clock=SystemClock())
    return Client(home, app)


def stored(home: Home) -> int:
    return sum(len(home.objects.list(store)) for store in ("inbox", "work"))


def test_the_same_upload_again_is_the_same_job_and_is_not_stored_again(client: Client) -> None:
    first = client.send_file("count", [b"abc"], name="a.txt", key="k")
    again = client.send_file("count", [b"a", b"bc"], name="a.txt", key="k")
    assert (first.new, again.new) == (True, False)
    assert first.id == again.id
    assert stored(client.home) == 2


@pytest.mark.parametrize(
    ("name", "data", "args"),
    [("b.txt", b"abc", {}), ("a.txt", b"abd", {}), ("a.txt", b"abc", {"unit": "lines"})],
)
def test_another_name_or_file_or_argument_is_another_request(
    client: Client, name: str, data: bytes, args: dict[str, str]
) -> None:
    client.send_file("count", [b"abc"], name="a.txt", key="k")
    with pytest.raises(Conflict):
        client.send_file("count", [data], name=name, args=args, key="k")
    assert stored(client.home) == 2


def test_an_upload_that_is_too_large_is_so_under_a_known_key_too(client: Client) -> None:
    client.send_file("count", [b"abc"], name="a.txt", key="k")
    with pytest.raises(TooLarge):
        client.send_file("count", [b"x" * 101], name="a.txt", key="k")


def test_twins_that_arrive_at_the_same_time_make_one_job_and_one_object(client: Client) -> None:
    def meanwhile() -> list[bytes]:
        client.send_file("count", [b"abc"], name="a.txt", key="k")
        return [b"abc"]

    def blocks() -> object:
        yield from meanwhile()

    late = client.send_file("count", blocks(), name="a.txt", key="k")  # type: ignore[arg-type]
    assert not late.new
    assert stored(client.home) == 2
    assert len(client.home.ledger.find().jobs) == 1


def test_an_upload_can_be_delayed(client: Client) -> None:
    sent = client.send_file("count", [b"abc"], name="a.txt", delay=60)
    job = client.job(sent.id)
    assert job.due is not None
    assert job.due - job.created == pytest.approx(60)
    assert client.home.ledger.counts("count").delayed == 1


def test_a_file_may_come_before_what_is_asked_of_it_is_known(client: Client) -> None:
    staged = client.stage_file("count", [b"a", b"bc"], name="a.txt", key="k")
    assert stored(client.home) == 0
    first = client.send_file("count", staged, name="a.txt", args={"unit": "words"}, key="k")
    assert stored(client.home) == 2
    again = client.stage_file("count", [b"abc"], name="a.txt", key="k")
    known = client.send_file("count", again, name="a.txt", args={"unit": "words"}, key="k")
    assert (first.new, known.new, known.id) == (True, False, first.id)
    with pytest.raises(Conflict):
        client.send_file("count", again, name="a.txt", key="k")
    other = client.stage_file("count", [b"abd"], name="a.txt", key="k")
    with pytest.raises(Conflict):
        client.send_file("count", other, name="a.txt", args={"unit": "words"}, key="k")
    assert stored(client.home) == 2


def test_a_file_that_was_only_compared_is_never_taken_for_one(client: Client) -> None:
    client.send_file("count", [b"abc"], name="a.txt", key="k")
    compared = client.stage_file("count", [b"abc"], name="a.txt", key="k")
    with pytest.raises(Unavailable, match="send it again"):
        client.send_file("count", compared, name="a.txt", key="another")
    assert stored(client.home) == 2


def test_what_cannot_be_taken_is_refused_before_it_is_asked_for(client: Client) -> None:
    with pytest.raises(NotAccepted):
        client.stage_file("count", [b"x"], name="a.exe")
    with pytest.raises(TooLarge):
        client.stage_file("count", [b"x" * 101], name="a.txt")
    with pytest.raises(NotFound):
        client.stage_file("counted", [b"x"], name="a.txt")
