"""How long the files of a result are kept, by the plan of their owner."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import NamedTuple

from billow.app import App
from billow.flow.task import Task
from billow.home import Home
from billow.job import Job
from billow.outputs import ResultFile, folder_of
from billow.plan import Plan
from billow.ports.accounts import Books
from billow.ports.ledger import Effect, Submission, Submit
from billow.units import seconds

#: The internal functions that move files between hot and cold, and that follow changes of plan.
ARCHIVE = "billow.archive"
THAW = "billow.thaw"
PLAN = "billow.plan"

#: Whose these jobs are: the service's own. So they count for nobody, and nobody can use up their
#: idempotency keys.
SERVICE = "billow"

#: What an owner is on whose plan the app does not declare any more: nothing is taken away.
_UNKNOWN = Plan("unknown")
#: Plan events of one account that are looked at.
_MOST = 100_000
_PAGE = 500


class Standing(NamedTuple):
    """The plan that an owner is on, and since when (UNIX seconds; 0 is ever since)."""

    plan: Plan
    since: float


def standing(home: Home, app: App, owner: str) -> Standing | None:
    """How an owner stands now; None if the app has no plans."""
    if not app.plan_by_name:
        return None
    name, since = home.accounts.look(lambda books: _plan_in(books, owner))
    if not name:
        return Standing(next(iter(app.plan_by_name.values())), since)
    return Standing(app.plan_by_name.get(name, _UNKNOWN), since)


def _plan_in(books: Books, owner: str) -> tuple[str, float]:
    account = books.accounts.get(owner)
    if account is None:
        return "", 0.0
    events = books.plan_events.find(account=owner, limit=_MOST)
    latest = max(events, key=lambda event: (event.at, event.id), default=None)
    return account.plan, latest.received if latest is not None else 0.0


def due(home: Home, stands: Standing | None, job: Job) -> float | None:
    """When the files of a job are to go, in UNIX seconds; None if they stay.

    The time runs from when the job completed, and anew from when the owner came to the plan.
    """
    if stands is None or stands.plan.keep is None or job.finished is None:
        return None
    return max(job.finished, stands.since) + seconds(stands.plan.keep) / home.speed


def archiving(job: str, at: float, now: float, key: str | None = "") -> Submission:
    """The job that archives (or deletes) the files of a job at the time `at`.

    However often it is asked for, there is one for each time, unless another key or None is given.
    """
    return Submission(
        ARCHIVE,
        json.dumps({"job": job}),
        name=f"archive {job}",
        owner=SERVICE,
        key=f"archive:{job}:{at:.3f}" if key == "" else key,
        delay=max(0.0, at - now),
    )


def consequences(
    home: Callable[[], Home], app: App
) -> Callable[[Task, list[ResultFile]], tuple[Effect, ...]]:
    """What follows from completed jobs with files: on a plan that keeps them for a time, their end.

    Args:
        home: gives the home; not called for an app without plans.
        app: whose plans count.
    """

    def follow(task: Task, _: list[ResultFile]) -> tuple[Effect, ...]:
        stands = standing(home(), app, task.owner) if app.plan_by_name else None
        if stands is None or stands.plan.keep is None:
            return ()
        delay = seconds(stands.plan.keep) / home().speed
        key = f"archive:{task.id}:{task.token}"
        return (Submit(archiving(task.id, delay, 0.0, key)),)

    return follow


def plan_jobs(account: str, old: str, new: str, event: str) -> list[Submission]:
    """The jobs that follow when an account goes from one plan to another, once for each event.

    They are to be accepted in the transaction that changes the plan.
    """
    args = {"owner": account, "old": old, "new": new}
    name = f"{old or 'no plan'} to {new}"
    return [Submission(PLAN, json.dumps(args), name, owner=SERVICE, key=f"plan:{event}")]


def plan_changed(home: Home, owner: str, old: str, new: str, event: str) -> None:
    """Have follow what `plan_jobs` says; for those who cannot do it in one transaction.

    Raises:
        Unavailable: the store is full or cannot be written.
    """
    home.ledger.submit(plan_jobs(owner, old, new, event))


def result_stores(app: App) -> list[str]:
    """The stores that the app's functions keep their files in."""
    return sorted({function.results for function in app.functions.values()})


def jobs_with_files(home: Home, app: App, owner: str) -> Iterator[str]:
    """Ids of an owner's jobs whose files are hot, each once for each store."""
    for store in result_stores(app):
        start = folder_of(owner)
        after, last = None, ""
        while page := home.objects.list(store, start, after, _PAGE):
            for info in page:
                job = info.key[len(start) :].partition("/")[0]
                if job != last:
                    last = job
                    yield job
            after = page[-1].key
