"""`billow reload`."""

from __future__ import annotations

import os
import signal

import click

from billow.cli.out import json_option, lines, say
from billow.cli.place import Place, place_options
from billow.errors import NotFound


@click.command()
@place_options
@json_option
def reload(place: Place, as_json: bool) -> None:
    """Load the app's code anew, without a failed request.

    Web servers and workers are replaced one after the other: a new one comes into service, an old
    one finishes what it has and leaves. If the new code cannot be loaded, the old stay. What the
    app declares of fleets, plans and the web pool counts from the next `billow up` on.
    """
    from billow.keeper.lock import keeper_pid  # noqa: PLC0415 - the help needs no keeper

    pid = keeper_pid(place.folder)
    if pid is None:
        raise NotFound(f"no service is running in {place.folder}; start it by `billow up`")
    os.kill(pid, signal.SIGUSR1)
    if as_json:
        lines([{"keeper": pid, "reloading": True}])
    else:
        say("web servers and workers are replaced one by one; `billow fleet` shows how far it is")
