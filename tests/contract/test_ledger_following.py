"""The ledger: what the acceptance and the cancelling of a job set off, in the same step."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from billow.clock import VirtualClock
from billow.drivers.memory.home import open_memory
from billow.errors import BadInput, Conflict
from billow.home import Home, open_home
from billow.job import Job, Status
from billow.ports.ledger import CountJobs, Publish, Put, Submission
from billow.ports.steps import StepRules
from billow.ports.wake import queue_channel
from tests.contract.jobs import completed, record, submit, take_one


def rule(id: str, asked: Submission, at: float) -> Sequence[Publish | Put]:
    if asked.name == "bad":
        raise BadInput("this name cannot be")
    if asked.function != "f":
        return []
    return [Put("items", id, f'{{"at":{at}}}'), Publish("told", f'"{asked.name}"')]


def ended(job: Job) -> Sequence[Publish | Put]:
    if job.name == "stays":
        raise BadInput("this job cannot be cancelled")
    if job.function != "f":
        return []
    facts = json.dumps({"status": job.status, "finished": job.finished, "due": job.due})
    return [Put("items", job.id, facts), Publish("told", f'"{job.name} is cancelled"')]


RULES = StepRules(rule, ended)


@pytest.fixture
def home(driver: str, tmp_path: Path, clock: VirtualClock) -> Home:
    if driver == "memory":
        return open_memory(None, clock, RULES)
    return open_home(tmp_path / "home", clock=clock, follow=RULES)


def told(home: Home) -> list[str]:
    return [message.body for message in home.queues.peek("told")]


def test_messages_and_items_come_with_the_job(home: Home, clock: VirtualClock) -> None:
    one, other = submit(home, Submission("f", name="a"), Submission("g", name="b"))
    assert told(home) == ['"a"']
    item = home.tables.get("items", one.id)
    assert item is not None
    assert item.value == {"at": clock.now()}
    assert home.tables.get("items", other.id) is None
    assert home.queues.names() == ["told"]


def test_a_job_that_was_there_sets_nothing_off(home: Home) -> None:
    for _ in range(2):
        submit(home, Submission("f", name="a", key="k"))
    assert told(home) == ['"a"']
    with pytest.raises(Conflict):
        submit(home, Submission("f", name="b"), Submission("f", key="k", digest="another"))
    assert told(home) == ['"a"']


def test_if_it_raises_nothing_is_accepted(home: Home) -> None:
    with pytest.raises(BadInput):
        submit(home, Submission("f", name="good"), Submission("f", name="bad"))
    assert home.ledger.find().jobs == []
    assert told(home) == []
    submit(home, Submission("f", name="next"))
    assert told(home) == ['"next"']


def test_what_a_check_refuses_sets_nothing_off(home: Home) -> None:
    def never(count: CountJobs) -> None:
        raise BadInput("full")

    with home.ledger.checking(never), pytest.raises(BadInput):
        submit(home, Submission("f", name="a"))
    assert told(home) == []


def test_whoever_waits_for_a_message_is_woken(home: Home) -> None:
    with home.wake.waiter(queue_channel("told")) as waiter:
        submit(home, Submission("f", name="a"))
        assert waiter.wait(5)


def test_jobs_of_account_steps_too(home: Home) -> None:
    home.accounts.change(lambda books: books.submit(Submission("f", name="a")))
    assert told(home) == ['"a"']


def test_a_cancelled_job_sets_off_what_it_does_once(home: Home, clock: VirtualClock) -> None:
    one, other = submit(home, Submission("f", name="a"), Submission("g", name="b"))
    clock.advance(5)
    with home.wake.waiter(queue_channel("told")) as waiter:
        assert home.ledger.cancel(one.id).status is Status.CANCELLED
        assert waiter.wait(5)
    home.ledger.cancel(other.id)
    with pytest.raises(Conflict):
        home.ledger.cancel(one.id)
    assert told(home) == ['"a"', '"a is cancelled"']
    item = home.tables.get("items", one.id)
    assert item is not None
    assert item.value == {"status": "cancelled", "finished": clock.now(), "due": None}


def test_whoever_had_a_cancelled_job_records_nothing_any_more(home: Home) -> None:
    submit(home, Submission("f", name="a"))
    lease = take_one(home)
    home.ledger.cancel(lease.id)
    late = Put("items", lease.id, '{"status": "completed"}')
    assert record(home, completed(home, lease, "1", (late,))) == [False]
    item = home.tables.get("items", lease.id)
    assert item is not None
    assert item.value["status"] == "cancelled"


def test_if_that_raises_nothing_is_cancelled(home: Home) -> None:
    [job] = submit(home, Submission("f", name="stays"))
    with pytest.raises(BadInput):
        home.ledger.cancel(job.id)
    assert home.ledger.get(job.id).status is Status.PENDING  # type: ignore[union-attr]
    assert take_one(home).id == job.id
