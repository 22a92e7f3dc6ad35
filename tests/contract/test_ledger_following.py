"""The ledger: what the acceptance of a job sets off, in the same step."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from billow.clock import VirtualClock
from billow.drivers.memory.home import open_memory
from billow.errors import BadInput, Conflict
from billow.home import Home, open_home
from billow.ports.ledger import CountJobs, Publish, Put, Submission
from billow.ports.wake import queue_channel
from tests.contract.jobs import submit


def rule(id: str, asked: Submission, at: float) -> Sequence[Publish | Put]:
    if asked.name == "bad":
        raise BadInput("this name cannot be")
    if asked.function != "f":
        return []
    return [Put("items", id, f'{{"at":{at}}}'), Publish("told", f'"{asked.name}"')]


@pytest.fixture
def home(driver: str, tmp_path: Path, clock: VirtualClock) -> Home:
    if driver == "memory":
        return open_memory(None, clock, rule)
    return open_home(tmp_path / "home", clock=clock, follow=rule)


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
