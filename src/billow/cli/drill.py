"""`billow drill`: prove on this machine that nothing gets lost."""

from __future__ import annotations

import secrets
import tempfile
from pathlib import Path

import click

from billow.cli.faults import faults
from billow.cli.load import load
from billow.cli.out import bar, document, json_option, lines, say, table
from billow.errors import BadInput

#: Seeds that are made up are short, so that people can pass them on.
_SEEDS = 1_000_000


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def drill(ctx: click.Context, as_json: bool) -> None:
    """Put a service under faults and check every promise.

    Without a drill's name, lists what is checked.
    """
    if ctx.invoked_subcommand is not None:
        return
    from billow.drill.checker import FAULTS  # noqa: PLC0415 - the help needs no drill

    if as_json:
        lines({"name": name, "meaning": meaning} for name, meaning in FAULTS.items())
    else:
        table(("never found", "which means"), FAULTS.items(), "")


drill.add_command(load)
drill.add_command(faults)


@drill.command()
@click.option("--kills", type=click.IntRange(1), default=200, help="Strikes that kill.")
@click.option("--seed", type=click.IntRange(0), help="Repeats the strikes of another drill.")
@click.option("--lease", type=click.FloatRange(0.5, 60), default=2.0, help="Seconds of a lease.")
@click.option("--workers", type=click.IntRange(1, 16), default=2, help="Workers of each function.")
@click.option("--folder", metavar="DIR", help="Keep everything here; must be empty or new.")
@json_option
def crash(
    kills: int, seed: int | None, lease: float, workers: int, folder: str | None, as_json: bool
) -> int:
    """Kill and stall the processes of a service at random, and check that nothing is lost.

    A small service of its own is started, four clients ask it for work, and every kind of process
    is killed or stopped again and again. Then everything is checked: what was accepted was done
    once, what was refused was not. The exit status is 1 if anything is wrong.
    """
    from billow.drill.crash import CrashDrill, Plan  # noqa: PLC0415 - the help needs no drill

    place = _place(folder)
    plan = Plan(place, secrets.randbelow(_SEEDS) if seed is None else seed, kills, lease, workers)
    with bar("kills", kills) as move:
        known = 0

        def tell(_: str, so_far: int) -> None:
            nonlocal known
            move(so_far - known)
            known = so_far

        report = CrashDrill(plan, tell).run()
    if as_json:
        document(report.document())
    else:
        for line in report.lines():
            say(line)
        say(f"files     {place}")
    return 0 if report.passed else 1


def _place(folder: str | None) -> Path:
    """Where the drill keeps its files: logs and histories are worth a look if it fails."""
    if folder is None:
        return Path(tempfile.mkdtemp(prefix="billow-drill-"))
    place = Path(folder)
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise BadInput(f"{folder} is not empty; a drill needs a folder of its own")
    return place
