"""`billow job`: one job in full."""

from __future__ import annotations

import json

import click

from billow.cli.jobs import news
from billow.cli.out import ago, document, json_option, say, took
from billow.cli.place import Place, place_options
from billow.cli.waiting import wait_for
from billow.errors import NotFound
from billow.flow.followup import label
from billow.job import Attempt, Job, Status
from billow.shapes import attempt_shape, job_shape


@click.command()
@click.argument("id")
@click.option("--wait", "-w", is_flag=True, help="Return when the job is finished.")
@click.option("--attempts", "-a", is_flag=True, help="Show the tries that failed, in full.")
@place_options
@json_option
def job(place: Place, id: str, wait: bool, attempts: bool, as_json: bool) -> int:
    """Show one job: how it stands, its result, why it failed.

    The exit status is 1 if the job failed or was cancelled.
    """
    home = place.home()
    if wait:
        wait_for(home, [id], place)
    found = home.ledger.get(id)
    if found is None:
        raise NotFound(f"there is no job {id!r}")
    tries = home.ledger.attempts(id)
    if as_json:
        shape = job_shape(found) | {"result": found.result}
        document(shape | {"attempts": [attempt_shape(one) for one in tries]})
    else:
        _show(found, tries, attempts)
    return 1 if found.status in (Status.FAILED, Status.CANCELLED) else 0


def _show(job: Job, tries: list[Attempt], in_full: bool) -> None:
    facts = {
        "job": job.id,
        "function": label(job.function),
        "name": job.name,
        "status": f"{job.status.value}  {news(job)}".strip(),
        "arguments": json.dumps(dict(job.args), ensure_ascii=False) if job.args else "",
        "accepted": ago(job.created),
        "waited": took(job.wait),
        "took": took(job.duration),
        "worker": job.worker or "",
        "tries": _tries(job),
    }
    for name, value in facts.items():
        if value:
            say(f"{name:<10} {value}")
    if job.status is Status.COMPLETED:
        say(f"{'result':<10} {json.dumps(job.result, ensure_ascii=False, indent=2)}")
    if job.failure is not None and job.failure.detail and job.status is Status.FAILED:
        say(f"\n{job.failure.detail.rstrip()}")
    if in_full:
        for one in tries:
            failure = one.failure
            lasted = took(one.ended - one.started)
            say(
                f"\n{ago(one.started)} on {one.worker}, {lasted}: {failure.kind}: {failure.message}"
            )
            if failure.detail:
                say(failure.detail.rstrip())


def _tries(job: Job) -> str:
    parts = [
        f"{job.failures} failed" if job.failures else "",
        f"{job.lost} lost" if job.lost else "",
    ]
    return ", ".join(part for part in parts if part)
