"""The page of one job: its way, its tries, its input and its result."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from billow.app import App
from billow.errors import BadInput, NotFound
from billow.flow.followup import function_of
from billow.home import Home
from billow.job import Job, Status
from billow.ports.ledger import Submission
from billow.web.context import Context, context_of
from billow.web.files import listed
from billow.web.pages.asked import Asked
from billow.web.pages.logs import of_job
from billow.web.pages.results import Block, blocks
from billow.web.pages.steps import find_input, steps
from billow.web.pages.view import show


def routes() -> list[BaseRoute]:
    """Addresses of this screen."""
    return [
        Route("/jobs/{id}", job_page, methods=["GET"], name="job"),
        Route("/jobs/{id}/again", _action(run_again), methods=["POST"]),
        Route("/jobs/{id}/cancel", _action(cancel), methods=["POST"]),
    ]


async def job_page(request: Request) -> Response:
    """Everything known of a job."""
    return await show(request, "job", build)


def build(asked: Asked) -> dict[str, Any]:
    """What the page shows.

    Raises:
        NotFound: there is no such job.
    """
    job = find(asked.home, asked.query["id"])
    given = find_input(asked.home, asked.app, job)
    return {
        "job": job,
        "input": given,
        "steps": steps(asked.app, job, given, asked.home.clock.now()),
        "attempts": asked.home.ledger.attempts(job.id),
        "files": listed(asked.home, job),
        "blocks": blocks_of(job) if job.status is Status.COMPLETED else [],
        "said": of_job(asked.home, job.id),
        "may_run_again": _may_run_again(asked.app, job),
    }


def blocks_of(job: Job) -> list[Block]:
    """The result for people; of one with files what the function has to tell beside them."""
    if not job.files:
        return blocks(job.result)
    value = job.result["value"]
    return [] if value is None else blocks(value)


def _may_run_again(app: App, job: Job) -> bool:
    """A job of the app that has ended; of handlers tried again, those that failed."""
    if not job.status.final:
        return False
    handlers_of = function_of(job.function) if job.status is Status.FAILED else None
    return (handlers_of or job.function) in app.functions


def find(home: Home, id: str) -> Job:
    """A job by id.

    Raises:
        NotFound: there is none.
    """
    job = home.ledger.get(id)
    if job is None:
        raise NotFound(f"there is no job {id[:60]!r}")
    return job


def run_again(context: Context, id: str) -> str:
    """Send a failed job round again; of any other final job make a new one. Returns the id.

    Raises:
        NotFound: there is no such job, or its file is gone.
        BadInput: it is not final yet.
    """
    home = context.home
    job = find(home, id)
    if not job.status.final:
        raise BadInput(f"the job is {job.status} and will run anyway")
    if job.status is Status.FAILED and home.ledger.redrive([id])[0]:
        return id
    if job.upload is not None:
        store, _, key = job.upload.partition("/")
        if home.objects.head(store, key) is None:
            raise NotFound("the job's file is gone, so it cannot run again")
    args = json.dumps(dict(job.args), ensure_ascii=False)
    again = Submission(job.function, args, job.name, job.upload, job.owner)
    return home.ledger.submit([again])[0].id


def cancel(context: Context, id: str) -> str:
    """Cancel a job. Returns its id.

    Raises:
        NotFound: there is no such job.
        Conflict: it is final already.
    """
    context.home.ledger.cancel(id)
    return id


def _action(act: Callable[[Context, str], str]) -> Callable[[Request], Any]:
    """A handler that changes a job and leads back to its page."""

    async def handler(request: Request) -> Response:
        context = context_of(request)
        id_ = await context.run(act, context, request.path_params["id"])
        return RedirectResponse(f"/jobs/{id_}", 303)

    return handler
