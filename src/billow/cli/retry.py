"""`billow retry`."""

from __future__ import annotations

import click

from billow.cli.arguments import read_arguments
from billow.cli.out import json_option, lines, say, warn
from billow.cli.place import Place, place_options
from billow.errors import NotFound
from billow.home import Home
from billow.job import Job


@click.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@click.option("--arg", "pairs", multiple=True, metavar="NAME=VALUE", help="Change an argument.")
@place_options
@json_option
def retry(place: Place, ids: tuple[str, ...], pairs: tuple[str, ...], as_json: bool) -> int:
    """Send failed jobs round again.

    They get fresh tries, and with --arg other arguments.
    """
    home = place.home()
    status = 0
    for id_ in ids:
        job = _get(home, id_)
        args = _changed(place, job, pairs) if pairs else None
        done = home.ledger.redrive([id_], args)[0]
        if as_json:
            lines([{"id": id_, "redriven": done}])
        elif done:
            say(f"{id_}: waits for a worker again")
        if not done:
            warn(f"{id_}: a job that is {job.status} cannot be retried; only failed ones can")
            status = 2
    return status


def _get(home: Home, id: str) -> Job:
    job = home.ledger.get(id)
    if job is None:
        raise NotFound(f"there is no job {id!r}")
    return job


def _changed(place: Place, job: Job, pairs: tuple[str, ...]) -> str:
    function = place.app().get(job.function)
    return function.encode_args({**job.args, **read_arguments(function, pairs)})
