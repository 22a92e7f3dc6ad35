import sys

import pytest

from bench.jobs import measure
from bench.jobs.measure import StuckError, quantile, steady_rate
from bench.jobs.payload import Json
from bench.jobs.peer import Peer
from bench.jobs.processes import Command


class Instant(Peer):
    """A queue without workers; a quarter of the jobs is done whenever somebody looks."""

    packages = ()
    batch = "all at once"

    def __init__(self, lost: int = 0) -> None:
        self.lost = lost
        self.waiting = self.finished = 0

    def reset(self) -> None:
        self.waiting = self.finished = 0

    def enqueue(self, jobs: int) -> None:
        self.waiting += jobs

    def enqueue_short(self, jobs: int, log: str) -> None:
        self.enqueue(jobs)

    def commands(self) -> list[Command]:
        return []

    def done(self) -> int:
        step = min(self.waiting, 25)
        self.waiting -= step
        self.finished += step
        return self.finished

    def stored(self) -> int:
        return self.finished - self.lost

    def round_trip(self, number: int) -> Json:
        return {"i": number, "ok": True}


@pytest.fixture(autouse=True)
def _no_rests(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    monkeypatch.setenv("BENCH_FOLDER", str(tmp_path))


def test_throughput_has_a_rate_for_each_way_to_enqueue_and_for_draining() -> None:
    figures = measure.throughput(Instant(), 100)
    assert figures["jobs"] == 100
    assert figures["batch"] == "all at once"
    assert min(figures[key] for key in ("enqueue", "enqueue_batch", "drain")) > 0


def test_a_drain_that_lost_results_is_an_error_not_a_figure() -> None:
    with pytest.raises(StuckError, match="99 results of 100 jobs"):
        measure.throughput(Instant(lost=1), 100)


def test_a_contender_that_stands_still_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "PATIENCE", 0.0)
    with pytest.raises(StuckError, match="of 200 jobs done"):
        measure.watch(Instant(), 200, began=0.0, workers=[])


class Broken(Instant):
    """A queue whose workers do not start."""

    def commands(self) -> list[Command]:
        return [[sys.executable, "-c", "raise SystemExit('no such option')"]]

    def done(self) -> int:
        return 0


def test_workers_that_end_are_noticed_and_quoted() -> None:
    with pytest.raises(StuckError, match="the workers ended: no such option"):
        measure.throughput(Broken(), 100)


def test_latency_and_burst_give_milliseconds_and_a_rate() -> None:
    assert measure.latency(Instant(), 10)["latency_p50_ms"] < 1000
    assert measure.burst(Instant(), 100)["burst_jobs"] == 100


def test_the_steady_rate_leaves_out_the_start_and_the_end() -> None:
    series = [(0.0, 0), (5.0, 10), (6.0, 50), (7.0, 90), (20.0, 100)]
    assert steady_rate(series, 100) == pytest.approx(40.0)


def test_there_is_no_steady_rate_if_all_was_done_between_two_looks() -> None:
    assert steady_rate([(0.0, 0), (0.5, 100)], 100) is None


def test_quantiles() -> None:
    values = [float(n) for n in range(100, 0, -1)]
    assert quantile(values, 0.5) == 51
    assert quantile(values, 0.99) == 100
    assert quantile([7.0], 0.99) == 7
