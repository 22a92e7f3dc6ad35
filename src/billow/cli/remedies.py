"""`billow remedies`: what was done without a person, and the switch."""

from __future__ import annotations

import click

from billow.cli.out import ago, json_option, lines, say, table
from billow.cli.place import Place, place_options
from billow.ops import controls
from billow.ops.remedies.records import KEPT, Records


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
    if as_json:
        lines([{"mode": now}, *(one.pack() for one in found)])
        return
    say(f"remedies are {now}")
    if mode is None:
        rows = (
            (ago(one.done.at), one.done.outcome, f"{one.done.kind} {one.done.target}",
             one.done.alarm, one.evidence, one.detail)
            for one in reversed(found)
        )  # fmt: skip
        columns = ("when", "outcome", "action", "alarm", "evidence", "what")
        table(columns, rows, "nothing has been done yet")
