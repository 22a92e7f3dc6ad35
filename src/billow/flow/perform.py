"""Make one try: call the author's function for one job in this process, and then its handlers."""

from __future__ import annotations

import errno
import json
import shutil
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from billow.errors import BadInput, DiskFull, Rejected
from billow.events import Event
from billow.flow.done import Done, Later
from billow.flow.encode import encode
from billow.flow.gather import Gatherer, Tell
from billow.flow.outputs import BadOutput, keep_outputs
from billow.flow.surroundings import Surroundings
from billow.flow.task import Task
from billow.flow.work import NO_ROOM, Performed, Wish, is_final
from billow.function import Function
from billow.job import Failure, Job, Status
from billow.options import Limits
from billow.outputs import Outputs
from billow.owner import Owner
from billow.units import MiB, human_size
from billow.upload import Upload

#: Bytes of a failure's detail, and characters of its message.
MAX_DETAIL = 4096
MAX_MESSAGE = 500

#: Bytes on the service's disk that are left when it was not for want of room that a try failed.
_ROOM = 16 * MiB

_HERE = str(Path(__file__))


def perform(
    function: Function,
    task: Task,
    tell: Tell | None = None,
    now: Callable[[], float] = time.time,
    around: Surroundings | None = None,
) -> Performed:
    """Call the function for `task`, and its handlers; what goes wrong is in what comes back.

    Args:
        function: what to call.
        task: what to call it with.
        tell: gets the progress that the function reports.
        now: gives the time in UNIX seconds.
        around: what else the try may use; without it no files can be kept.
    """
    about = f"{task.id}:{task.token}"
    scratch = around.scratch if around else None
    sink = Gatherer(tell, scratch, function.topics, about, now())
    try:
        return _perform(function, task, sink, now, around)
    finally:
        sink.tidy()


def _perform(
    function: Function,
    task: Task,
    sink: Gatherer,
    now: Callable[[], float],
    around: Surroundings | None,
) -> Performed:
    started = now()
    job = _job(function, task, started, sink) if _wants_job(function) else None
    try:
        value = function.call(**_arguments(function, task, job))
        if isinstance(value, Outputs):
            value, kept = keep_outputs(value, function, task, around)
            sink.effects += kept
        elif isinstance(value, Done):
            value, asked = value
            sink.effects += asked
        elif isinstance(value, Later):
            return Performed(started, now(), later=value.seconds)
        text = encode_result(value, function.limits.result)
    except BaseException as error:
        failure = _no_room(error, around) or failure_of(error, function.limits)
        return _failed(function, task, job, Performed(started, now(), None, failure, sink.measures))
    finished = now()
    effects = (*sink.effects,)
    if job is None or Event.COMPLETED not in function.handlers:
        return Performed(started, finished, text, effects=effects)
    done = replace(
        job, status=Status.COMPLETED, result=json.loads(text), progress=1.0, finished=finished
    )
    more, undone = run_handlers(function, Event.COMPLETED, done)
    return Performed(started, finished, text, effects=effects + more, undone=undone)


def _no_room(error: BaseException, around: Surroundings | None) -> Failure | None:
    """That the disk of the service has no room, if that is why a try failed."""
    if isinstance(error, DiskFull):
        return Failure(NO_ROOM, _cut(error.detail))
    if not isinstance(error, OSError) or error.errno not in (errno.ENOSPC, errno.EDQUOT):
        return None
    place = around.scratch if around else None
    while place is not None and not place.exists():
        place = place.parent
    if place is None or shutil.disk_usage(place).free > _ROOM:
        return None  # some other disk, which is the function's own business
    return Failure(NO_ROOM, _cut(_in_a_line(error)), _detail(error))


def _failed(function: Function, task: Task, job: Job | None, performed: Performed) -> Performed:
    failure = performed.failure
    assert failure is not None
    final = is_final(failure, task.failures, function.retry)
    if job is None or not final or Event.FAILED not in function.handlers:
        return performed
    ended = replace(
        job,
        status=Status.FAILED,
        failure=failure,
        failures=task.failures + 1,
        finished=performed.finished,
    )
    effects, undone = run_handlers(function, Event.FAILED, ended)
    return performed._replace(effects=performed.effects + effects, undone=undone)


