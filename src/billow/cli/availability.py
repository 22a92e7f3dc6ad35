"""`billow availability`: how available the service was, by time and by requests."""

from __future__ import annotations

from dataclasses import asdict

import click

from billow.chores.report import percent
from billow.cli.out import document, json_option, say, table
from billow.cli.place import Place, place_options
from billow.cli.times import show_time
from billow.errors import NotFound
from billow.ops.availability.book import AvailabilityBook, shape
from billow.units import human_time


@click.command()
@click.option(
    "--by", "kind", type=click.Choice(("day", "week", "month")), default="day", help="Stretches."
)
@click.option("--last", default=7, metavar="N", help="So many stretches; default 7.")
@place_options
@json_option
def availability(place: Place, kind: str, last: int, as_json: bool) -> None:
    """Show availability by day, week or month, and what of the budget is left."""
    home, app = place.home(), place.app()
    promise = app.promise
    if promise is None:
        raise NotFound("the app promises nothing; declare app.availability(99.5)")
    book = AvailabilityBook(home, app.name)
    found = book.by(kind, promise, max(1, min(last, 400)))
    budget = book.budget(promise)
    if as_json:
        left = {**asdict(budget), "share": budget.share}
        rows = [{"label": label, **shape(each)} for label, each in found]
        document({"target": promise.target / 100, "budget": left, kind + "s": rows})
        return
    told = (
        (
            label,
            percent(each.by_time),
            percent(each.by_requests),
            human_time(each.down) if each.by_time is not None else "",
            f"{each.requests:,}",
            human_time(each.paused * 10.0) if each.paused else "",
        )
        for label, each in found
    )
    columns = (kind, "by time>", "by requests>", "down>", "requests>", "maintenance>")
    table(columns, told, "nothing")
    gone = f"; at this pace it is gone on {show_time(budget.gone)}" if budget.gone else ""
    say(
        f"promised {promise.target:g} %; {human_time(max(0.0, budget.left))} of "
        f"{human_time(budget.whole)} left for these 30 days{gone}"
    )
