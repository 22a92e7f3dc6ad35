"""A worker takes, runs and records jobs, and comes and goes without losing or doubling any."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path
from statistics import median

import pytest

from billow import Retry
from billow.flow.breakers import TABLE, Breakers
from billow.job import Status
from billow.ports.ledger import Counts, Submission
from tests.worker.harness import Trial, alive, until


def runs(place: Path) -> Counter[str]:
    """How often each number was written down."""
    return Counter(place.read_text().split()) if place.exists() else Counter()


def test_results_are_stored(trial: Trial) -> None:
    accepted = trial.submit("add", *({"a": i, "b": 1} for i in range(300)))
    trial.worker("add")
    jobs = trial.ended(accepted)
    assert [job.result for job in jobs] == [i + 1 for i in range(300)]
    for job in jobs:
        assert job.started is not None
        assert job.finished is not None
        assert job.created <= job.started <= job.finished
        assert job.worker == "w0"


def test_an_idle_worker_is_woken(trial: Trial) -> None:
    worker = trial.worker("add")
    worker.in_state("idle")
    taken = []
    for number in range(20):
        began = time.monotonic()
        [job] = trial.ended(trial.submit("add", {"a": number, "b": 0}))
        assert job.result == number
        taken.append(time.monotonic() - began)
    assert median(taken) < 0.9  # sooner than it would look unasked, even if the machine stalls


def test_a_job_that_was_lost_too_often_fails_and_its_handlers_are_told(
    trial: Trial, tmp_path: Path
) -> None:
    place = tmp_path / "runs"
    [accepted] = trial.submit("handled", {"how": "well", "place": str(place)})
    for _ in range(Retry().lost):
        [lease] = trial.home.ledger.exchange("handled", "gone", [], 1, 60.0).leases
        trial.home.ledger.abandon("gone")
    assert lease.lost == Retry().lost - 1
    trial.worker("handled")
    [job] = trial.ended([accepted])
    assert (job.status, job.lost) == (Status.FAILED, Retry().lost)
    assert job.failure is not None
    assert job.failure.kind == "lost"
    assert "lost 10 times with its worker" in job.failure.message
    [told] = until(lambda: trial.home.queues.receive("trial-failed", 1), "its handler to be told")
    assert json.loads(told.body) == "lost"
    assert runs(place) == Counter()


def test_what_functions_measure_is_shipped_also_of_tries_that_fail(trial: Trial) -> None:
    accepted = trial.submit("weigh", {"grams": 20}, {"grams": 400})
    worker = trial.worker("weigh")
    trial.ended(accepted)
    worker.terminate()
    worker.wait()
    metrics, now = trial.home.metrics, trial.home.clock.now()
    found = {
        name: metrics.summaries(name, now - 3600, now + 60, 3660)[0]
        for name in ("app.weight", "function.weigh.errors", "function.weigh.tries")
    }
    totals = {name: one and one.total for name, one in found.items()}
    assert totals == {"app.weight": 420, "function.weigh.errors": 1, "function.weigh.tries": 2}
    assert metrics.known("app.")[0].unit == "g"


def test_an_upload_is_handed_to_the_function(trial: Trial) -> None:
    stored = trial.home.objects.put("texts", [b"some words"], name="a book.txt")
    upload = f"texts/{stored.info.key}"
    [kept, gone] = trial.home.ledger.submit(
        [
            Submission("measure", name="first", upload=upload),
            Submission("measure", name="second", upload="texts/nothing/here.txt"),
        ]
    )
    trial.worker("measure")
    first, second = trial.ended([kept, gone])
    assert first.result == ["a book.txt", 10, 10, "first"]
    assert second.failure is not None
    assert second.failure.kind == "lost"
    assert "texts/nothing/here.txt is gone" in second.failure.message
    assert second.failures == 1  # trying again would not bring it back


def test_sigterm_finishes_what_runs_and_gives_back_the_rest(trial: Trial, tmp_path: Path) -> None:
    place = tmp_path / "runs"
    accepted = trial.submit(
        "work", *({"number": i, "seconds": 0.1, "place": str(place)} for i in range(12))
    )
    worker = trial.worker("work")
    until(lambda: len(runs(place)) >= 3, "some jobs to run")
    worker.terminate()
    assert worker.wait() == 0
    jobs = [trial.job(each) for each in accepted]
    done = {str(job.args["number"]) for job in jobs if job.status is Status.COMPLETED}
    assert done == set(runs(place))
    assert len(done) < 12
    assert {job.status for job in jobs} == {Status.COMPLETED, Status.PENDING}
    trial.worker("work")
    trial.ended(accepted)
    assert set(runs(place).values()) == {1}
    assert {(job.failures, job.lost) for job in trial.ended(accepted)} == {(0, 0)}


def test_the_end_of_the_lifeline_is_like_sigterm(trial: Trial, tmp_path: Path) -> None:
    place = tmp_path / "runs"
    accepted = trial.submit(
        "work", *({"number": i, "seconds": 0.3, "place": str(place)} for i in range(5))
    )
    worker = trial.worker("work")
    until(lambda: runs(place), "a job to run")
    worker.cut_lifeline()
    assert worker.wait() == 0
    done = [job for job in map(trial.job, accepted) if job.status is Status.COMPLETED]
    assert {str(job.args["number"]) for job in done} == set(runs(place))


def test_a_second_sigterm_stops_at_once_and_blames_nobody(trial: Trial, tmp_path: Path) -> None:
    place = tmp_path / "runs"
    [accepted] = trial.submit("work", {"number": 1, "seconds": 30, "place": str(place)})
    worker = trial.worker("work")
    until(lambda: runs(place), "the job to run")
    worker.terminate()
    worker.in_state("draining")
    worker.terminate()
    assert worker.wait(5) == 0
    job = trial.job(accepted)
    assert (job.status, job.failures, job.lost) == (Status.PENDING, 0, 0)


def test_jobs_behind_a_slow_one_go_to_others(trial: Trial, tmp_path: Path) -> None:
    place = str(tmp_path / "runs")
    first = trial.worker("work")
    warm = trial.submit("work", *({"number": i} for i in range(2000)))
    trial.ended(warm)  # by now it takes many at once
    slow = trial.submit(
        "work",
        {"number": 0, "seconds": 5, "place": place},
        *({"number": i, "seconds": 0, "place": place} for i in range(1, 60)),
    )
    until(lambda: trial.job(slow[0]).status is Status.RUNNING, "the slow job to run")
    trial.worker("work")
    jobs = trial.ended(slow)
    ends = [job.finished or 0.0 for job in jobs]
    assert max(ends[1:]) < ends[0]
    assert set(runs(Path(place)).values()) == {1}
    assert {(job.failures, job.lost) for job in jobs} == {(0, 0)}
    first.terminate()
    assert first.wait() == 0


def test_a_cancelled_job_is_stopped(trial: Trial, tmp_path: Path) -> None:
    place = tmp_path / "runs"
    long, after = trial.submit(
        "work",
        {"number": 1, "seconds": 60, "place": str(place)},
        {"number": 2, "seconds": 0, "place": str(place)},
    )
    worker = trial.worker("work")
    until(lambda: runs(place), "the job to run")
    pid = worker.in_state("busy")["child_pid"]
    trial.home.ledger.cancel(long.id)
    until(lambda: not alive(pid), "the job's process to be stopped")
    [job] = trial.ended([after])
    assert (job.failures, job.lost) == (0, 0)
    assert trial.job(long).status is Status.CANCELLED


def test_while_a_breaker_is_open_jobs_wait_until_one_shows_that_it_works(
    trial: Trial, tmp_path: Path
) -> None:
    place, log = tmp_path / "place", tmp_path / "place.log"
    breakers = Breakers(trial.home)
    breakers.open("place", "it is not there")
    accepted = trial.submit("visit", *({"place": str(place), "number": n} for n in range(20)))
    trial.worker("visit")

    def try_now() -> None:
        item = trial.home.tables.get(TABLE, "place")
        assert item is not None
        trial.home.tables.put(TABLE, "place", {**item.value, "until": 0.0}, item.version)

    until(trial.workers[0].read, "the worker")
    try_now()
    until(lambda: [one.failed for one in breakers.all()] == [1], "a try in vain")
    assert len(log.read_text().split()) == 1
    assert trial.job(accepted[0]).status is Status.PENDING
    place.write_text("100")
    try_now()
    assert [job.result for job in trial.ended(accepted)] == list(range(100, 120))
    assert breakers.all() == []


def test_a_long_job_keeps_its_lease(trial: Trial, tmp_path: Path) -> None:
    place = tmp_path / "runs"
    accepted = trial.submit("work", {"number": 1, "seconds": 2.0, "place": str(place)})
    trial.worker("work", lease=0.6)
    trial.worker("work", lease=0.6)
    [job] = trial.ended(accepted)
    assert (job.status, job.lost) == (Status.COMPLETED, 0)
    assert runs(place) == {"1": 1}


def test_a_killed_worker_takes_its_child_along(trial: Trial, tmp_path: Path) -> None:
    place = tmp_path / "runs"
    [accepted] = trial.submit("work", {"number": 1, "seconds": 1.0, "place": str(place)})
    worker = trial.worker("work", lease=0.6)
    until(lambda: runs(place), "the job to run")
    pid = worker.in_state("busy")["child_pid"]
    worker.process.kill()
    until(lambda: not alive(pid), "the child to be gone", 2)
    trial.worker("work", lease=0.6)
    [job] = trial.ended([accepted])
    assert (job.status, job.lost) == (Status.COMPLETED, 1)


@pytest.mark.drill
def test_a_stopped_worker_is_fenced_off_and_goes_on(trial: Trial, tmp_path: Path) -> None:
    place = tmp_path / "runs"
    first = trial.worker("work", lease=0.6)
    accepted = trial.submit("work", {"number": 1, "seconds": 0.4, "place": str(place)})
    until(lambda: runs(place), "the job to run")
    os.kill(first.process.pid, signal.SIGSTOP)  # its child goes on and has a result to tell
    trial.worker("work", lease=0.6)
    [job] = trial.ended(accepted)
    assert (job.worker, job.lost) == ("w1", 1)
    trial.workers[1].terminate()
    assert trial.workers[1].wait() == 0
    os.kill(first.process.pid, signal.SIGCONT)
    more = trial.ended(trial.submit("work", *({"number": i} for i in range(2, 7))))
    assert {job.worker for job in more} == {"w0"}
    again = trial.job(accepted[0])
    assert (again.worker, again.finished, again.lost) == ("w1", job.finished, 1)
    until(lambda: first.read()[-1]["done"] == 5, "its own account")


def test_a_stopped_child_is_timed_out(trial: Trial, tmp_path: Path) -> None:
    place = tmp_path / "runs"
    worker = trial.worker("lingering")
    os.kill(worker.in_state("idle")["child_pid"], signal.SIGSTOP)
    [job] = trial.ended(trial.submit("lingering", {"place": str(place)}))
    assert job.failure is not None
    assert job.failure.kind == "timed out"


def test_handlers_take_effect_with_the_outcome(trial: Trial, tmp_path: Path) -> None:
    place = tmp_path / "runs"
    place.write_text("falter\n")  # so that the second handler succeeds at once
    accepted = trial.submit("handled", {"how": "good", "place": str(place)})
    trial.worker("handled")
    [job] = trial.ended(accepted)
    [message] = trial.home.queues.peek("trial-results")
    assert json.loads(message.body) == ["job 0", "fine"]
    item = trial.home.tables.get("trial", job.id)
    assert item is not None
    assert item.value == {"result": "fine"}
    assert trial.home.queues.counts("trial-late").visible == 1


def test_a_handler_that_raised_runs_again_and_harms_nothing(trial: Trial, tmp_path: Path) -> None:
    place = tmp_path / "runs"
    accepted = trial.submit("handled", {"how": "good", "place": str(place)})
    trial.worker("handled")
    [job] = trial.ended(accepted)
    assert (job.status, job.failures) == (Status.COMPLETED, 0)
    until(lambda: trial.home.queues.counts("trial-late").visible, "the handler's second try")
    assert place.read_text().split() == ["run", "falter", "falter"]
    assert trial.home.queues.counts("trial-results").visible == 1
    [again] = trial.home.ledger.find(function="handled.followup").jobs
    until(
        lambda: trial.job_by_id(again.id).status is Status.COMPLETED, "the follow-up to be recorded"
    )


@pytest.mark.parametrize(
    ("how", "kind"), [("raise", "raised"), ("os._exit", "exited"), ("reject", "rejected")]
)
def test_handlers_learn_of_failures(trial: Trial, tmp_path: Path, how: str, kind: str) -> None:
    accepted = trial.submit("handled", {"how": how, "place": str(tmp_path / "runs")})
    trial.worker("handled")
    trial.ended(accepted)
    [message] = until(lambda: trial.home.queues.peek("trial-failed"), "the handler's message")
    assert json.loads(message.body) == kind


def test_progress_is_passed_on(trial: Trial) -> None:
    [accepted] = trial.submit("tracked", {"seconds": 2.5})
    trial.worker("tracked")
    share = until(lambda: trial.job(accepted).progress, "a report of progress")
    assert 0.3 < share < 1
    assert trial.ended([accepted])[0].result == "done"


def test_the_status_pipe_tells_the_story(trial: Trial) -> None:
    worker = trial.worker("work")
    worker.in_state("idle")
    trial.ended(trial.submit("work", {"number": 1, "seconds": 0.3}))
    worker.in_state("idle")
    worker.terminate()
    assert worker.wait() == 0
    lines = worker.read()
    states = [line["state"] for line in lines]
    assert [a for a, b in pairwise([*states, None]) if a != b] == [
        *("starting", "idle", "busy", "idle", "draining")
    ]
    busy = next(line for line in lines if line["state"] == "busy")
    assert (busy["name"], busy["jobs"]) == ("job 0", 1)
    assert alive(busy["child_pid"]) is False
    assert lines[-1]["done"] == 1
    assert 10_000_000 < lines[1]["rss"] < 500_000_000


@pytest.mark.drill
def test_nothing_is_lost_or_doubled_while_workers_are_killed_and_stopped(
    trial: Trial, tmp_path: Path
) -> None:
    chance = random.Random(11)
    accepted = trial.submit("work", *({"number": i, "seconds": 0.004} for i in range(1500)))
    faults = 0
    while trial.home.ledger.counts("work") != Counts() and faults < 40:
        while sum(worker.process.poll() is None for worker in trial.workers) < 2:
            trial.worker("work", lease=0.5)
        victim = chance.choice([w for w in trial.workers if w.process.poll() is None])
        time.sleep(chance.uniform(0.1, 0.4))
        child = (victim.read() or [{}])[-1].get("child_pid")
        fault = chance.choice(["kill", "kill child", "stop", "stop child"])
        pid = child if "child" in fault and child else victim.process.pid
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL if "kill" in fault else signal.SIGSTOP)
            if "stop" in fault:
                time.sleep(0.7)
                os.kill(pid, signal.SIGCONT)
        faults += 1
    trial.worker("work", lease=0.5)
    jobs = trial.ended(accepted, 30)
    assert [job.result for job in jobs] == list(range(1500))
    assert {job.status for job in jobs} == {Status.COMPLETED}
    assert faults >= 8
