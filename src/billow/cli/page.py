"""`billow page`: a test alert, which proves the chain from here to a person's pocket."""

from __future__ import annotations

import time

import click

from billow.cli.incidents import desk_of
from billow.cli.oncall import me
from billow.cli.out import document, json_option, say, table
from billow.cli.place import Place, place_options
from billow.ops.rota.schedule import on_call

#: Seconds that the outcome is waited for.
PATIENCE = 30.0
_POLL = 0.1


@click.command()
@click.argument("who")
@click.option("--no-wait", is_flag=True, help="Do not wait for what becomes of it.")
@place_options
@json_option
def page(place: Place, who: str, no_wait: bool, as_json: bool) -> int:
    """Page WHO with a test alert: a person, `me`, or `oncall` for whoever is.

    Waits until every contact was reached, or failed; the exit status is 1 if one was not reached.
    """
    desk = desk_of(place)
    people = [me() if who == "me" else who]
    if who == "oncall":
        now = desk.home.clock.now()
        rotas = place.app().rotas.values()
        found = [
            one
            for rota in rotas
            for one in on_call(rota, desk.look(lambda room, n=rota.name: room.changes(n)), now)  # type: ignore[misc]
        ]
        people = list(dict.fromkeys(found))
    keys = [key for person in people for key in desk.page_now(person, me())]
    end = time.monotonic() + (0.0 if no_wait else PATIENCE)
    while True:
        notices = desk.look(lambda room: [room.books.notices.get(key) for key in keys])
        told = [each for each in notices if each is not None]
        over = all(each.state in ("sent", "failed", "cancelled") for each in told)
        if over or time.monotonic() >= end:
            break
        time.sleep(_POLL)
    if as_json:
        facts = ("person", "state", "detail", "created", "done")
        document([{name: getattr(each, name) for name in facts} for each in told])
    else:
        rows = ((each.person, each.state, each.detail) for each in told)
        table(("person", "state", "detail"), rows, "nobody is on call")
        if not over and not no_wait:
            say("not sent yet; does the service run?")
    return 0 if told and (no_wait or all(each.state == "sent" for each in told)) else 1
