"""The crash drill itself: a real service, killed and stalled at random, loses nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from billow.drill.checker import Run
from billow.drill.crash import CrashDrill, Plan
from billow.drill.final import Final, FinalJob
from billow.drill.history import Asked, Call, End, History
from billow.drill.nemesis import Nemesis, Strike
from billow.drill.report import accepting, redone, spread
from billow.job import Status

#: 200 kills without a loss say that fewer than 1.5 % lose anything (95 % confidence).
KILLS = 200


@pytest.mark.drill
@pytest.mark.timeout(600)
def test_nothing_is_lost_however_many_processes_are_killed(tmp_path: Path) -> None:
    place = tmp_path / "drill"
    report = CrashDrill(Plan(place, seed=1, kills=KILLS)).run()
    text = "\n".join(report.lines())
    print(text)  # noqa: T201 - shown by `pytest -s`
    assert report.passed, text
    assert report.kills >= KILLS
    for target in ("child", "client", "everything", "keeper", "web", "worker"):
        assert report.strikes.get(f"kill {target}", 0) > 0
    for target in ("child", "keeper", "web", "worker"):
        assert report.strikes.get(f"stall {target}", 0) > 0
    assert report.verdict.counts["acked"] > 500
    assert json.loads((place / "report.json").read_text())["passed"] is True
    assert (place / "report.txt").read_text() == text + "\n"


def kill(at: float, target: str, *pids: int, beside: tuple[int, ...] = ()) -> Strike:
    return Strike(at, target, None, pids, beside)


def test_a_job_is_redone_from_the_kill_to_its_end() -> None:
    runs = [Run("a", 7, 1.0), Run("b", 8, 1.0), Run("a", 9, 4.0)]
    jobs = [
        FinalJob(id_, "count", id_, Status.COMPLETED, ended, "r", None)
        for id_, ended in (("a", 4.5), ("b", 1.5))
    ]
    strikes = [
        kill(2.0, "worker", 6, beside=(7,)),
        kill(2.0, "child", 8),  # its job had ended by then
        Strike(2.0, "child", 1.0, (7,)),
    ]
    assert redone(strikes, runs, Final(jobs=jobs)) == [2.5]


def test_accepting_again_counts_from_the_kill_to_the_next_answer_over_http() -> None:
    asked = Asked("k", "count", 1, "")
    calls = [
        Call("http", asked, 1.0, End.OK, 2.5, "j"),  # asked before the kill
        Call("direct", asked, 2.1, End.OK, 2.2, "j"),
        Call("http", asked, 2.1, End.INFO, 2.6),
        Call("http", asked, 2.7, End.OK, 3.0, "j"),
    ]
    strikes = [kill(2.0, "web", 1), kill(2.5, "worker", 2), kill(9.0, "web", 3)]
    assert accepting(strikes, History(calls), {"http"}) == [1.0]
    again = [kill(1.8, "keeper", 1), *strikes]
    assert accepting(again, History(calls), {"http"}) == [1.0]


def test_spread_gives_ranks_that_occurred() -> None:
    assert spread([]) == {"count": 0}
    assert spread([3.0, 1.0, 2.0]) == {"count": 3, "p50": 2.0, "p95": 3.0, "max": 3.0}


def test_kills_and_stalls_explain_so_many_repeated_runs() -> None:
    nemesis = Nemesis("nowhere", seed=1, lease=2.0)
    nemesis.strikes += [
        kill(1.0, "worker", 1),
        kill(1.0, "web", 2),
        kill(1.0, "everything", 1, 2, 3, 4),
        Strike(1.0, "keeper", 3.0, (5,)),
        Strike(1.0, "child", 3.0, (6,)),
        Strike(1.0, "worker", 3.0, (7,)),
    ]
    assert (nemesis.kills, nemesis.killed) == (3, 6)
    assert nemesis.repeats_explained(workers=4) == 1 + 0 + 4 + 4 + 0 + 1
    assert nemesis.counted() == {
        "kill everything": 1,
        "kill web": 1,
        "kill worker": 1,
        "stall child": 1,
        "stall keeper": 1,
        "stall worker": 1,
    }


def test_a_nemesis_strikes_nothing_that_is_not_its_drill(tmp_path: Path) -> None:
    nemesis = Nemesis(str(tmp_path), seed=1, lease=2.0)
    for _ in range(20):
        nemesis.strike()
    assert nemesis.strikes == []


def test_the_same_seed_rests_and_strikes_alike() -> None:
    one, other = (Nemesis("nowhere", seed=3, lease=2.0) for _ in range(2))
    assert [one.rest() for _ in range(5)] == [other.rest() for _ in range(5)]
