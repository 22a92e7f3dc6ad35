"""`billow queues`: how much waits where."""

from __future__ import annotations

from collections.abc import Iterator

import click

from billow.app import App
from billow.cli.out import json_option, lines, table, took
from billow.cli.place import Place, place_options
from billow.errors import DeclarationError
from billow.home import Home
from billow.ports.ledger import Counts
from billow.shapes import counts_shape


@click.command()
@place_options
@json_option
def queues(place: Place, as_json: bool) -> None:
    """Show what waits in which queue.

    Messages are visible (to be taken), in flight (taken, not finished) or delayed (not yet due).
    A queue that is subscribed to topics has their names.
    """
    home = place.home()
    rows = sorted(_all(home, place), key=lambda row: row[0])
    app = _app(place)
    topics = {queue: app.topics_of(queue) if app else [] for queue, _, _ in rows}
    if as_json:
        lines(
            {"queue": q, "function": f, "topics": topics[q], **counts_shape(counts)}
            for q, f, counts in rows
        )
        return
    columns = ("queue", "function", "topics", "visible>", "in flight>", "delayed>", "oldest>")
    cells = (
        (
            queue, function, ", ".join(topics[queue]),
            c.visible, c.in_flight, c.delayed, took(c.oldest) if c.visible else "",
        )
        for queue, function, c in rows
    )  # fmt: skip
    table(columns, cells, "no queues")


def _all(home: Home, place: Place) -> Iterator[tuple[str, str | None, Counts]]:
    for function, queue in function_queues(home, place).items():
        yield queue, function, home.ledger.counts(function)
    app = _app(place)
    for queue in {*home.queues.names(), *(app.subscribed if app else ())}:
        yield queue, None, home.queues.counts(queue)


def function_queues(home: Home, place: Place) -> dict[str, str]:
    """The queue's name by function: as the app has it, or the function's own if it is not here."""
    known = {function: function for function, _ in home.ledger.totals() if "." not in function}
    if app := _app(place):
        known |= {name: f.queue for name, f in app.functions.items()}
    return known


def _app(place: Place) -> App | None:
    """The app, if it is here and can be loaded."""
    try:
        return None if place.target is None else place.app()
    except DeclarationError:
        return None
