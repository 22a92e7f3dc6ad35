"""`billow alarms`: what is watched, what it says, and what it said."""

from __future__ import annotations

from typing import Any

import click

from billow.cli.out import ago, json_option, lines, say, table
from billow.cli.place import Place, place_options
from billow.ops import controls
from billow.ops.judging import AlarmState


@click.group(invoke_without_command=True)
@place_options
@json_option
@click.pass_context
def alarms(ctx: click.Context, place: Place, as_json: bool) -> None:
    """List the alarms and their states; see what they did; set a state; switch one off."""
    ctx.obj = place
    if ctx.invoked_subcommand is not None:
        return
    home = place.home()
    found = controls.alarms(home.journal)
    if as_json:
        lines({"name": name, **state} for name, state in sorted(found.items()))
        return
    if place.service() is None:
        say("no service is running here; this is how it stood\n")
    rows = (_row(name, state) for name, state in sorted(found.items(), key=_worst_first))
    columns = ("state", "alarm", "since", "value>", "when", "then")
    table(columns, rows, "no alarms yet; `billow up` watches them")


def _worst_first(item: tuple[str, dict[str, Any]]) -> tuple[int, str]:
    order = (AlarmState.ALARM, AlarmState.INSUFFICIENT_DATA, AlarmState.OK)
    return order.index(AlarmState(item[1]["state"])), item[0]


def _row(name: str, state: dict[str, Any]) -> tuple[Any, ...]:
    value = "" if state["value"] is None else f"{state['value']:.4g}"
    then = [*state["do"], *([f"page {state['page']}"] if state["page"] else [])]
    told = "switched off" if state["off"] else ", ".join(then)
    return state["state"], name, ago(state["since"]), value, state["when"], told


@alarms.command()
@click.argument("name", required=False)
@click.option("--limit", default=50, type=click.IntRange(1, 1000), help="So many changes.")
@place_options
@json_option
def history(place: Place, name: str | None, limit: int, as_json: bool) -> None:
    """Show the changes of the last 14 days, of the alarm NAME or of all."""
    read = place.home().journal.read
    kinds = ("alarm.", "watch.")
    found = read(kinds=kinds, subject=name, limit=limit, newest=True)
    if as_json:
        lines(entry._asdict() for entry in reversed(found))
        return
    rows = ((ago(entry.at), entry.subject, entry.reason) for entry in reversed(found))
    table(("when", "alarm", "what"), rows, "nothing has changed")


@alarms.command("set-state")
@click.argument("name")
@click.argument("state", type=click.Choice([state.value for state in AlarmState]))
@click.option("--reason", default="", help="Why; it is written down.")
@place_options
def set_state(place: Place, name: str, state: str, reason: str) -> None:
    """Put the alarm NAME into STATE until it is evaluated next, to see what follows."""
    home = place.home()
    controls.set_state(home.journal, name, state, reason, home.clock.now())
    say(f"{name} is to be {state}; the running service takes it up within a second or two")


@alarms.command()
@click.argument("name")
@place_options
def enable(place: Place, name: str) -> None:
    """Switch the actions of the alarm NAME on again."""
    controls.enable(place.home().journal, name, on=True)
    say(f"{name}: its actions are on")


@alarms.command()
@click.argument("name")
@place_options
def disable(place: Place, name: str) -> None:
    """Switch the actions of the alarm NAME off; it is evaluated all the same."""
    controls.enable(place.home().journal, name, on=False)
    say(f"{name}: its actions are off")
