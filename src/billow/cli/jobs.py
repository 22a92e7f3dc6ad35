"""`billow jobs`: the list."""

from __future__ import annotations

import click

from billow.cli.out import ago, json_option, lines, say, table, took
from billow.cli.place import Place, place_options
from billow.flow.followup import label
from billow.job import Job, Status
from billow.shapes import job_shape


@click.command()
@click.option("--function", "-f", help="Only jobs of this function.")
@click.option(
    "--status", "-s", type=click.Choice([s.value for s in Status]), help="Only in this state."
)
@click.option("--text", "-t", help="Only jobs whose name contains this.")
@click.option("--dead", is_flag=True, help="Only dead letters.")
@click.option("--limit", "-n", default=20, type=click.IntRange(1, 1000), help="At most so many.")
@click.option(
    "--before",
    type=click.IntRange(0, 2**63 - 1),
    metavar="SEQ",
    help="Only jobs accepted before this one.",
)
@place_options
@json_option
def jobs(
    *,
    place: Place,
    function: str | None,
    status: str | None,
    text: str | None,
    dead: bool,
    limit: int,
    before: int | None,
    as_json: bool,
) -> None:
    """List jobs, newest first.

    With --json each line is a job; `seq` of the last one is the --before of the next page.
    """
    page = place.home().ledger.find(
        function=function,
        status=Status(status) if status else None,
        text=text,
        dead=True if dead else None,
        before=before,
        limit=limit,
    )
    if as_json:
        lines(job_shape(job) for job in page.jobs)
        return
    columns = ("id", "function", "name", "status", "accepted", "waited>", "took>", "what happened")
    table(columns, (_row(job) for job in page.jobs), "no jobs")
    if page.after is not None:
        say(f"\nmore: billow jobs … --before {page.after}")


def _row(job: Job) -> tuple[str, ...]:
    waited, run = took(job.wait), took(job.duration)
    function, accepted = label(job.function), ago(job.created)
    return job.id, function, job.name, job.status, accepted, waited, run, news(job)


def news(job: Job) -> str:
    """What is worth saying about a job in a few words."""
    if job.status is Status.RUNNING:
        share = "" if job.progress is None else f"{job.progress:.0%} done, "
        return f"{share}on {job.worker}"
    if job.failure is not None and job.status is not Status.COMPLETED:
        again = " (to be tried again)" if job.status is Status.PENDING else ""
        return f"{job.failure.kind}: {job.failure.message}{again}"
    return ""
