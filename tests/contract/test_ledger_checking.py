"""The ledger: a check that looks at a step from within, and undoes it by raising."""

from __future__ import annotations

from pathlib import Path

import pytest

from billow.clock import VirtualClock
from billow.errors import Error
from billow.home import Home, open_home
from billow.job import Status
from billow.ports.ledger import CountJobs, Load, Submission
from billow.ports.objects import Copy, ObjectInfo
from tests.contract.crowd import run_crowd
from tests.contract.homes import MakeHome, in_threads, until
from tests.contract.jobs import failed, job_of, record, submit, take_one

MOST = 5


class TooMuch(Error):
    """More than `MOST` jobs."""


def at_most(count: CountJobs) -> None:
    if count("ann", 0.0).concurrent > MOST:
        raise TooMuch("more than five")


def one(info: ObjectInfo) -> list[Copy | Submission]:
    return [Submission("f", upload=f"{info.store}/{info.key}", owner=info.owner)]


def mine(home: Home) -> int:
    return len(home.ledger.find(owner="ann", limit=100).jobs)


def test_a_check_counts_what_is_being_taken_in(home: Home, clock: VirtualClock) -> None:
    seen: list[Load] = []
    submit(home, Submission("f", owner="ann"), Submission("billow.mail", owner="ann"))
    clock.advance(10)
    since = clock.now()
    with home.ledger.checking(lambda count: seen.append(count("ann", since))):
        submit(home, *[Submission("f", owner="ann")] * 2)
    submit(home, Submission("f", owner="ann"))
    assert seen == [Load(2, 3)]


def test_nothing_remains_of_what_a_check_refused(home: Home) -> None:
    with home.ledger.checking(at_most):
        submit(home, *[Submission("f", owner="ann")] * 4)
        with pytest.raises(TooMuch):
            submit(home, Submission("f", owner="ann"), Submission("f", owner="ann", key="k"))
        assert home.ledger.find_key("ann", "k") is None
        submit(home, Submission("f", owner="ann"))
        with pytest.raises(TooMuch):
            submit(home, Submission("f", owner="ann"))
        submit(home, *[Submission("f", owner="ben")] * 6)
    assert mine(home) == MOST
    assert sum(home.ledger.totals().values()) == MOST + 6


def test_a_known_key_is_no_further_job(home: Home) -> None:
    with home.ledger.checking(at_most):
        submit(home, *[Submission("f", owner="ann", key=str(n)) for n in range(MOST)])
        [again] = submit(home, Submission("f", owner="ann", key="0"))
    assert not again.new


def test_it_looks_at_files_that_become_jobs(make_home: MakeHome) -> None:
    home = make_home(one)
    with home.ledger.checking(at_most):
        for _ in range(MOST):
            home.objects.put("s", [b"x"], owner="ann")
        with pytest.raises(TooMuch):
            home.objects.put("s", [b"x"], owner="ann")
        with pytest.raises(TooMuch):
            home.uploads.put_once("s", [b"x"], key="k", owner="ann")
    assert len(home.objects.list("s")) == mine(home) == MOST


def test_it_looks_at_what_is_sent_round_again(home: Home) -> None:
    [gone] = submit(home, Submission("f", owner="ann"))
    record(home, failed(home, take_one(home)))
    submit(home, *[Submission("f", owner="ann")] * MOST)
    with home.ledger.checking(at_most), pytest.raises(TooMuch):
        home.ledger.redrive([gone.id])
    assert job_of(home, gone).status is Status.FAILED


def test_it_holds_for_its_own_thread_only(home: Home) -> None:
    with home.ledger.checking(at_most):
        in_threads([lambda: submit(home, *[Submission("f", owner="ann")] * (MOST + 1))])
    assert mine(home) == MOST + 1


def test_threads_cannot_pass_it_together(home: Home) -> None:
    refused: list[TooMuch] = []

    def try_it() -> None:
        try:
            with home.ledger.checking(at_most):
                submit(home, Submission("f", owner="ann"))
        except TooMuch as problem:
            refused.append(problem)

    in_threads([try_it] * 12)
    assert (mine(home), len(refused)) == (MOST, 12 - MOST)


def rush(folder: Path, number: int) -> None:
    """Submit and put ten times each, as soon as all the others are there."""
    home = open_home(folder, arrivals=one)
    (folder / f"here.{number}").touch()
    until(lambda: len(list(folder.glob("here.*"))) == 4, "all are here")
    for _ in range(10):
        for send in (
            lambda: home.ledger.submit([Submission("f", owner="ann")]),
            lambda: home.objects.put("s", [b"x"], owner="ann"),
        ):
            try:
                with home.ledger.checking(at_most):
                    send()
            except TooMuch:
                continue


def test_processes_cannot_pass_it_together(tmp_path: Path) -> None:
    home = open_home(tmp_path)
    run_crowd(rush, tmp_path, 4)
    assert mine(home) == MOST
