"""`billow cancel`."""

from __future__ import annotations

import click

from billow.cli.out import json_option, lines, say, warn
from billow.cli.place import Place, place_options
from billow.errors import Conflict, NotFound
from billow.shapes import job_shape


@click.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@place_options
@json_option
def cancel(place: Place, ids: tuple[str, ...], as_json: bool) -> int:
    """Cancel jobs that are not finished.

    One that runs is stopped within about a second.
    """
    ledger = place.acting().ledger
    status = 0
    for id_ in ids:
        try:
            job = ledger.cancel(id_)
        except (NotFound, Conflict) as problem:
            warn(f"{id_}: {problem.detail}")
            status = 2
            continue
        if as_json:
            lines([job_shape(job)])
        else:
            say(f"{id_}: cancelled")
    return status
