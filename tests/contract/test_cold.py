"""The cold tier: kept whole, read only when its time has come, and never if it is damaged."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billow.clock import VirtualClock
from billow.drivers.embedded.cold import SqliteCold
from billow.drivers.embedded.packing import Packer, unpack
from billow.drivers.memory.cold import MemoryCold
from billow.errors import NotFound
from billow.home import Home
from billow.ports.cold import WAITS, Cold, Damaged, NoCapacity, NotReady, Tier
from billow.ports.objects import ObjectInfo
from tests.contract.homes import in_threads

DATA = b"cold facts\n" * 1000


def info(data: bytes = DATA, key: str = "ana/j1/1/a.vcf", store: str = "s") -> ObjectInfo:
    digest = hashlib.sha256(data).hexdigest()
    return ObjectInfo(store, key, len(data), digest, "text/plain", "a.vcf", "ana")


@pytest.fixture
def cold(home: Home) -> Cold:
    return home.cold


@pytest.fixture
def few(driver: str, tmp_path: Path, clock: VirtualClock) -> Cold:
    """A cold tier with room for two expedited retrievals."""
    if driver == "memory":
        return MemoryCold(threading.RLock(), clock, expedited=2)
    return SqliteCold(tmp_path / "few", clock, expedited=2)


def packed_file(cold: Cold) -> Path:
    assert isinstance(cold, SqliteCold)
    [path] = [p for p in cold._folder.joinpath("packed").rglob("*") if p.is_file()]
    return path


def spoil(cold: Cold, change: Callable[[bytes], bytes]) -> None:
    """Change the only file's bytes behind the tier's back."""
    if isinstance(cold, MemoryCold):
        [row] = cold.rows.values()
        row.packed = change(row.packed)
        return
    path = packed_file(cold)
    path.write_bytes(change(path.read_bytes()))


def thawed(cold: Cold, clock: VirtualClock, key: str = "ana/j1/1/a.vcf") -> bytes:
    cold.ask("s", key, Tier.EXPEDITED)
    clock.advance(WAITS[Tier.EXPEDITED])
    return b"".join(cold.read("s", key))


def test_a_file_comes_back_as_it_was(cold: Cold, clock: VirtualClock) -> None:
    frozen = cold.put(info(), [DATA[:5], b"", DATA[5:]])
    assert (frozen.size, frozen.sha256) == (len(DATA), info().sha256)
    assert (frozen.type, frozen.name, frozen.owner) == ("text/plain", "a.vcf", "ana")
    assert (frozen.created, frozen.ready, frozen.damaged) == (clock.now(), None, None)
    assert 0 < frozen.packed < len(DATA)
    assert cold.head("s", "ana/j1/1/a.vcf") == frozen
    assert cold.verify("s", "ana/j1/1/a.vcf") == frozen
    assert thawed(cold, clock) == DATA


@pytest.mark.parametrize("data", [b"", b"x", os.urandom(3_000_000), bytes(5_000_000)])
def test_any_content_comes_back(cold: Cold, clock: VirtualClock, data: bytes) -> None:
    cold.put(info(data), io.BytesIO(data))
    assert thawed(cold, clock) == data


def test_what_is_not_the_object_is_not_taken(cold: Cold) -> None:
    for wrong in (DATA[:-1], DATA + b"x", DATA[:-1] + b"?"):
        with pytest.raises(Damaged):
            cold.put(info(), [wrong])
    assert cold.head("s", info().key) is None
    assert cold.sweep(-10) == 0


def test_nothing_is_there_before_it_was_put(cold: Cold) -> None:
    assert cold.head("s", "k") is None
    assert cold.list("s") == []
    assert cold.sweep(-10) == 0
    assert not cold.delete("s", "k", "claim")
    for act in (cold.verify, cold.read):
        with pytest.raises(NotFound):
            act("s", "k")
    with pytest.raises(NotFound):
        cold.ask("s", "k", Tier.STANDARD)


def test_looking_makes_nothing(tmp_path: Path, clock: VirtualClock) -> None:
    cold = SqliteCold(tmp_path / "cold", clock)
    assert (cold.head("s", "k"), cold.list("s"), cold.sweep()) == (None, [], 0)
    assert list(tmp_path.iterdir()) == []


def test_files_are_listed_by_key(cold: Cold) -> None:
    for key in ("b", "a/2", "a/1", "a"):
        cold.put(info(key=key), [DATA])
    cold.put(info(key="a/3", store="t"), [DATA])
    assert [frozen.key for frozen in cold.list("s")] == ["a", "a/1", "a/2", "b"]
    assert [frozen.key for frozen in cold.list("s", "a/")] == ["a/1", "a/2"]
    assert [frozen.key for frozen in cold.list("s", "a", after="a", limit=1)] == ["a/1"]


# Waiting


def test_a_file_cannot_be_read_before_its_time(cold: Cold, clock: VirtualClock) -> None:
    cold.put(info(), [DATA])
    with pytest.raises(NotReady):
        cold.read("s", info().key)
    frozen = cold.ask("s", info().key, Tier.STANDARD)
    assert frozen.ready == clock.now() + WAITS[Tier.STANDARD]
    clock.advance(WAITS[Tier.STANDARD] - 1)
    with pytest.raises(NotReady):
        cold.read("s", info().key)
    clock.advance(1)
    assert b"".join(cold.read("s", info().key)) == DATA


def test_asking_again_changes_only_to_sooner(cold: Cold, clock: VirtualClock) -> None:
    cold.put(info(), [DATA])
    late = cold.ask("s", info().key, Tier.STANDARD).ready
    soon = cold.ask("s", info().key, Tier.EXPEDITED).ready
    assert late is not None
    assert soon is not None
    assert soon < late
    clock.advance(60)
    assert cold.ask("s", info().key, Tier.STANDARD).ready == soon
    assert cold.ask("s", info().key, Tier.EXPEDITED).ready == soon


def test_what_should_long_be_back_is_found(cold: Cold, clock: VirtualClock) -> None:
    assert cold.overdue(clock.now()) == []
    for key in ("a", "b", "c", "d"):
        cold.put(info(key=key), [DATA])
    cold.ask("s", "b", Tier.STANDARD)
    cold.ask("s", "a", Tier.EXPEDITED)
    cold.ask("s", "d", Tier.EXPEDITED)
    clock.advance(WAITS[Tier.STANDARD])
    assert [one.key for one in cold.overdue(clock.now())] == ["a", "d"]
    clock.advance(1)
    assert [one.key for one in cold.overdue(clock.now())] == ["a", "d", "b"]
    assert [one.key for one in cold.overdue(clock.now(), 1)] == ["a"]
    for each in cold.overdue(clock.now(), 2):
        cold.delete("s", each.key, each.claim)
    assert [one.key for one in cold.overdue(clock.now())] == ["b"]


def test_the_wait_is_scaled(cold: Cold, clock: VirtualClock) -> None:
    cold.put(info(), [DATA])
    assert cold.ask("s", info().key, Tier.EXPEDITED, speed=60).ready == clock.now() + 3


def test_expedited_retrievals_are_limited_while_they_wait(few: Cold, clock: VirtualClock) -> None:
    for key in "abcd":
        few.put(info(key=key), [DATA])
    few.ask("s", "a", Tier.EXPEDITED)
    few.ask("s", "b", Tier.EXPEDITED)
    with pytest.raises(NoCapacity):
        few.ask("s", "c", Tier.EXPEDITED)
    assert few.ask("s", "b", Tier.EXPEDITED).ready is not None
    standard = few.ask("s", "c", Tier.STANDARD).ready
    assert standard == clock.now() + WAITS[Tier.STANDARD]
    clock.advance(WAITS[Tier.EXPEDITED])
    assert few.ask("s", "d", Tier.EXPEDITED).ready is not None


# Claims


def test_putting_again_keeps_the_copy_and_renews_the_claim(cold: Cold) -> None:
    first = cold.put(info(), [DATA])
    cold.ask("s", info().key, Tier.EXPEDITED)
    second = cold.put(info(), [])  # the bytes are not looked at
    assert second == first._replace(claim=second.claim)
    assert second.claim != first.claim
    assert cold.verify("s", info().key) == second


def test_only_the_latest_claim_deletes(cold: Cold) -> None:
    first = cold.put(info(), [DATA])
    second = cold.put(info(), [DATA])
    assert not cold.delete("s", info().key, first.claim)
    assert cold.head("s", info().key) == second
    assert cold.delete("s", info().key, second.claim)
    assert cold.head("s", info().key) is None
    assert not cold.delete("s", info().key, second.claim)


def test_other_content_replaces(cold: Cold, clock: VirtualClock) -> None:
    cold.put(info(), [DATA])
    cold.put(info(b"other"), [b"other"])
    assert thawed(cold, clock) == b"other"
    assert cold.sweep(-10) == 0


def test_all_who_put_at_once_leave_one_whole_copy(cold: Cold) -> None:
    in_threads([lambda: cold.put(info(), [DATA])] * 8)
    assert len(cold.list("s")) == 1
    assert cold.verify("s", info().key).sha256 == info().sha256
    assert cold.sweep(-10) == 0


# Damage


def flip(place: int) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        at = place % len(data)
        return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]

    return change


@pytest.mark.parametrize(
    "change",
    [
        *(flip(place) for place in (0, 3, 20, -1, -5, -9)),
        lambda data: data[:-1],
        lambda data: data[: len(data) // 2],
        lambda data: b"",
        lambda data: data + b"\0",
        lambda data: data + data,
        lambda data: gzip.compress(DATA[:-1] + b"?"),
        lambda data: gzip.compress(bytes(100_000_000)),
    ],
)
def test_a_damaged_copy_is_noticed_and_never_served(
    cold: Cold, clock: VirtualClock, change: Callable[[bytes], bytes]
) -> None:
    cold.put(info(), [DATA])
    spoil(cold, change)
    with pytest.raises(Damaged):
        cold.verify("s", info().key)
    frozen = cold.head("s", info().key)
    assert frozen is not None
    assert frozen.damaged == clock.now()
    with pytest.raises(Damaged):
        thawed(cold, clock)
    cold.put(info(), [DATA])
    assert cold.verify("s", info().key).damaged is None
    assert thawed(cold, clock) == DATA
    assert cold.sweep(-10) == 0


def test_a_copy_that_vanished_is_damaged(tmp_path: Path, clock: VirtualClock) -> None:
    cold = SqliteCold(tmp_path / "cold", clock)
    cold.put(info(), [DATA])
    packed_file(cold).unlink()
    with pytest.raises(Damaged, match="No such file"):
        cold.verify("s", info().key)


def test_a_copy_can_be_rescued_without_billow(tmp_path: Path, clock: VirtualClock) -> None:
    cold = SqliteCold(tmp_path / "cold", clock)
    cold.put(info(), [DATA])
    assert gzip.decompress(packed_file(cold).read_bytes()) == DATA


def test_what_a_crash_left_is_swept_away(tmp_path: Path, clock: VirtualClock) -> None:
    cold = SqliteCold(tmp_path / "cold", clock)
    cold.put(info(), [DATA])
    cold._blobs.write([b"left over"], None, None)
    assert cold.sweep() == 0
    assert cold.sweep(-10) == 1
    assert cold.verify("s", info().key)


def test_another_process_sees_the_same(tmp_path: Path, clock: VirtualClock) -> None:
    frozen = SqliteCold(tmp_path / "cold", clock).put(info(), [DATA])
    assert SqliteCold(tmp_path / "cold", clock).head("s", info().key) == frozen


@given(st.lists(st.binary(max_size=200)), st.integers(1, 50))
def test_what_is_packed_is_unpacked(blocks: list[bytes], size: int) -> None:
    data = b"".join(blocks)
    packed = b"".join(Packer(blocks, len(data), hashlib.sha256(data).hexdigest()))
    pieces = [packed[at : at + size] for at in range(0, len(packed), size)]
    assert b"".join(unpack(pieces, len(data))) == data
    with pytest.raises(Damaged):
        list(unpack(pieces[:-1], len(data)))
