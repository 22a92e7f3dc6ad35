"""The checker passes a right home and catches every planted fault by its name."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from billow.drill.checker import FAULTS, Bounds, Run, check
from billow.drill.final import Final, FinalJob
from billow.drill.history import Asked, Call, End, History, Sighting
from billow.job import Status
from tests.drills.mutants import MUTANTS
from tests.drills.scene import Scene, play


def test_a_right_home_passes(tmp_path: Path) -> None:
    verdict = play(Scene(tmp_path))
    assert verdict.faults == {}
    assert verdict.counts["recovered"] == 1
    assert verdict.counts["repeated runs"] == 4
    assert verdict.counts["jobs"] == verdict.counts["asked"] - 1  # all but the refused one


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_caught(name: str, tmp_path: Path) -> None:
    mutate, fault = MUTANTS[name]
    verdict = play(Scene(tmp_path, mutate))
    assert not verdict.valid
    assert fault in verdict.faults


def test_every_fault_is_proved_by_a_mutant_or_below() -> None:
    below = {"ran too often", "late", "stray effects"}
    assert {fault for _, fault in MUTANTS.values()} | below == FAULTS.keys()


ASKED = Asked("k", "count", 1, "right")
JOB = FinalJob("j", "count", "k", Status.COMPLETED, 5.0, "right", None)
RIGHT = Final(jobs=[JOB], keys={"k": "j"}, rows={"j": (1, "right")}, messages={"j": ["right"]})


def call(end: End, job: str | None = None, asked: Asked = ASKED) -> Call:
    return Call("c", asked, 1.0, end, 2.0, job)


def test_what_may_have_happened_may_be_there_or_not() -> None:
    unknown = History([call(End.INFO)])
    assert check(unknown, RIGHT).valid
    assert check(unknown, RIGHT).counts["recovered"] == 1
    assert check(unknown, Final()).valid


def test_refused_once_and_accepted_once_is_accepted() -> None:
    history = History([call(End.FAIL), call(End.OK, "j")])
    assert check(history, RIGHT).valid


def test_a_late_drain_and_too_many_runs_are_faults() -> None:
    history = History([call(End.OK, "j")])
    runs = [Run("k", 1, 1.0), Run("k", 2, 2.0), Run("k", 3, 3.0)]
    assert check(history, RIGHT, runs, Bounds(repeats=2, drained=5, deadline=5)).valid
    verdict = check(history, RIGHT, runs, Bounds(repeats=1, drained=5.1, deadline=5))
    assert verdict.faults.keys() == {"ran too often", "late"}


def test_effects_of_a_job_that_did_not_complete_are_stray() -> None:
    failed = dataclasses.replace(RIGHT, jobs=[JOB._replace(status=Status.FAILED, result=None)])
    assert "stray effects" in check(History([call(End.OK, "j")]), failed).faults
    assert "stray effects" in check(History(), dataclasses.replace(RIGHT, jobs=[])).faults


@pytest.mark.parametrize("seen", [Status.PENDING, Status.FAILED])
def test_a_final_state_that_changes_is_reopened(seen: Status) -> None:
    looks = [
        Sighting(6.0, 6.1, "j", "completed", 5.0, "right"),
        Sighting(7.0, 7.1, "j", seen.value, None, None),
    ]
    history = History([call(End.OK, "j")], looks)
    assert check(history, RIGHT).faults.keys() == {"reopened"}


def test_a_look_that_began_before_the_end_may_show_the_job_unfinished() -> None:
    looks = [
        Sighting(6.0, 6.5, "j", "completed", 5.0, "right"),
        Sighting(6.4, 7.0, "j", "running", None, None),
    ]
    assert check(History([call(End.OK, "j")], looks), RIGHT).valid


def test_a_look_without_the_result_agrees_with_one_with_it() -> None:
    looks = [Sighting(6.0, 6.1, "j", "completed", 5.0, "")]
    assert check(History([call(End.OK, "j")], looks), RIGHT).valid


def test_an_outcome_replaced_by_another_is_noticed_by_its_time() -> None:
    looks = [Sighting(6.0, 6.1, "j", "completed", 4.0, "right")]
    assert "reopened" in check(History([call(End.OK, "j")], looks), RIGHT).faults
