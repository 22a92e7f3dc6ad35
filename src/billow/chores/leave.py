"""The chore `billow.leave`: remove what is left of somebody whose account is deleted.

It is done twice: at once, and again when everything has ended that was under way at that moment (an
upload that was being sent, an archiver that had read the file). Every step can be repeated, and
none needs what another removes, so a crash anywhere is made good by the next try.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from billow.accounts import audit
from billow.app import App
from billow.errors import Conflict, NotFound
from billow.flow.done import Done
from billow.flow.leave import leaving
from billow.flow.milestones import passed
from billow.flow.restore import archived
from billow.flow.retention import SERVICE
from billow.home import Home
from billow.options import Limits, Retry
from billow.ports.accounts import Books
from billow.ports.ledger import Submit
from billow.webhooks.endpoints import Webhooks

RETRY = Retry(attempts=8, backoff="2 s")
LIMITS = Limits(time="1 h")

#: What the audit log says.
REMOVED = "removed what was left"

#: What is done with at most so many things at a time.
_STEP = 200


def run(home: Home, app: App, args: dict[str, Any]) -> Done:
    """Remove what is left of the account `args["owner"]`."""
    return leave(home, app, args["owner"], again=args.get("again", False))


def leave(home: Home, app: App, owner: str, *, again: bool) -> Done:
    """Remove all jobs, files and webhooks of an owner, and what the app itself has of them.

    Args:
        home: where they are.
        app: whose result stores are meant.
        owner: who has left.
        again: whether this is the second time.

    Raises:
        Conflict: there still is such an account; nothing is removed.
        Unavailable: something cannot be removed now.
    """
    if home.accounts.look(lambda books: books.accounts.get(owner)) is not None:
        raise Conflict("the account is there; only what is left of a deleted one is removed")
    gone: Counter[str] = Counter()
    gone["cancelled"] = _cancel(home, owner)
    passed("leave: cancelled")
    for handler in app.left_handlers:
        handler(owner)
    while count := home.ledger.forget(owner, _STEP):
        gone["jobs"] += count
    passed("leave: jobs forgotten")
    gone["uploads"] = sum(home.uploads.abort(each.id) for each in home.uploads.unfinished(owner))
    gone["archived"] = _remove_archived(home, app, owner)
    passed("leave: archive emptied")
    gone["files"] = _remove_files(home, owner)
    passed("leave: files removed")
    gone["webhooks"] = _remove_webhooks(home, owner)
    found = {name: count for name, count in gone.items() if count}
    _note(home, owner, found)
    more = () if again else tuple(map(Submit, leaving(owner, again=True)))
    return Done(found or {"nothing": "nothing was left"}, more)


def _cancel(home: Home, owner: str) -> int:
    """Cancel what waits or runs: a worker that has it cannot record anything any more."""
    count, before = 0, None
    while True:
        page = home.ledger.find(owner=owner, before=before, limit=_STEP, results=False)
        for job in page.jobs:
            if not job.status.final and not job.function.startswith(f"{SERVICE}."):
                count += _cancel_one(home, job.id)
        if page.after is None:
            return count
        before = page.after


def _cancel_one(home: Home, id: str) -> bool:
    try:
        home.ledger.cancel(id)
    except (Conflict, NotFound):  # it ended at this moment
        return False
    return True


def _remove_archived(home: Home, app: App, owner: str) -> int:
    # Before the hot files: an archiver that is at work makes no copy of what is not there.
    found = list(archived(home, app, owner))
    return sum(home.cold.delete(each.store, each.key, each.claim) for each in found)


def _remove_files(home: Home, owner: str) -> int:
    count = 0
    while found := home.objects.owned(owner, _STEP):
        count += sum(home.objects.delete(each.store, each.key) for each in found)
    return count


def _remove_webhooks(home: Home, owner: str) -> int:
    hooks = Webhooks(home)
    endpoints = hooks.all(owner)
    for each in endpoints:
        hooks.remove(owner, each.id)
    return len(endpoints)


def _note(home: Home, owner: str, found: dict[str, int]) -> None:
    """Put into the audit log what was removed, if anything was or it was never said."""

    def work(books: Books) -> None:
        said = any(each.action == REMOVED for each in books.audit.find(subject=owner))
        if found or not said:
            key, now = home.accounts.key(), home.clock.now()
            audit.note(books, key, now, SERVICE, REMOVED, owner, **found)

    home.accounts.change(work)
