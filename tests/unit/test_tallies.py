"""Counters of several processes: summed, and never less than before."""

from __future__ import annotations

from pathlib import Path

from billow import tallies


def test_sums_over_all_but_one(tmp_path: Path) -> None:
    tallies.write(tmp_path, "a", {"x": 1, "y": 2})
    tallies.write(tmp_path, "b", {"x": 10})
    assert tallies.read(tmp_path) == {"x": 11, "y": 2}
    assert tallies.read(tmp_path, without="a") == {"x": 10}


def test_what_ended_processes_counted_stays(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        tallies.write(tmp_path, name, {"x": 1})
    tallies.fold(tmp_path, "a")
    tallies.fold(tmp_path, "b")
    tallies.fold(tmp_path, "never seen")
    assert tallies.read(tmp_path) == {"x": 3}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c.tally", "gone.json"]


def test_a_file_that_is_folded_while_it_is_read_counts_once(tmp_path: Path) -> None:
    tallies.write(tmp_path, "a", {"x": 5})
    kept = (tmp_path / "a.tally").read_text()
    tallies.fold(tmp_path, "a")
    (tmp_path / "a.tally").write_text(kept)
    assert tallies.read(tmp_path) == {"x": 5}


def test_a_file_that_cannot_be_read_counts_nothing(tmp_path: Path) -> None:
    tallies.write(tmp_path, "a", {"x": 5})
    (tmp_path / "b.tally").write_text('{"x": ')
    assert tallies.read(tmp_path) == {"x": 5}
    tallies.write(tmp_path / "nowhere", "a", {"x": 1})
