"""`billow fleet`: the workers, and why there are so many."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import click

from billow.cli.out import ago, console, json_option, lines, say, table
from billow.cli.place import Place, place_options
from billow.errors import BadInput, NotFound
from billow.home import Home
from billow.ports.journal import Entry
from billow.units import human_size

#: Kinds of events that tell how a fleet fares.
_KINDS = ("scale.", "worker.", "alarm.")


@click.group(invoke_without_command=True)
@click.option("--events", "-e", default=10, type=click.IntRange(0, 1000), help="So many events.")
@place_options
@json_option
@click.pass_context
def fleet(ctx: click.Context, place: Place, events: int, as_json: bool) -> None:
    """Show the workers, and why there are so many.

    For each function: its policy, the alarms of the policy, and the latest decisions.
    """
    ctx.obj = place
    if ctx.invoked_subcommand is not None:
        return
    home = place.home()
    fleets = {key.partition(".")[2]: state for key, state in home.journal.board("fleet.").items()}
    running = place.service() is not None
    if as_json:
        lines(
            {"function": name, "running": running, **state, "events": _events(home, name, events)}
            for name, state in fleets.items()
        )
        return
    if not running:
        say("no service is running here; this is how it stood\n")
    if not fleets:
        say("no fleets yet; `billow up` makes them")
    for name, state in fleets.items():
        _show(home, name, state, events)


def _show(home: Home, name: str, state: Mapping[str, Any], events: int) -> None:
    from billow.cli.live import alarm_text, clock_time, workers_line  # noqa: PLC0415 - needs rich

    console().print(workers_line(state), soft_wrap=True)
    say(f"{name}: {state['policy']}")
    say(f"because  {state['reason']}")
    if state.get("trouble"):
        say(f"trouble  {state['trouble']}")
    for alarm in state["alarms"]:
        console().print("alarm   ", alarm_text(alarm), soft_wrap=True)
    say()
    columns = ("worker", "state", "since", "job", "held>", "done>", "memory>", "pid>", "template")
    table(columns, (_worker_row(worker) for worker in state["workers"]), "no workers")
    say()
    rows = [
        (clock_time(one.at), one.kind, one.reason) for one in reversed(_latest(home, name, events))
    ]
    if rows:
        table(("time", "event", "reason"), rows, "")
        say()


def _worker_row(worker: Mapping[str, Any]) -> tuple[Any, ...]:
    return (
        worker["id"],
        worker["state"],
        ago(worker["since"]),
        worker.get("name") or worker.get("job") or "",
        worker["jobs"],
        worker["done"],
        human_size(worker["rss"]) if worker.get("rss") else "",
        worker.get("pid"),
        f"{worker['template']} {worker['version']}",
    )


def _latest(home: Home, function: str, limit: int) -> list[Entry]:
    """The newest events of a function's fleet and of its workers, newest first."""
    if limit == 0:
        return []
    found = home.journal.read(kinds=_KINDS, newest=True, limit=10 * limit)
    mine = (function, f"{function}-")
    return [one for one in found if one.subject == mine[0] or one.subject.startswith(mine[1])][
        :limit
    ]


def _events(home: Home, function: str, limit: int) -> list[dict[str, Any]]:
    return [entry._asdict() for entry in reversed(_latest(home, function, limit))]


@fleet.command()
@click.argument("function")
@click.option(
    "--env", "pairs", multiple=True, metavar="NAME=VALUE", help="Add a version with this variable."
)
@click.option("--command", help="Add a version with this command.")
@click.option("--use", type=int, metavar="VERSION", help="Make this version the default.")
@place_options
@json_option
def templates(
    *,
    place: Place,
    function: str,
    pairs: tuple[str, ...],
    command: str | None,
    use: int | None,
    as_json: bool,
) -> None:
    """Show FUNCTION's launch templates; new workers start from the default version.

    Versions are added and never changed: `--env LANG=C` adds one, `--use 2` makes it the default.
    """
    from billow.fleet.templates import Templates  # noqa: PLC0415 - only this verb needs them

    kept = Templates(place.home().tables, function)
    if not kept.all():
        raise NotFound(f"{function} has no launch template; `billow up` makes the first")
    if pairs or command is not None:
        kept.add(
            command=None if command is None else shlex.split(command),
            environment=dict(_pair(text) for text in pairs) or None,
        )
    if use is not None:
        kept.choose(use)
    default = kept.default().version
    if as_json:
        lines({**asdict(one), "default": one.version == default} for one in kept.all())
        return
    rows = (
        (
            one.version,
            "default" if one.version == default else "",
            one.name,
            shlex.join(one.command),
            " ".join(f"{name}={value}" for name, value in one.environment.items()),
        )
        for one in kept.all()
    )
    table(("version>", "", "name", "command", "environment"), rows, "no templates")


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise BadInput(f"--env {text}: write NAME=VALUE")
    return name, value
