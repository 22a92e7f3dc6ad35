"""Uploads in parts, and objects that are put once."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator

import pytest

from billow.clock import VirtualClock
from billow.errors import BadInput, Conflict, NotFound, TooLarge
from billow.home import Home
from billow.ports.ledger import Submission
from billow.ports.objects import Copy, ObjectInfo
from billow.ports.uploads import LIFETIME, MIN_PART, Multipart, Named
from tests.contract.homes import MakeHome, in_threads

FIRST = b"a" * MIN_PART
LAST = b"the end"
WHOLE = FIRST + LAST


def one_job(arrived: ObjectInfo) -> list[Copy | Submission]:
    if arrived.store == "in":
        return [Copy("work")]
    return [Submission("f", owner=arrived.owner, key=arrived.key, digest=arrived.sha256)]


@pytest.fixture
def busy(make_home: MakeHome) -> Home:
    """A home in which what arrives in `in` is copied to `work` and becomes a job there."""
    return make_home(one_job)


def begin(home: Home, size: int = len(WHOLE), owner: str = "anna") -> Multipart:
    return home.uploads.create(
        "in", f"{owner}/x/v.vcf", size=size, part_size=MIN_PART, name="v.vcf", owner=owner
    )


def send(home: Home, upload: Multipart) -> list[Named]:
    parts = [home.uploads.put_part(upload.id, n + 1, [p]) for n, p in enumerate((FIRST, LAST))]
    return [Named(part.number, part.etag) for part in parts]


def jobs(home: Home) -> int:
    return len(home.ledger.find().jobs)


def test_parts_become_one_object_its_copy_and_its_job(busy: Home) -> None:
    upload = begin(busy)
    stored = busy.uploads.complete(upload.id, send(busy, upload))
    assert b"".join(busy.objects.read("in", upload.key)) == WHOLE
    assert stored.info.sha256 == hashlib.sha256(WHOLE).hexdigest()
    assert (stored.info.owner, stored.info.name) == ("anna", "v.vcf")
    assert [job.new for job in stored.jobs] == [True]
    assert busy.objects.head("work", upload.key) is not None
    assert busy.uploads.parts(upload.id) == []
    assert busy.uploads.unfinished("anna") == []


def test_completing_again_makes_no_second_job(busy: Home) -> None:
    upload = begin(busy)
    named = send(busy, upload)
    first = busy.uploads.complete(upload.id, named)
    again = busy.uploads.complete(upload.id, named)
    assert (again.info.sha256, again.jobs, jobs(busy)) == (first.info.sha256, [], 1)


def test_completing_at_the_same_time_makes_one_job(make_home: MakeHome) -> None:
    """Also where no idempotency key would make the second job the first."""
    busy = make_home(lambda arrived: [Submission("f")])
    upload = begin(busy)
    named = send(busy, upload)

    def complete() -> None:
        with contextlib.suppress(Conflict):
            busy.uploads.complete(upload.id, named)

    in_threads([complete] * 4)
    assert jobs(busy) == 1
    assert b"".join(busy.objects.read("in", upload.key)) == WHOLE


def test_a_part_that_comes_again_replaces_the_first(home: Home) -> None:
    upload = begin(home)
    stale = send(home, upload)
    home.uploads.put_part(upload.id, 2, [b"THE END"])
    with pytest.raises(Conflict, match="another content"):
        home.uploads.complete(upload.id, stale)
    fresh = [Named(part.number, part.etag) for part in home.uploads.parts(upload.id)]
    home.uploads.complete(upload.id, fresh)
    assert b"".join(home.objects.read("in", upload.key))[-7:] == b"THE END"


def test_parts_may_come_in_any_order(home: Home) -> None:
    upload = begin(home)
    home.uploads.put_part(upload.id, 2, [LAST])
    home.uploads.put_part(upload.id, 1, [FIRST])
    assert [part.number for part in home.uploads.parts(upload.id)] == [1, 2]


@pytest.mark.parametrize("data", [LAST + b"!", FIRST])
def test_a_part_is_never_larger_than_announced(home: Home, data: bytes) -> None:
    with pytest.raises(TooLarge):
        home.uploads.put_part(begin(home).id, 2, [data])


@pytest.mark.parametrize("data", [FIRST[:-1], b""])
def test_a_part_is_never_smaller_than_announced(home: Home, data: bytes) -> None:
    upload = begin(home)
    with pytest.raises(BadInput, match="came"):
        home.uploads.put_part(upload.id, 1, [data])
    assert home.uploads.parts(upload.id) == []


@pytest.mark.parametrize("number", [0, -1, 3])
def test_there_are_only_so_many_parts(home: Home, number: int) -> None:
    with pytest.raises(BadInput, match="numbered"):
        home.uploads.put_part(begin(home).id, number, [LAST])


def test_other_bytes_than_announced_are_refused(home: Home) -> None:
    upload = begin(home)
    with pytest.raises(BadInput, match="SHA-256"):
        home.uploads.put_part(upload.id, 2, [LAST], hashlib.sha256(FIRST).hexdigest())
    assert home.uploads.parts(upload.id) == []


def test_a_part_that_breaks_off_leaves_nothing(home: Home) -> None:
    def broken() -> Iterator[bytes]:
        yield LAST[:3]
        raise ConnectionError

    upload = begin(home)
    with pytest.raises(ConnectionError):
        home.uploads.put_part(upload.id, 2, broken())
    assert home.uploads.parts(upload.id) == []


@pytest.mark.parametrize("order", [[2, 1], [1], [1, 1], [1, 2, 2], [], [1, 2, 3]])
def test_all_parts_must_be_named_in_order(home: Home, order: list[int]) -> None:
    upload = begin(home)
    etags = dict(send(home, upload))
    with pytest.raises(BadInput, match="in order"):
        home.uploads.complete(upload.id, [Named(n, etags.get(n, "")) for n in order])
    assert home.objects.head("in", upload.key) is None


def test_swapped_parts_are_refused(home: Home) -> None:
    upload = begin(home)
    first, last = send(home, upload)
    with pytest.raises(Conflict, match="another content"):
        home.uploads.complete(upload.id, [Named(1, last.etag), Named(2, first.etag)])


def test_a_missing_part_is_named(home: Home) -> None:
    upload = begin(home)
    part = home.uploads.put_part(upload.id, 2, [LAST])
    with pytest.raises(Conflict, match="part 1 has not been uploaded"):
        home.uploads.complete(upload.id, [Named(1, part.etag), Named(2, part.etag)])


def test_what_is_completed_takes_no_more_parts_and_cannot_be_aborted(home: Home) -> None:
    upload = begin(home)
    home.uploads.complete(upload.id, send(home, upload))
    with pytest.raises(Conflict):
        home.uploads.put_part(upload.id, 2, [LAST])
    assert not home.uploads.abort(upload.id)
    assert home.objects.head("in", upload.key) is not None


def test_what_is_aborted_is_gone(home: Home) -> None:
    upload = begin(home)
    named = send(home, upload)
    assert home.uploads.abort(upload.id)
    assert not home.uploads.abort(upload.id)
    assert home.uploads.parts(upload.id) == []
    with pytest.raises(NotFound):
        home.uploads.complete(upload.id, named)
    with pytest.raises(NotFound):
        home.uploads.put_part(upload.id, 2, [LAST])


def test_unfinished_uploads_are_swept_after_a_day(home: Home, clock: VirtualClock) -> None:
    old = begin(home)
    clock.advance(LIFETIME / 2)
    young = begin(home)
    clock.advance(LIFETIME / 2 + 1)
    assert home.uploads.sweep() == 1
    assert home.uploads.unfinished("anna") == [young]
    assert home.uploads.get(old.id) is None


def test_the_uploads_of_others_are_not_listed(home: Home) -> None:
    begin(home, owner="bert")
    assert home.uploads.unfinished("anna") == []


def test_an_empty_file_has_one_empty_part(home: Home) -> None:
    upload = begin(home, size=0)
    part = home.uploads.put_part(upload.id, 1, [])
    stored = home.uploads.complete(upload.id, [Named(1, part.etag)])
    assert stored.info.size == 0


@pytest.mark.parametrize(
    ("size", "part_size"), [(10, MIN_PART - 1), (-1, MIN_PART), (MIN_PART * 10_000 + 1, MIN_PART)]
)
def test_sizes_are_within_s3s_bounds(home: Home, size: int, part_size: int) -> None:
    with pytest.raises(BadInput):
        home.uploads.create("in", "k", size=size, part_size=part_size)


def test_an_object_is_put_once(busy: Home) -> None:
    first = busy.uploads.put_once("in", [LAST], key="k", limit=7)
    again = busy.uploads.put_once("in", [LAST], key="k")
    assert again.jobs[0].id == first.jobs[0].id
    with pytest.raises(Conflict):
        busy.uploads.put_once("in", [b"another"], key="k")
    assert b"".join(busy.objects.read("in", "k")) == LAST
    assert b"".join(busy.objects.read("work", "k")) == LAST
    assert jobs(busy) == 1


def test_an_object_that_is_put_once_keeps_its_limit(home: Home) -> None:
    with pytest.raises(TooLarge):
        home.uploads.put_once("in", [LAST], key="k", limit=len(LAST) - 1)
    assert home.objects.head("in", "k") is None


def test_of_many_who_put_at_the_same_time_one_wins(home: Home) -> None:
    lost = []

    def put(body: bytes) -> None:
        try:
            home.uploads.put_once("in", [body], key="k")
        except Conflict:
            lost.append(body)

    in_threads([lambda body=bytes([65 + n]): put(body) for n in range(5)])  # type: ignore[misc]
    assert len(lost) == 4
    assert b"".join(home.objects.read("in", "k")) not in lost


def test_a_home_has_a_key_that_nobody_else_has(make_home: MakeHome) -> None:
    one, other = make_home().uploads.signing_keys()[0], make_home().uploads.signing_keys()[0]
    assert one.secret != other.secret
    assert one.secret not in repr(one)
