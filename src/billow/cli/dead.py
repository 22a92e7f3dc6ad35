"""`billow dead`: jobs that used up their tries, and what to do about them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import click

from billow.cli.out import ago, document, json_option, lines, say, table
from billow.cli.place import Place, place_options
from billow.errors import BadInput, NotFound
from billow.home import Home
from billow.job import Job

#: Read at most so many dead letters for the list of groups.
_LOOKED_AT = 100_000
_PAGE = 500

Group = tuple[str, str, str]


@click.group(invoke_without_command=True)
@place_options
@json_option
@click.pass_context
def dead(ctx: click.Context, place: Place, as_json: bool) -> None:
    """List the dead letters by error; redrive them.

    A dead letter is a job that used up its tries. Redrive it when the cause is mended.
    """
    ctx.obj = place
    if ctx.invoked_subcommand is not None:
        return
    groups = _groups(place.home())
    shapes: list[dict[str, Any]] = [
        {
            "group": number,
            "function": function,
            "kind": kind,
            "message": message,
            "count": len(found),
            "newest": found[0].finished,
            "sample": found[0].id,
        }
        for number, ((function, kind, message), found) in enumerate(groups.items(), 1)
    ]
    if as_json:
        lines(shapes)
        return
    columns = ("group>", "jobs>", "function", "error", "newest", "for example")
    rows = (
        (
            shape["group"],
            shape["count"],
            shape["function"],
            f"{shape['kind']}: {shape['message']}",
            ago(shape["newest"]),
            shape["sample"],
        )
        for shape in shapes
    )
    table(columns, rows, "no dead letters")


@dead.command()
@click.argument("group", type=int)
@place_options
@json_option
def show(place: Place, group: int, as_json: bool) -> None:
    """Show the error of a GROUP (its number in the list) and its jobs."""
    (function, kind, message), found = _group(place.home(), group)
    sample = found[0]
    if as_json:
        document(
            {
                "function": function,
                "kind": kind,
                "message": message,
                "detail": sample.failure.detail if sample.failure else "",
                "jobs": [{"id": job.id, "name": job.name, "args": dict(job.args)} for job in found],
            }
        )
        return
    say(f"{function}: {kind}: {message}\n")
    if sample.failure and sample.failure.detail:
        say(f"{sample.failure.detail.rstrip()}\n")
    table(("id", "name", "failed"), ((j.id, j.name, ago(j.finished)) for j in found), "none")


@dead.command()
@click.argument("ids", nargs=-1, metavar="[ID...]")
@click.option("--group", type=int, help="All of a group, by its number in the list.")
@click.option("--all", "everything", is_flag=True, help="All dead letters.")
@place_options
@json_option
def redrive(
    place: Place, ids: tuple[str, ...], group: int | None, everything: bool, as_json: bool
) -> int:
    """Send dead letters round again with fresh tries: by ID, by --group, or --all."""
    if sum((bool(ids), group is not None, everything)) != 1:
        raise BadInput("name the jobs, or a --group, or --all")
    home = place.home()
    chosen = list(ids)
    if group is not None:
        chosen = [job.id for job in _group(home, group)[1]]
    elif everything:
        chosen = [job.id for job in _letters(home)]
    done = home.ledger.redrive(chosen) if chosen else []
    count, rest = sum(done), [id_ for id_, ok in zip(chosen, done, strict=True) if not ok]
    if as_json:
        document({"redriven": count, "refused": rest})
    else:
        say(f"{count} redriven" + (f", {len(rest)} not: {', '.join(rest[:5])}" if rest else ""))
    return 2 if rest else 0


def _groups(home: Home) -> dict[Group, list[Job]]:
    """The dead letters by function and error, the most recent group first."""
    groups: dict[Group, list[Job]] = {}
    for job in itertools.islice(_letters(home), _LOOKED_AT):
        failure = job.failure
        key = (job.function, failure.kind if failure else "", failure.message if failure else "")
        groups.setdefault(key, []).append(job)
    return groups


def _group(home: Home, number: int) -> tuple[Group, list[Job]]:
    groups: list[Any] = list(_groups(home).items())
    if not 1 <= number <= len(groups):
        raise NotFound(f"there is no group {number}; there are {len(groups)}")
    chosen: tuple[Group, list[Job]] = groups[number - 1]
    return chosen


def _letters(home: Home) -> Iterator[Job]:
    before = None
    while True:
        page = home.ledger.find(dead=True, before=before, limit=_PAGE)
        yield from page.jobs
        if (before := page.after) is None:
            return
