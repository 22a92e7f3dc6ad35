"""The chore `billow.report`: tell by mail how available the service was in the past week."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from billow.app import App
from billow.flow.done import Done
from billow.home import Home
from billow.mail.intent import mail_job
from billow.ops.availability.book import MONTH, WEEK, AvailabilityBook
from billow.ops.availability.figures import Figures
from billow.owner import LOCAL
from billow.ports.ledger import Submit
from billow.units import human_time


def run(home: Home, app: App, args: dict[str, Any]) -> Done:
    """Send the report of the week that ended at `args["due"]`, once to each address."""
    promise, due = app.promise, float(args["due"])
    if promise is None:
        return Done({"nothing": "the app promises nothing"})
    book = AvailabilityBook(home, app.name)
    week, month = book.figures(due - WEEK, due), book.figures(due - MONTH, due)
    budget = book.budget(promise)
    context = {
        "week": f"{_day(due - WEEK)} to {_day(due)}",
        "target": f"{promise.target:g} %",
        "kept": _kept(week, promise.allowed),
        "time": percent(week.by_time),
        "requests": percent(week.by_requests),
        "down": human_time(week.down),
        "count": f"{week.requests:,}",
        "month": percent(month.by_time),
        "left": f"{max(0.0, budget.share):.0%}",
        "gone": _day(budget.gone) if budget.gone is not None else "",
        "incidents": _incidents(home, due - WEEK, due),
    }
    about = f"week to {due:.0f}"
    to = [(one, "") for one in promise.to] or [("", str(LOCAL))]
    mails = [
        mail_job("report", about=about, at=due, context=context, to=one, owner=owner)
        for one, owner in to
    ]
    return Done({"mails": len(mails)}, tuple(Submit(each) for each in mails))


def percent(share: float | None) -> str:
    """A share for people, with as many digits as tell anything."""
    if share is None:
        return "–"
    return f"{100 * share:.3f}".rstrip("0").rstrip(".") + " %"


def _kept(week: Figures, allowed: float) -> bool:
    return week.by_time is None or 1 - week.by_time <= allowed


def _incidents(home: Home, since: float, until: float) -> list[dict[str, Any]]:
    found = home.incidents.look(lambda books: books.incidents.find(limit=100_000))
    return [
        {
            "number": each.number,
            "severity": each.severity,
            "summary": each.summary,
            "lasted": human_time(each.resolved - each.created) if each.resolved else "still open",
        }
        for each in found
        if since <= each.created < until
    ]


def _day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%d %b %Y").lstrip("0")
