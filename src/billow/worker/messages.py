"""What the bodies of frames say."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any, NamedTuple

from billow.events import Event
from billow.flow import followup
from billow.flow.task import Task
from billow.flow.work import Measure, Performed, Wish
from billow.job import Failure, Job
from billow.options import Limits, Retry
from billow.ports.ledger import Keep, Publish, Put, Submission, Submit
from billow.worker.protocol import ENDED, FOLLOW_UP, JOB, LAST_JOB, RESULT, Frame

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Hello(NamedTuple):
    """What the parent needs to know of the function, which only the child has read."""

    retry: Retry
    limits: Limits
    #: Number of handlers for each event that has any.
    handlers: dict[str, int]
    #: What its jobs call, whose breaker counts.
    calls: str = ""

    def encode(self) -> bytes:
        """As a frame's body."""
        facts = {"retry": asdict(self.retry), "limits": asdict(self.limits)}
        return _encode({**facts, "handlers": self.handlers, "calls": self.calls}).encode()

    @classmethod
    def decode(cls, body: bytes) -> Hello:
        """From a frame's body."""
        facts = json.loads(body)
        options = Retry(**facts["retry"]), Limits(**facts["limits"])
        return cls(*options, facts["handlers"], facts["calls"])


def encode_task(task: Task, serial: int, last: bool) -> bytes:
    """A job's frame. Its arguments are passed on unread, behind a line with all the rest."""
    facts = _encode((task.id, "", *task[2:]))
    return Frame(LAST_JOB if last else JOB, serial, body=f"{facts}\n{task.args}".encode()).encode()


def decode_task(body: bytes) -> Task:
    """The task in a job's frame."""
    facts, _, args = body.partition(b"\n")
    fields = json.loads(facts)
    fields[1] = args.decode()
    return Task(*fields)


def encode_follow_up(asked: followup.FollowUp, job: Job, serial: int) -> bytes:
    """The frame that asks for one handler to be run."""
    facts = {"event": asked.event.value, "handler": asked.handler, "job": followup.pack(job)}
    return Frame(FOLLOW_UP, serial, body=_encode(facts).encode()).encode()


def decode_follow_up(body: bytes) -> tuple[Event, int, Job]:
    """Event and place of a handler, and the job it is to be called with."""
    facts = json.loads(body)
    return Event(facts["event"]), facts["handler"], followup.unpack(facts["job"])


def encode_performed(performed: Performed, serial: int) -> bytes:
    """The frame that tells how a try went."""
    started, finished, result, failure, effects, undone, later = performed
    if result is not None and not effects and not undone:
        return Frame(RESULT, serial, started, finished, result.encode()).encode()
    facts = {
        "result": result,
        "failure": failure and [failure.kind, failure.message, failure.detail],
        "effects": [[type(effect).__name__, *effect] for effect in effects],
        "undone": undone,
        "later": later,
    }
    return Frame(ENDED, serial, started, finished, _encode(facts).encode()).encode()


def decode_performed(frame: Frame) -> Performed:
    """How a try went, from a frame that tells it."""
    if frame.kind == RESULT:
        return Performed(frame.started, frame.finished, frame.body.decode())
    facts = json.loads(frame.body)
    return Performed(
        frame.started,
        frame.finished,
        facts["result"],
        facts["failure"] and Failure(*facts["failure"]),
        tuple(_effect(*effect) for effect in facts["effects"]),
        tuple(facts["undone"]),
        facts["later"],
    )


def _effect(kind: str, *fields: Any) -> Wish:
    match kind:
        case "Measure":
            return Measure(*fields)
        case "Publish":
            return Publish(*fields)
        case "Put":
            return Put(*fields)
        case "Keep":
            return Keep(*fields)
        case _:
            return Submit(Submission(*fields[0]))
