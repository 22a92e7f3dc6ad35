"""What every chore is: an internal function that is run like any other."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

import billow
from billow import chores
from billow.chores import Done, Later, chore, is_chore, names
from billow.clock import VirtualClock
from billow.errors import NotFound
from billow.home import Home
from billow.job import Status
from billow.options import Limits, Retry
from billow.ports.ledger import Publish, Submission
from billow.testing import memory_home, run_jobs


@pytest.fixture
def trial(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A chore called `billow.trial`."""
    module = ModuleType("billow.chores.trial", "Try it.\n\nAt length.")
    known = names()
    monkeypatch.setattr(chores, "names", lambda: [*known, "billow.trial"])
    monkeypatch.setattr("billow.testing.names", lambda: [*known, "billow.trial"])
    monkeypatch.setitem(__import__("sys").modules, "billow.chores.trial", module)
    return module


def submit(home: Home, args: str) -> None:
    home.ledger.submit([Submission("billow.trial", args)])


def test_a_chore_gets_home_app_and_arguments_and_its_wishes_come_true(trial: ModuleType) -> None:
    app = billow.App("demo")
    home = memory_home(app)
    seen: list[Any] = []

    def run(home: Home, app: billow.App, args: dict[str, Any]) -> Done:
        seen.append((home, app, args))
        return Done({"n": 1}, (Publish("told", '"yes"'),))

    vars(trial)["run"] = run
    submit(home, '{"job": "j1", "home": 2, "app": 3}')
    [job] = run_jobs(home, app)
    assert (job.status, job.result) == (Status.COMPLETED, {"n": 1})
    assert seen == [(home, app, {"job": "j1", "home": 2, "app": 3})]
    assert [message.body for message in home.queues.receive("told")] == ['"yes"']


def test_a_plain_result_is_recorded_as_it_is(trial: ModuleType) -> None:
    app = billow.App("demo")
    home = memory_home(app)
    vars(trial)["run"] = lambda home, app, args: {"status": 204}
    submit(home, "{}")
    assert [job.result for job in run_jobs(home, app)] == [{"status": 204}]


def test_a_chore_that_is_put_off_uses_up_no_try(trial: ModuleType) -> None:
    app, clock = billow.App("demo"), VirtualClock()
    home = memory_home(app, clock)
    answers: list[Any] = [Later(60), "done"]
    vars(trial)["run"] = lambda home, app, args: answers.pop(0)
    submit(home, "{}")
    [job] = run_jobs(home, app)
    assert (job.status, job.failures, home.ledger.attempts(job.id)) == (Status.PENDING, 0, [])
    clock.advance(59)
    assert run_jobs(home, app) == []
    clock.advance(1)
    assert [job.result for job in run_jobs(home, app)] == ["done"]


def test_a_chore_that_raises_is_tried_again_and_ends_among_the_dead_letters(
    trial: ModuleType,
) -> None:
    app = billow.App("demo")
    home = memory_home(app)
    vars(trial).update(run=lambda home, app, args: 1 / 0, RETRY=Retry(attempts=2, backoff="1 s"))
    submit(home, "{}")
    assert [job.status for job in run_jobs(home, app)] == [Status.PENDING]
    home.clock.sleep(5)
    [job] = run_jobs(home, app)
    assert job.status is Status.FAILED
    assert [dead.id for dead in home.ledger.find(dead=True).jobs] == [job.id]


def test_a_module_may_set_retry_and_limits(trial: ModuleType) -> None:
    vars(trial).update(RETRY=Retry(attempts=3), LIMITS=Limits(time="1 min"))
    made = chore("billow.trial", memory_home, billow.App("demo"))
    assert (made.retry, made.limits) == (Retry(attempts=3), Limits(time="1 min"))
    assert (made.name, made.summary) == ("billow.trial", "Try it.")
    assert (made.fleet.min, made.fleet.max) == (0, 2)


def test_there_is_no_chore_of_any_other_name() -> None:
    for name in ("billow.nothing", "archive", "billow.", "billow.trial.followup"):
        assert not is_chore(name)
        with pytest.raises(NotFound):
            chore(name, memory_home, billow.App("demo"))


@pytest.mark.parametrize("name", names())
def test_every_chore_can_be_made(name: str) -> None:
    made = chore(name, memory_home, billow.App("demo"))
    assert made.summary
    assert made.retry.attempts > 1
