"""What a process measures, and how it is shipped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from billow.drivers.memory.home import open_memory
from billow.errors import BadInput, Unavailable
from billow.ops.measured import measured
from billow.ops.recorder import GATHER, MOST_ALIKE, MOST_OWN, Measured, Recorder, check_own
from billow.ops.shipping import Shipper
from billow.ops.summary import summary_of


def taken(recorder: Recorder) -> dict[str, tuple[str, int, float]]:
    return {one.name: (one.kind, one.summary.count, one.summary.total) for one in recorder.take()}


def test_values_are_summed_up_until_they_are_taken() -> None:
    recorder = Recorder()
    recorder.count("web.requests")
    recorder.count("web.requests", 2)
    recorder.gauge("host.cpu", 30)
    recorder.observe("web.latency", 0.5)
    assert taken(recorder) == {
        "web.requests": ("counter", 2, 3),
        "host.cpu": ("gauge", 1, 30),
        "web.latency": ("timer", 1, 0.5),
    }
    assert taken(recorder) == {"web.requests": ("counter", 1, 0)}


@pytest.mark.parametrize("batch", [1, 7, GATHER - 1, GATHER, 3 * GATHER])
def test_many_values_at_once_are_the_same_as_one_by_one(batch: int) -> None:
    values = [0.001 * (number % 917) for number in range(3 * GATHER)]
    recorder = Recorder()
    for at in range(0, len(values), batch):
        recorder.observe_all("f.wait", values[at : at + batch])
    recorder.count("f.tries", times=5)
    [wait, tries] = recorder.take()
    whole = summary_of(values)
    assert wait.summary.total == pytest.approx(whole.total)
    assert wait.summary == replace(whole, total=wait.summary.total)
    assert (tries.summary.count, tries.summary.total, tries.summary.high) == (5, 5, 1)


def test_what_is_gathered_elsewhere_is_handed_over_first() -> None:
    recorder = Recorder()
    recorder.gather_from(lambda: recorder.count("web.requests", times=3))
    assert taken(recorder) == {"web.requests": ("counter", 3, 3)}


def test_a_process_has_only_so_many_metrics() -> None:
    recorder = Recorder()
    for number in range(MOST_ALIKE + 50):
        recorder.count(f"table.t{number}.reads")
        recorder.count(f"app.m{number}")
    names = list(taken(recorder))
    assert sum(name.startswith("table.") for name in names) == MOST_ALIKE
    assert sum(name.startswith("app.") for name in names) == MOST_OWN


def test_a_name_keeps_its_kind() -> None:
    recorder = Recorder()
    recorder.count("app.x")
    recorder.gauge("app.x", 7)
    assert taken(recorder) == {"app.x": ("counter", 1, 1)}


@pytest.mark.parametrize(
    ("name", "value", "unit"),
    [
        ("", 1, ""), ("User-17", 1, ""), ("a.b", 1, ""), ("x" * 64, 1, ""), ("a", "1", ""),
        ("a", True, ""), ("a", float("nan"), ""), ("a", float("inf"), ""), ("a", 1, "s\n"),
    ],
)  # fmt: skip
def test_what_can_be_no_metric_of_ones_own(name: str, value: Any, unit: str) -> None:
    with pytest.raises(BadInput, match="metric"):
        check_own(name, value, unit)


class Closed:
    """A store that takes nothing until it is opened."""

    def __init__(self) -> None:
        self.open = False
        self.came: list[tuple[float, int]] = []

    def write(self, at: float, measured: Sequence[Measured]) -> None:
        if not self.open:
            raise Unavailable("full")
        self.came.append((at, len(measured)))


def test_what_the_store_cannot_take_waits_and_keeps_its_time() -> None:
    recorder, store = Recorder(), Closed()
    shipper = Shipper(recorder, store)  # type: ignore[arg-type]
    for at in range(0, 400, 10):
        recorder.gauge("host.cpu", at)
        shipper.ship(at)
    store.open = True
    shipper.ship(400)
    assert store.came[-1] == (400, 0)
    assert [at for at, _ in store.came] == list(range(110, 410, 10))


def test_a_fault_of_what_is_measured_before_stops_no_shipment() -> None:
    recorder, store = Recorder(), Closed()
    store.open = True
    shipper = Shipper(recorder, store, before=lambda: 1 / 0)  # type: ignore[arg-type]
    shipper.ship(10)
    assert store.came == [(10, 0)]


def test_a_shipper_that_stops_ships_what_is_left() -> None:
    recorder, store = Recorder(), Closed()
    store.open = True
    shipper = Shipper(recorder, store).start()  # type: ignore[arg-type]
    recorder.gauge("host.cpu", 1)
    shipper.stop()
    assert sum(count for _, count in store.came) == 1


def test_stores_and_tables_measure_their_use() -> None:
    home = measured(open_memory())
    home.tables.put("words", "a", {"n": 1})
    home.tables.get("words", "a")
    home.tables.get("words", "b")
    home.objects.put("photos", [b"abc"], key="a/b")
    assert home.objects.head("photos", "a/b") is not None
    found = taken(home.recorder)
    assert {name: total for name, (kind, _, total) in found.items() if kind == "counter"} == {
        "table.words.writes": 1,
        "table.words.reads": 2,
        "store.photos.writes": 1,
        "store.photos.reads": 1,
    }
    assert found["table.words.latency"][:2] == ("timer", 3)
