"""`billow dead`: jobs that used up their tries, and what to do about them."""

from __future__ import annotations

from typing import Any

import click

from billow.cli.out import ago, document, json_option, lines, say, table
from billow.cli.place import Place, place_options
from billow.errors import BadInput, NotFound
from billow.flow.dead import Group, groups_of
from billow.flow.followup import label
from billow.home import Home
from billow.shapes import failure_shape


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
    groups = groups_of(place.home().ledger)
    if as_json:
        lines(_shape(group) for group in groups)
        return
    columns = ("group", "jobs>", "function", "error", "newest", "for example")
    rows = (
        (
            group.id,
            len(group.jobs),
            label(group.function),
            f"{group.kind}: {group.message}",
            ago(group.sample.finished),
            group.sample.id,
        )
        for group in groups
    )
    table(columns, rows, "no dead letters")


@dead.command()
@click.argument("group")
@place_options
@json_option
def show(place: Place, group: str, as_json: bool) -> None:
    """Show the error of a GROUP in full, and its jobs."""
    home = place.home()
    chosen = _group(home, group)
    if as_json:
        document({**_shape(chosen), "jobs": chosen.jobs})
        return
    say(f"{label(chosen.function)}: {chosen.kind}: {chosen.message}\n")
    if chosen.sample.failure and chosen.sample.failure.detail:
        say(f"{chosen.sample.failure.detail.rstrip()}\n")
    found = filter(None, map(home.ledger.get, chosen.jobs))
    table(("id", "name", "failed"), ((j.id, j.name, ago(j.finished)) for j in found), "none")


@dead.command()
@click.argument("ids", nargs=-1, metavar="[ID...]")
@click.option("--group", metavar="GROUP", help="All of a group.")
@click.option("--all", "everything", is_flag=True, help="All dead letters.")
@place_options
@json_option
def redrive(
    place: Place, ids: tuple[str, ...], group: str | None, everything: bool, as_json: bool
) -> int:
    """Send dead letters round again with fresh tries: by ID, by --group, or --all."""
    if sum((bool(ids), group is not None, everything)) != 1:
        raise BadInput("name the jobs, or a --group, or --all")
    home = place.home()
    chosen = list(ids)
    if group is not None:
        chosen = _group(home, group).jobs
    elif everything:
        chosen = [id_ for one in groups_of(home.ledger) for id_ in one.jobs]
    done = home.ledger.redrive(chosen) if chosen else []
    count, rest = sum(done), [id_ for id_, ok in zip(chosen, done, strict=True) if not ok]
    if as_json:
        document({"redriven": count, "refused": rest})
    else:
        say(f"{count} redriven" + (f", {len(rest)} not: {', '.join(rest[:5])}" if rest else ""))
    return 2 if rest else 0


def _group(home: Home, id: str) -> Group:
    """The group whose id begins with `id`.

    Raises:
        NotFound: there is not exactly one.
    """
    found = [group for group in groups_of(home.ledger) if group.id.startswith(id)]
    if len(found) != 1:
        raise NotFound(f"there {_are(len(found))} whose id begins with {id!r}; see `billow dead`")
    return found[0]


def _are(count: int) -> str:
    return f"are {count} groups" if count else "is no group"


def _shape(group: Group) -> dict[str, Any]:
    return {
        "group": group.id,
        "function": group.function,
        "kind": group.kind,
        "message": group.message,
        "count": len(group.jobs),
        "newest": group.sample.finished,
        "sample": group.sample.id,
        "failure": failure_shape(group.sample.failure),
    }
