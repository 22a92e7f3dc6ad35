"""`billow remedies`: what was done without a person, and the switch."""

from __future__ import annotations

import click

from billow.cli.out import ago, json_option, lines, say, table
from billow.cli.place import Place, place_options
from billow.ops import controls
from billow.ops.remedies.records import KEPT, Records
from billow.units import human_time


@click.command()
@click.argument("mode", required=False, type=click.Choice(controls.MODES))
@click.option("--reason", default="", help="Why; it is written down.")
@place_options
@json_option
def remedies(place: Place, mode: str | None, reason: str, as_json: bool) -> None:
    """Show what was done about alarms; switch remedies on, off, or to a dry run.

    The switch holds at once: it is looked at before each action.
    """
    home = place.home()
    if mode is not None:
        controls.set_mode(home.journal, mode, reason)
    found = Records(home.tables).since(home.clock.now() - KEPT)
    now = controls.mode(home.journal)
    shed = controls.shedding(home.journal, home.clock.now())
    if as_json:
        first = {"mode": now, "shedding": shed and {"until": shed[0], "reason": shed[1]}}
        lines([first, *(one.pack() for one in found)])
        return
    say(f"remedies are {now}")
    if shed:
        left = human_time(shed[0] - home.clock.now())
        say(f"load is shed for {left} at most: {shed[1]}")
    if mode is None:
        rows = (
            (ago(one.done.at), one.done.outcome, f"{one.done.kind} {one.done.target}",
             one.done.alarm, one.evidence, one.detail)
            for one in reversed(found)
        )  # fmt: skip
        columns = ("when", "outcome", "action", "alarm", "evidence", "what")
        table(columns, rows, "nothing has been done yet")