def run_handlers(
    function: Function, event: Event, job: Job
) -> tuple[tuple[Wish, ...], tuple[int, ...]]:
    """Run the handlers of `event`: what they ask for, and the places of those that raised."""
    effects: list[Wish] = []
    undone = []
    for place in range(len(function.handlers.get(event, ()))):
        asked = run_handler(function, event, place, job)
        if isinstance(asked, Failure):
            sys.stderr.write(f"{asked.detail or asked.message}\n")
            undone.append(place)
        else:
            effects += asked
    return tuple(effects), tuple(undone)


def run_handler(
    function: Function, event: Event, place: int, job: Job
) -> tuple[Wish, ...] | Failure:
    """Run one handler: what it asks for, or why it failed."""
    at = job.finished or job.created
    about = f"{job.id}:{event}:{at}:{place}"
    sink = Gatherer(topics=function.topics, about=about, at=at)
    try:
        function.handlers[event][place](replace(job, _sink=sink))
    except BaseException as error:
        return failure_of(error, function.limits)
    finally:
        sink.tidy()
    return tuple(sink.effects)


def encode_result(value: Any, limit: int) -> str:
    """`value` as JSON text of at most `limit` bytes.

    Raises:
        BadResult: JSON cannot say it, or it is larger.
    """
    try:
        text = encode(value, "the result")
    except BadInput as problem:
        raise BadResult(problem.detail) from None
    size = len(text) if text.isascii() else len(text.encode())
    if size > limit:
        raise BadResult(
            f"the result has {human_size(size)} as JSON; the limit is {human_size(limit)}"
        )
    return text


class BadResult(Exception):
    """What the function returned cannot be stored; the message says why."""


def failure_of(error: BaseException, limits: Limits) -> Failure:
    """Why a try failed, from what was raised."""
    match error:
        case Rejected():
            return Failure("rejected", _cut(error.detail))
        case BadResult() | BadOutput():
            return Failure("bad result", str(error))
        case MemoryError():
            limit = (
                "" if limits.memory is None else f" than its limit of {human_size(limits.memory)}"
            )
            return Failure("out of memory", f"it needed more memory{limit}", _detail(error))
        case SystemExit():
            return Failure("exited", _cut(f"it called sys.exit({error.code!r})"), _detail(error))
        case _:
            return Failure("raised", _cut(_in_a_line(error)), _detail(error))


def _in_a_line(error: BaseException) -> str:
    try:
        text = " ".join(str(error).split())
    except Exception:
        text = "(it cannot be shown)"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _cut(message: object) -> str:
    """A message that can be stored: of bounded length, and without lone surrogates."""
    text = str(message).encode(errors="backslashreplace").decode()
    return text if len(text) <= MAX_MESSAGE else text[: MAX_MESSAGE - 1] + "…"


def _detail(error: BaseException) -> str:
    """The author's part of the traceback; of a long one the end."""
    trace = error.__traceback__
    if isinstance(error, MemoryError):
        traceback.clear_frames(trace)  # what the author's calls held leaves room to say so
    while trace is not None and trace.tb_frame.f_code.co_filename == _HERE:
        trace = trace.tb_next
    try:
        lines = traceback.format_exception(type(error), error, trace)
    except BaseException:
        return ""
    text = "".join(lines).encode(errors="replace")
    if len(text) > MAX_DETAIL:
        text = b"...\n" + text[4 - MAX_DETAIL :]
    return text.decode(errors="ignore")


def _wants_job(function: Function) -> bool:
    return function.job_parameter is not None or bool(function.handlers)


def _job(function: Function, task: Task, started: float, sink: Gatherer) -> Job:
    return Job(
        id=task.id,
        function=function.name,
        status=Status.RUNNING,
        owner=Owner(task.owner),
        name=task.name,
        args=json.loads(task.args),
        upload=task.upload,
        failures=task.failures,
        lost=task.lost,
        worker=task.worker,
        created=task.created,
        started=started,
        seq=task.seq,
        _sink=sink,
    )


def _arguments(function: Function, task: Task, job: Job | None) -> dict[str, Any]:
    arguments: dict[str, Any] = json.loads(task.args)
    if function.upload_parameter is not None and task.file is not None:
        path, name, size, sha256 = task.file
        store, _, key = (task.upload or "").partition("/")
        arguments[function.upload_parameter] = Upload(Path(path), name, size, sha256, store, key)
    if function.job_parameter is not None:
        arguments[function.job_parameter] = job
    return arguments
