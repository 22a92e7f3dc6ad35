"""The journal: events with reasons, series, and the board."""

from __future__ import annotations

from billow.clock import VirtualClock
from billow.home import Home
from billow.ports.journal import Entry, Point
from tests.contract.homes import in_threads


def test_an_event_comes_back_as_written(home: Home, clock: VirtualClock) -> None:
    seq = home.journal.write("scale.out", "top_words", "20 visible ≥ 15", {"from": 1, "to": [2]})
    assert home.journal.read() == [
        Entry(
            seq,
            clock.now(),
            "scale.out",
            "top_words",
            "20 visible ≥ 15",
            {"from": 1, "to": [2]},
        )
    ]


def test_an_event_may_have_a_time_of_its_own_and_no_data(home: Home) -> None:
    seq = home.journal.write("worker.ready", "w1", "", at=12.5)
    assert home.journal.read() == [Entry(seq, 12.5, "worker.ready", "w1", "", {})]


def test_events_are_read_from_the_oldest_and_on_after_a_seq(home: Home) -> None:
    seqs = [home.journal.write("k", "s", str(n)) for n in range(5)]
    assert seqs == sorted(set(seqs))
    assert [e.seq for e in home.journal.read()] == seqs
    assert [e.seq for e in home.journal.read(seqs[2])] == seqs[3:]
    assert [e.seq for e in home.journal.read(limit=2)] == seqs[:2]
    assert home.journal.read(seqs[-1]) == []


def test_newest_reads_the_last_ones_newest_first(home: Home) -> None:
    seqs = [home.journal.write("k", "s", str(n)) for n in range(5)]
    assert [e.seq for e in home.journal.read(limit=2, newest=True)] == [seqs[4], seqs[3]]
    assert [e.seq for e in home.journal.read(seqs[3], newest=True)] == [seqs[4]]


def test_events_can_be_chosen(home: Home) -> None:
    home.journal.write("scale.out", "f", "1", at=10)
    home.journal.write("scale.in", "g", "2", at=20)
    home.journal.write("scaled", "f", "3", at=30)
    home.journal.write("worker.ready", "f", "4", at=40)

    def chosen(**kwargs: object) -> list[str]:
        return [e.reason for e in home.journal.read(**kwargs)]  # type: ignore[arg-type]

    assert chosen(kinds=["scale."]) == ["1", "2"]
    assert chosen(kinds=["scale.in", "worker."]) == ["2", "4"]
    assert chosen(kinds=["scale"]) == []
    assert chosen(subject="f") == ["1", "3", "4"]
    assert chosen(subject="f", kinds=["scale."]) == ["1"]
    assert chosen(since=20) == ["2", "3", "4"]
    assert chosen(since=20, subject="f", newest=True, limit=1) == ["4"]


def test_a_kind_with_wildcards_of_sql_is_taken_by_its_letters(home: Home) -> None:
    home.journal.write("a_b.c", "s", "")
    home.journal.write("axb.c", "s", "")
    assert [e.kind for e in home.journal.read(kinds=["a_b."])] == ["a_b.c"]


def test_a_series_gives_mean_low_and_high_of_each_step(home: Home) -> None:
    for at, value in [(100, 1.0), (104, 3.0), (109.9, 8.0), (110, 5.0), (131, 7.0)]:
        home.journal.sample({"queue.q.visible": value, "other": 99.0}, at=at)
    points = home.journal.series("queue.q.visible", 100, 140, 10)
    assert points == [
        Point(100, 4.0, 1.0, 8.0),
        Point(110, 5.0, 5.0, 5.0),
        Point(130, 7.0, 7.0, 7.0),
    ]


def test_a_series_that_nobody_sampled_is_empty(home: Home) -> None:
    assert home.journal.series("nothing", 0, 100, 10) == []


def test_a_series_keeps_to_its_bounds(home: Home) -> None:
    for at in (90, 100, 110, 120):
        home.journal.sample({"s": float(at)}, at=at)
    assert [point.at for point in home.journal.series("s", 100, 120, 10)] == [100, 110]


def test_samples_without_a_time_are_of_now(home: Home, clock: VirtualClock) -> None:
    start = clock.now()
    home.journal.sample({"s": 1.0})
    clock.advance(10)
    home.journal.sample({"s": 2.0})
    assert [p.mean for p in home.journal.series("s", start, start + 20, 10)] == [1.0, 2.0]


def test_the_board_keeps_the_latest_state_and_its_time(home: Home, clock: VirtualClock) -> None:
    assert home.journal.shown("fleet.f") is None
    home.journal.show("fleet.f", {"wanted": 1, "workers": []})
    clock.advance(5)
    home.journal.show("fleet.f", {"wanted": 2})
    assert home.journal.shown("fleet.f") == ({"wanted": 2}, clock.now())


def test_the_board_is_read_by_prefix(home: Home) -> None:
    for key in ["fleet.g", "fleet.f", "fleeting", "service"]:
        home.journal.show(key, {"key": key})
    assert home.journal.board("fleet.") == {
        "fleet.f": {"key": "fleet.f"},
        "fleet.g": {"key": "fleet.g"},
    }
    assert set(home.journal.board()) == {"fleet.g", "fleet.f", "fleeting", "service"}


def test_trim_forgets_what_is_old_and_counts_it(home: Home, clock: VirtualClock) -> None:
    home.journal.write("k", "s", "old")
    home.journal.sample({"a": 1.0, "b": 1.0})
    clock.advance(100)
    new = home.journal.write("k", "s", "new")
    home.journal.sample({"a": 2.0})
    assert home.journal.trim(50) == 3
    assert [e.seq for e in home.journal.read()] == [new]
    assert [p.mean for p in home.journal.series("a", 0, clock.now() + 1, 1)] == [2.0]
    assert home.journal.trim(50) == 0


def test_a_seq_is_never_given_twice_even_after_a_trim(home: Home, clock: VirtualClock) -> None:
    old = home.journal.write("k", "s", "old")
    clock.advance(100)
    home.journal.trim(50)
    assert home.journal.write("k", "s", "new") > old


def test_writers_in_several_threads_lose_nothing(home: Home) -> None:
    def write() -> None:
        for n in range(20):
            home.journal.write("k", "s", str(n))

    in_threads([write] * 6)
    seqs = [e.seq for e in home.journal.read(limit=1000)]
    assert len(set(seqs)) == 120
    assert seqs == sorted(seqs)
