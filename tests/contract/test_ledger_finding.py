"""The ledger: lists of jobs, in pieces."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from billow.home import Home
from billow.job import Job, Status
from billow.ports.ledger import Submission
from tests.contract.jobs import (
    completed,
    fail_for_good,
    failed,
    record,
    submit,
    submit_many,
    take_one,
)


@pytest.fixture
def mixed(home: Home) -> Home:
    """Jobs of all kinds: two functions, two owners, every status."""
    fail_for_good(home, 2)
    submit(home, Submission("f", owner="ana", name="Report 100%.txt"))
    record(home, failed(home, take_one(home), dead=False))
    submit(home, Submission("f", owner="ana", name="report_1"))
    record(home, completed(home, take_one(home)))
    submit(home, Submission("g", owner="ana", name="reportX1"))
    [cancelled] = submit(home, Submission("f", name="Ärger"))
    home.ledger.cancel(cancelled.id)
    submit(home, Submission("f", name="waits"))
    submit(home, Submission("f", name="rests"))
    take_one(home)
    return home


def everything(home: Home) -> list[Job]:
    return home.ledger.find(limit=100).jobs


def test_no_jobs(home: Home) -> None:
    page = home.ledger.find()
    assert page.jobs == []
    assert page.after is None


def test_the_newest_job_comes_first(home: Home) -> None:
    accepted = submit_many(home, 5)
    assert [job.id for job in home.ledger.find().jobs] == [a.id for a in reversed(accepted)]


def test_a_found_job_is_the_same_as_the_one_got_by_its_id(mixed: Home) -> None:
    for job in everything(mixed):
        assert mixed.ledger.get(job.id) == job


@pytest.mark.parametrize(
    ("chosen", "fits"),
    [
        ({"function": "g"}, lambda job: job.function == "g"),
        ({"function": "nothing"}, lambda _: False),
        ({"owner": "ana"}, lambda job: job.owner == "ana"),
        *[
            ({"status": status}, lambda job, status=status: job.status is status)
            for status in Status
        ],
        *[
            (
                {"status": status, "function": "f"},
                lambda job, status=status: job.status is status and job.function == "f",
            )
            for status in Status
        ],
        ({"text": "report_1"}, lambda job: job.name == "report_1"),
        ({"text": "100%"}, lambda job: job.name == "Report 100%.txt"),
        ({"text": "rger"}, lambda job: job.name == "Ärger"),
        ({"text": "%"}, lambda job: "%" in job.name),
        ({"function": "f", "owner": "ana", "text": "1"}, lambda job: "1" in job.name),
    ],
    ids=lambda value: "" if callable(value) else str(value),
)
def test_jobs_can_be_chosen(
    mixed: Home, chosen: dict[str, Any], fits: Callable[[Job], bool]
) -> None:
    every = everything(mixed)
    wanted = [
        job.id
        for job in every
        if fits(job)
        and chosen.get("owner") in (None, job.owner)
        and chosen.get("function") in (None, job.function)
    ]
    assert [job.id for job in mixed.ledger.find(**chosen).jobs] == wanted


def test_dead_letters_are_the_failed_jobs_that_were_not_rejected(mixed: Home) -> None:
    dead = {job.id for job in mixed.ledger.find(dead=True).jobs}
    others = {job.id for job in mixed.ledger.find(dead=False).jobs}
    assert len(dead) == 2
    assert dead | others == {job.id for job in everything(mixed)}
    assert not dead & others


@pytest.mark.parametrize("limit", [1, 3, 4, 12, 50])
@pytest.mark.parametrize("status", [None, Status.PENDING])
def test_pages_give_every_job_once(home: Home, limit: int, status: Status | None) -> None:
    accepted = submit_many(home, 12)
    seen: list[str] = []
    before: int | None = None
    while True:
        page = home.ledger.find(status=status, before=before, limit=limit)
        assert len(page.jobs) <= limit
        seen += [job.id for job in page.jobs]
        if page.after is None:
            break
        before = page.after
    assert seen == [a.id for a in reversed(accepted)]


def test_jobs_that_arrive_meanwhile_do_not_shift_the_pages(home: Home) -> None:
    accepted = submit_many(home, 6)
    first = home.ledger.find(limit=3)
    submit_many(home, 4)
    second = home.ledger.find(limit=3, before=first.after)
    assert [job.id for job in first.jobs + second.jobs] == [a.id for a in reversed(accepted)]
    assert second.after is None


def test_after_gives_what_came_since(home: Home) -> None:
    accepted = submit_many(home, 3)
    latest = accepted[-1].seq
    assert home.ledger.find(after=latest).jobs == []
    new = submit_many(home, 4)
    assert [job.id for job in home.ledger.find(after=latest).jobs] == [a.id for a in reversed(new)]


def test_what_came_since_can_be_followed_in_pieces(home: Home) -> None:
    [start] = submit(home)
    new = submit_many(home, 7)
    seen: list[str] = []
    after: int | None = start.seq
    while after is not None:
        page = home.ledger.find(after=after, limit=3)
        seen += [job.id for job in reversed(page.jobs)]
        after = page.after
    assert seen == [a.id for a in new]


def test_pages_within_a_choice(home: Home) -> None:
    for n in range(10):
        submit(home, Submission("f" if n % 2 else "g", name=str(n)))
    first = home.ledger.find(function="f", limit=3)
    second = home.ledger.find(function="f", limit=3, before=first.after)
    assert [job.name for job in first.jobs + second.jobs] == ["9", "7", "5", "3", "1"]
