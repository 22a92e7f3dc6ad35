"""A function that misbehaves fails its own job, with the cause shown, and harms no other."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from billow.job import Status
from tests.worker.harness import Trial, alive, until

#: How it behaves: (kind of the failure, a part of its message).
FAILURES = {
    "raise": ("raised", "ZeroDivisionError: integer division or modulo by zero"),
    "odd": ("raised", "Odd: (it cannot be shown)"),
    "reject": ("rejected", "this input can never work"),
    "interrupt": ("raised", "KeyboardInterrupt"),
    "recurse": ("raised", "RecursionError: maximum recursion depth exceeded"),
    "sys.exit": ("exited", "sys.exit(3)"),
    "os._exit": ("exited", "exited with status 4"),
    "segfault": ("crashed", "SIGSEGV"),
    "abort": ("crashed", "SIGABRT"),
    "kill": ("crashed", "signal 9, SIGKILL"),
    "hang": ("timed out", "700 ms"),
    "hang elsewhere": ("timed out", "700 ms"),
    "big block": ("out of memory", "256.0 MiB"),
    "huge": ("bad result", "4.9 KiB as JSON; the limit is 4.0 KiB"),
    "set": ("bad result", "type set"),
    "nan": ("bad result", "Out of range float"),
    "surrogate": ("bad result", "surrogates"),
    "coroutine": ("bad result", "type coroutine"),
    "garbage": ("crashed", "could not be understood"),
    "close everything": ("exited", "status"),
}
RESULTS = {"chatter": "said it", "fork": "once", "close stdout": None, "good": "good"}


def test_every_kind_of_bad_function_fails_alone(trial: Trial) -> None:
    hows = [how for bad in (*FAILURES, *RESULTS) for how in (bad, "good")]
    accepted = trial.submit("behave", *({"how": how} for how in hows))
    trial.worker("behave")
    jobs = trial.ended(accepted, 40)
    for how, job in zip(hows, jobs, strict=True):
        if how in RESULTS:
            assert (job.status, job.result, job.failure) == (
                Status.COMPLETED,
                RESULTS[how],
                None,
            ), how
            continue
        kind, words = FAILURES[how]
        assert job.status is Status.FAILED, how
        assert job.failure is not None
        assert job.failure.kind == kind, how
        assert words in job.failure.message, how
    assert {job.lost for job in jobs} == {0}


def test_the_traceback_shows_the_authors_lines_only(trial: Trial) -> None:
    accepted = trial.submit("behave", {"how": "raise"}, {"how": "recurse"})
    trial.worker("behave")
    for job in trial.ended(accepted):
        assert job.failure is not None
        assert "trial_app.py" in job.failure.detail
        assert "perform.py" not in job.failure.detail
        assert len(job.failure.detail.encode()) <= 4096


def test_rejected_is_an_answer_and_not_a_dead_letter(trial: Trial) -> None:
    rejected, raised = trial.submit("behave", {"how": "reject"}, {"how": "raise"})
    trial.worker("behave")
    trial.ended([rejected, raised])
    dead = trial.home.ledger.find(function="behave", dead=True).jobs
    assert [job.id for job in dead] == [raised.id]


def test_what_a_hanging_job_started_is_killed_with_it(trial: Trial, tmp_path: Path) -> None:
    place = tmp_path / "sleeper"
    accepted = trial.submit("lingering", {"place": str(place)})
    trial.worker("lingering")
    [job] = trial.ended(accepted)
    assert job.failure is not None
    assert job.failure.kind == "timed out"
    until(lambda: not alive(int(place.read_text())), "the grandchild to be gone", 2)


@pytest.mark.drill
def test_cpu_time_is_limited(trial: Trial) -> None:
    accepted = trial.submit("burning", {})
    trial.worker("burning")
    [job] = trial.ended(accepted)
    assert job.failure is not None
    assert (job.failure.kind, "CPU" in job.failure.message) == ("timed out", True)


def test_a_leaking_function_gets_a_new_process_before_it_fails(trial: Trial) -> None:
    accepted = trial.submit("leak", *({"number": i} for i in range(12)))
    trial.worker("leak")
    jobs = trial.ended(accepted)
    assert {job.status for job in jobs} == {Status.COMPLETED}
    assert {job.failures for job in jobs} == {0}
    assert len({job.result for job in jobs}) >= 2


def test_the_child_is_replaced_after_so_many_jobs(trial: Trial) -> None:
    accepted = trial.submit("which_process", *({"number": i} for i in range(6)))
    trial.worker("which_process")
    pids = [job.result for job in trial.ended(accepted)]
    assert sorted(pids.count(pid) for pid in set(pids)) == [2, 2, 2]


def test_only_the_job_that_crashed_is_blamed(trial: Trial) -> None:
    """The jobs before it in the same batch keep their results, those behind it are untouched."""
    hows = ["good"] * 40 + ["segfault"] + ["good"] * 40
    accepted = trial.submit("behave", *({"how": how} for how in hows))
    trial.worker("behave")
    jobs = trial.ended(accepted)
    assert [job.status for job in jobs].count(Status.FAILED) == 1
    assert jobs[40].failure is not None
    assert sum(len(trial.home.ledger.attempts(job.id)) for job in jobs) == 1


def test_retries_are_made_and_then_it_is_dead(trial: Trial, tmp_path: Path) -> None:
    place = tmp_path / "runs"
    accepted = trial.submit("handled", {"how": "os._exit", "place": str(place)})
    trial.worker("handled")
    [job] = trial.ended(accepted)
    assert place.read_text().split() == ["run", "run"]
    assert job.failures == 2
    assert len(trial.home.ledger.attempts(job.id)) == 2
    assert [dead.id for dead in trial.home.ledger.find(dead=True).jobs] == [job.id]


def test_final_failures_are_in_the_journal(trial: Trial) -> None:
    [accepted] = trial.submit("behave", {"how": "raise"})
    trial.worker("behave")
    trial.ended([accepted])
    [entry] = until(lambda: trial.home.journal.read(kinds=["job.failed"]), "the journal")
    assert entry.subject == "behave"
    assert entry.data["job"] == accepted.id


def test_a_worker_that_cannot_load_the_app_says_why(trial: Trial, tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("import billow\n\nraise OSError('no such planet')\n")
    began = time.monotonic()
    worker = trial.worker("anything", app=str(broken))
    assert worker.wait() == 1
    assert time.monotonic() - began < 10
    log = worker.log.read_text()
    assert "no such planet" in log.strip().splitlines()[-1]
    assert "line 3, in <module>" in log


def test_an_app_whose_process_never_lasts_is_given_up(trial: Trial, tmp_path: Path) -> None:
    fragile = tmp_path / "fragile.py"
    fragile.write_text(
        "import os, threading, billow\n"
        "app = billow.App('fragile')\n"
        "@app.function()\n"
        "def anything() -> None: ...\n"
        "threading.Timer(0.2, os._exit, [7]).start()\n"
    )
    worker = trial.worker("anything", app=str(fragile))
    assert worker.wait() == 1
    assert "3 times in a row" in worker.log.read_text()
    assert "exited with status 7" in worker.log.read_text()
