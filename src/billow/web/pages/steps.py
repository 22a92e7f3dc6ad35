"""A job's one way, as a row of steps with their times."""

from __future__ import annotations

from dataclasses import dataclass

from billow.app import App
from billow.events import Event
from billow.home import Home
from billow.job import Job, Status
from billow.ports.objects import ObjectInfo

_ENDS = {
    Status.COMPLETED: ("Recorded", "the result is durable"),
    Status.FAILED: ("Failed", "the cause is kept with the job"),
    Status.CANCELLED: ("Cancelled", "stopped before it was finished"),
}
#: What handlers are told of an end.
_EVENTS = {
    Status.COMPLETED: Event.COMPLETED,
    Status.FAILED: Event.FAILED,
    Status.CANCELLED: Event.CANCELLED,
}
_WITH = {
    Event.COMPLETED: "the result",
    Event.FAILED: "the failure",
    Event.CANCELLED: "the cancelling",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a job."""

    title: str
    #: `done`, `now`, `next`, `bad` or `none` (does not apply).
    state: str
    at: float | None = None
    #: Seconds it lasted, or has lasted until now.
    took: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Input:
    """The uploaded file of a job."""

    info: ObjectInfo
    #: Where the client put it, before it was copied on; the same as `info` without copies.
    first: ObjectInfo


def find_input(home: Home, app: App, job: Job) -> Input | None:
    """What was uploaded for a job, if it still exists."""
    if job.upload is None:
        return None
    store, _, key = job.upload.partition("/")
    info = home.objects.head(store, key)
    if info is None:
        return None
    function = app.functions.get(job.function)
    entry = app.entry_store(function) if function else store
    return Input(info, home.objects.head(entry, key) or info)


def steps(app: App, job: Job, given: Input | None, now: float) -> list[Step]:
    """The way of a job so far, and what is still before it."""
    return [
        *_arrival_steps(given),
        _queued(job, now),
        _running(job, now),
        _recorded(job),
        _told(app, job),
    ]


def _arrival_steps(given: Input | None) -> list[Step]:
    if given is None:
        return []
    stored = f"in {given.info.store}"
    return [
        Step("Uploaded", "done", given.first.created, note=f"to {given.first.store}"),
        Step("Stored", "done", given.info.created, note=stored),
    ]


def _queued(job: Job, now: float) -> Step:
    if job.status is Status.PENDING:
        again = job.failures or job.lost
        note = "waits for its next try" if again else "waits for a worker"
        return Step("Queued", "now", job.created, now - job.created, note)
    return Step("Queued", "done", job.created, job.wait, "until a worker took it")


def _running(job: Job, now: float) -> Step:
    if job.status is Status.RUNNING:
        began = job.started if job.started is not None else now
        return Step("Running", "now", began, now - began, f"on {job.worker}")
    if job.started is None or job.status is Status.PENDING:
        return Step("Running", "none" if job.status.final else "next")
    return Step(
        "Running", "done", job.started, job.duration, f"on {job.worker}" if job.worker else ""
    )


def _recorded(job: Job) -> Step:
    if not job.status.final:
        return Step("Recorded", "next")
    title, note = _ENDS[job.status]
    state = "done" if job.status is Status.COMPLETED else "bad"
    return Step(title, state, job.finished, note=note)


def _told(app: App, job: Job) -> Step:
    """Handlers' wishes take effect together with the outcome, so its time is theirs."""
    function = app.functions.get(job.function)
    event = _EVENTS.get(job.status)
    if function is None or not function.handlers:
        return Step("Told", "none", note="nobody asked to be told")
    if event is None:
        return Step("Told", "next")
    if not function.handlers.get(event):
        return Step("Told", "none", note="nobody asked to be told")
    return Step("Told", "done", job.finished, note=f"in the same step as {_WITH[event]}")
