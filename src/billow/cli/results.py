"""`billow results`: what a function returned."""

from __future__ import annotations

import csv
import itertools
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import click

from billow.cli.out import ago, json_option, lines, printable, say, table
from billow.cli.place import Place, place_options
from billow.home import Home
from billow.job import Job, Status
from billow.shapes import result_shape

_PAGE = 500


@click.command()
@click.argument("function")
@click.option("--csv", "as_csv", is_flag=True, help="Write CSV; an object's fields are columns.")
@click.option(
    "--limit",
    "-n",
    type=click.IntRange(1, sys.maxsize),
    help="At most so many; default 20, or all as CSV or JSON.",
)
@place_options
@json_option
def results(place: Place, function: str, as_csv: bool, limit: int | None, as_json: bool) -> None:
    """Show what FUNCTION returned, newest first. With --json each line is a result."""
    if limit is None and not (as_csv or as_json):
        limit = 20
    done = itertools.islice(completed(place.home(), function), limit)
    if as_json:
        lines(result_shape(job) for job in done)
    elif as_csv:
        _write_csv(done)
    else:
        rows = [(job.id, job.name, ago(job.finished), brief(job.result)) for job in done]
        table(("job", "name", "finished", "result"), rows, f"no results of {function}")
        if len(rows) == limit:
            say("\nthe newest; --limit N shows more, --json and --csv write all")


def completed(home: Home, function: str) -> Iterator[Job]:
    """The completed jobs of a function, newest first."""
    before = None
    while True:
        page = home.ledger.find(
            function=function, status=Status.COMPLETED, before=before, limit=_PAGE
        )
        yield from page.jobs
        if (before := page.after) is None:
            return


def brief(result: Any, length: int = 100) -> str:
    """A result in one short line: ranked words as such, all else as JSON."""
    ranked = result.get("words") if isinstance(result, dict) else result
    if isinstance(ranked, list) and ranked and all(_is_pair(one) for one in ranked):
        text = "  ".join(f"{one[0]} {one[1]}" for one in ranked)
    else:
        text = json.dumps(result, ensure_ascii=False)
    text = printable(text)
    return text if len(text) <= length else text[: length - 1] + "…"


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and isinstance(value[0], str)


def _write_csv(done: Iterator[Job]) -> None:
    """One row a result. The first one decides whether there is a column for each field."""
    writer = csv.writer(sys.stdout)
    first = next(done, None)
    fields = list(first.result) if first and isinstance(first.result, dict) else None
    writer.writerow(["id", "name", "finished", *(fields or ["result"])])
    for job in itertools.chain([first] if first else [], done):
        at = datetime.fromtimestamp(job.finished or 0, UTC).isoformat(timespec="milliseconds")
        if fields is None:
            cells = [_cell(job.result)]
        else:
            values = job.result if isinstance(job.result, dict) else {}
            cells = [_cell(values.get(field, "")) for field in fields]
        writer.writerow([job.id, job.name, at, *cells])


def _cell(value: Any) -> Any:
    return value if isinstance(value, str | int | float) else json.dumps(value, ensure_ascii=False)
