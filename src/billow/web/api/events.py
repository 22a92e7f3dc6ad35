"""Streams of events: of one job, and of the whole service."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from billow.flow.followup import function_of
from billow.job import Job
from billow.web.api.endpoint import PREFIX, TEXT, Answer, Endpoint, Parameter, Query
from billow.web.api.shapes import entry_shape, job_full, job_row
from billow.web.context import Context, context_of
from billow.web.files import listed
from billow.web.sse import PULSE, Pulse, event, last_id, numbers_in, stream
from billow.web.steps import Step, steps_of

#: Events of a kind that one look may send.
_BATCH = 200


async def job_events(request: Request, _: Query) -> Response:
    """What happens to a job, as server-sent events, from the beginning or from Last-Event-ID.

    `step` events carry a step of the job and are numbered; `progress` events carry the share done.
    The last event is `final`, with the whole job. A client that comes back after it gets 204.
    """
    context = context_of(request)
    seen = numbers_in(last_id(request), 1)
    job = await context.run(context.client.job, request.path_params["id"])
    attempts = await context.run(context.home.ledger.attempts, job.id)
    place = 0 if seen is None else seen[0] + 1
    if job.status.final and place > len(steps_of(job, attempts)):
        return Response(status_code=204)
    return stream(_follow(context, job.id, place))


async def _follow(context: Context, id_: str, place: int) -> AsyncIterator[bytes]:
    progress: float | None = None
    latest: Step | None = None
    with context.news.listen() as ear:
        pulse = Pulse(context, ear)
        while True:
            job, full = await context.run(_look, context, id_)
            steps = steps_of(job, full)
            if latest is not None and not _still_there(latest, steps, place - 1):
                place = min(place, len(steps)) - 1
            for number, step in enumerate(steps[place:], place):
                yield event("step", step._asdict(), str(number))
            if len(steps) > place or job.progress != progress:
                pulse.spoke()
            place, latest = max(place, len(steps)), steps[-1]
            if job.status.final:
                files = await context.run(listed, context.home, job)
                yield event("final", job_full(job, full, files), str(len(steps)))
                return
            if job.progress is not None and job.progress != progress:
                progress = job.progress
                yield event("progress", {"progress": progress})
            if not await pulse.wait():
                return
            if pulse.silent:
                pulse.spoke()
                yield PULSE


def _still_there(step: Step, steps: list[Step], number: int) -> bool:
    """Whether a step is what it was; a job that was given back may be taken by another worker."""
    return number < len(steps) and (step.name, step.data) == (
        steps[number].name,
        steps[number].data,
    )


def _look(context: Context, id_: str) -> tuple[Job, list[Any]]:
    return context.client.job(id_), context.home.ledger.attempts(id_)


class _Place(NamedTuple):
    """How far a stream is in the journal and in the ledger; together the id of an event."""

    journal: int
    ledger: int

    def __str__(self) -> str:
        return f"{self.journal}.{self.ledger}"


async def service_events(request: Request, _: Query) -> Response:
    """What happens in the service, as server-sent events, from now on or from Last-Event-ID.

    `journal` events are decisions and incidents with their reasons, `accepted` events are new jobs
    (of very many at once only some), and `totals` says, whenever it changed, how many jobs
    are in each state and how many messages wait in each function's queue.
    """
    context = context_of(request)
    seen = numbers_in(last_id(request), 2)
    place = _Place(*seen) if seen else await context.run(_now, context)
    return stream(_watch(context, place))


def _now(context: Context) -> _Place:
    entries = context.home.journal.read(limit=1, newest=True)
    jobs = context.home.ledger.find(limit=1).jobs
    return _Place(entries[0].seq if entries else 0, jobs[0].seq if jobs else 0)


class _News(NamedTuple):
    events: list[bytes]
    place: _Place
    totals: dict[str, Any]


async def _watch(context: Context, place: _Place) -> AsyncIterator[bytes]:
    totals: dict[str, Any] = {}
    with context.news.listen() as ear:
        pulse = Pulse(context, ear)
        while True:
            news = await context.run(_news, context, place)
            for piece in news.events:
                yield piece
            if news.totals != totals:
                yield event("totals", news.totals)
            if news.events or news.totals != totals:
                pulse.spoke()
            place, totals = news.place, news.totals
            if not await pulse.wait():
                return
            if pulse.silent:
                pulse.spoke()
                yield PULSE


def _news(context: Context, place: _Place) -> _News:
    home = context.home
    events = []
    for entry in home.journal.read(place.journal, limit=_BATCH):
        place = place._replace(journal=entry.seq)
        events.append(event("journal", entry_shape(entry), str(place)))
    page = home.ledger.find(after=place.ledger, limit=_BATCH, results=False)
    for job in reversed(page.jobs):
        place = place._replace(ledger=job.seq)
        events.append(event("accepted", job_row(job), str(place)))
    if page.after is not None:
        place = place._replace(ledger=home.ledger.find(limit=1).jobs[0].seq)
    jobs: dict[str, dict[str, int]] = {}
    for (function, status), count in sorted(home.ledger.totals().items()):
        if function_of(function) is None:
            jobs.setdefault(function, {})[status.value] = count
    queues = {}
    for declared in context.app.functions.values():
        counts = home.ledger.counts(declared.name)
        queues[declared.queue] = {
            "visible": counts.visible,
            "in_flight": counts.in_flight,
            "delayed": counts.delayed,
        }
    return _News(events, place, {"jobs": jobs, "queues": queues})


_STREAM = {200: Answer("The stream", {"text/event-stream": TEXT})}
_LAST = (
    Parameter("Last-Event-ID", "Id of the last event seen", where="header"),
    Parameter("last_event_id", "The same, for clients that cannot set the header"),
)

ENDPOINTS = [
    Endpoint(
        "GET",
        f"{PREFIX}/jobs/{{id}}/events",
        job_events,
        {**_STREAM, 204: Answer("The job is final and everything was seen")},
        parameters=_LAST,
        problems=(404,),
    ),
    Endpoint("GET", f"{PREFIX}/events", service_events, _STREAM, parameters=_LAST),
]
