"""Objects: what their arrival sets off, in the same step."""

from __future__ import annotations

from dataclasses import replace

import pytest

from billow.errors import Conflict
from billow.home import Home
from billow.job import Status
from billow.ports.ledger import Submission
from billow.ports.objects import Copy, ObjectInfo, Stored
from billow.ports.wake import jobs_channel
from tests.contract.homes import MakeHome, in_threads


def put(home: Home, key: str | None = "k", data: bytes = b"data", store: str = "s") -> Stored:
    return home.objects.put(store, [data], key=key)


def content(home: Home, key: str = "k", store: str = "s") -> bytes:
    return b"".join(home.objects.read(store, key))


def feed(info: ObjectInfo) -> list[Copy | Submission]:
    """uploads -> processing -> one job for each object there."""
    if info.store == "uploads":
        return [Copy("processing")]
    if info.store == "processing":
        upload = f"{info.store}/{info.key}"
        return [Submission("f", name=info.name, upload=upload, owner=info.owner)]
    return []


def test_an_arrival_sets_off_copies_and_jobs(make_home: MakeHome) -> None:
    home = make_home(feed)
    with home.wake.waiter(jobs_channel("f")) as worker:
        stored = home.objects.put("uploads", [b"data"], name="book.txt", owner="ana")
        assert worker.wait(0)
    key = stored.info.key
    assert stored.info.store == "uploads"
    assert content(home, key, "uploads") == content(home, key, "processing") == b"data"
    copied = home.objects.head("processing", key)
    assert copied is not None
    assert copied == replace(stored.info, store="processing", created=copied.created)
    [accepted] = stored.jobs
    job = home.ledger.get(accepted.id)
    assert job is not None
    assert (job.function, job.name, job.owner) == ("f", "book.txt", "ana")
    assert (job.status, job.upload) == (Status.PENDING, f"processing/{key}")


def test_a_copy_is_an_arrival_too(make_home: MakeHome) -> None:
    home = make_home(feed)
    put(home, "k", store="elsewhere")
    stored = home.objects.copy("elsewhere", "k", "uploads")
    assert len(stored.jobs) == 1
    assert home.objects.head("processing", "k") is not None


def test_an_arrival_with_a_known_idempotency_key_makes_no_second_job(
    make_home: MakeHome,
) -> None:
    home = make_home(lambda info: [Submission("f", key=info.key, digest=info.sha256)])
    [first] = put(home, "k").jobs
    [again] = put(home, "k").jobs
    assert (again.id, again.new) == (first.id, False)
    with pytest.raises(Conflict):
        put(home, "k", b"other bytes")
    assert content(home) == b"data"


def test_a_repeated_upload_stores_nothing(make_home: MakeHome) -> None:
    def feed(info: ObjectInfo) -> list[Copy | Submission]:
        if info.store == "s":
            return [Copy("copies")]
        return [Submission("f", key="once", digest=info.sha256)]

    home = make_home(feed)
    [first] = put(home, "k").jobs
    [again] = put(home, "other").jobs
    assert (again.id, again.new) == (first.id, False)
    assert [info.key for store in ("s", "copies") for info in home.objects.list(store)] == ["k"] * 2
    home.objects.copy("copies", "k", "copies", "kept")  # who copies means it
    assert home.objects.head("copies", "kept") is not None


def test_stores_that_copy_to_each_other_do_not_go_on_for_ever(make_home: MakeHome) -> None:
    calls = 0

    def circle(info: ObjectInfo) -> list[Copy | Submission]:
        nonlocal calls
        calls += 1
        assert calls < 50, "the copies go round in a circle"
        return [Copy("b" if info.store == "a" else "a")]

    home = make_home(circle)
    put(home, "k", store="a")
    assert home.objects.stores() == ["a", "b"]


def test_objects_put_in_threads_all_arrive(make_home: MakeHome) -> None:
    home = make_home(feed)

    def work(number: int) -> None:
        for n in range(5):
            home.objects.put("uploads", [f"{number} {n}".encode()], name="same.txt")

    in_threads([lambda n=n: work(n) for n in range(6)])  # type: ignore[misc]
    infos = home.objects.list("processing")
    assert len(infos) == 30
    assert len({content(home, info.key, "processing") for info in infos}) == 30
    assert home.ledger.counts("f").visible == 30
