"""Handlers that raised, tried again later.

The job of such a handler is recorded without it, and the handler becomes a job of its own on the
internal function `<function>.followup`. It is accepted a moment *before* the outcome it belongs
to, so that no crash between the two can lose it; when it runs, it first looks whether that very
outcome was recorded, so that an outcome that never came to be has no consequences.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from billow.events import Event
from billow.job import Failure, Job, Status
from billow.options import Retry
from billow.owner import Owner
from billow.ports.ledger import Submission

#: How often a handler is tried again, and how it rests between.
RETRY = Retry(attempts=5)

#: Seconds before the first look, in which the outcome itself is recorded.
_HEAD_START = 1.0

_SUFFIX = ".followup"

_EVENT_OF = {Status.COMPLETED: Event.COMPLETED, Status.FAILED: Event.FAILED}


class FollowUp(NamedTuple):
    """One handler to be run for one outcome of one job."""

    job: str
    event: Event
    #: Place in the event's list of handlers.
    handler: int
    #: When the outcome says that the job ended; tells it from other tries of the same job.
    finished: float


def name_of(function: str) -> str:
    """The internal function that the handlers of `function` are tried again under."""
    return f"{function}{_SUFFIX}"


def function_of(name: str) -> str | None:
    """The function whose handlers are tried again under `name`; None if `name` is not such."""
    return name.removesuffix(_SUFFIX) if name.endswith(_SUFFIX) else None


def label(name: str) -> str:
    """What people are told of a function's name, so that internal ones explain themselves."""
    function = function_of(name)
    return name if function is None else f"handlers of {function}, tried again"


def submissions(
    function: str,
    job: str,
    name: str,
    owner: str,
    event: Event,
    finished: float,
    handlers: Iterable[int],
) -> list[Submission]:
    """The follow-up jobs for the handlers at these places."""
    return [
        Submission(
            name_of(function),
            json.dumps(FollowUp(job, event, handler, finished)._asdict()),
            name=f"{event} of {name or job}",
            owner=owner,
            delay=_HEAD_START,
        )
        for handler in handlers
    ]


def read(args: str) -> FollowUp:
    """The follow-up that a job's arguments describe."""
    followup = FollowUp(**json.loads(args))
    return followup._replace(event=Event(followup.event))


def is_due(followup: FollowUp, job: Job | None) -> bool | None:
    """Whether the handler should run now; None if that cannot be known yet."""
    if job is None:
        return False
    if not job.status.final:
        return None
    return job.finished == followup.finished and _EVENT_OF.get(job.status) is followup.event


def pack(job: Job) -> dict[str, Any]:
    """What a handler may know of a job, as plain JSON."""
    failure = job.failure
    return {
        "id": job.id,
        "function": job.function,
        "status": job.status.value,
        "owner": job.owner,
        "name": job.name,
        "args": dict(job.args),
        "upload": job.upload,
        "result": job.result,
        "failure": failure and [failure.kind, failure.message, failure.detail],
        "failures": job.failures,
        "lost": job.lost,
        "worker": job.worker,
        "created": job.created,
        "started": job.started,
        "finished": job.finished,
        "seq": job.seq,
    }


def unpack(facts: dict[str, Any]) -> Job:
    """The job that `pack` described."""
    failure = facts["failure"]
    return Job(
        **{
            **facts,
            "status": Status(facts["status"]),
            "owner": Owner(facts["owner"]),
            "failure": failure and Failure(*failure),
        }
    )
