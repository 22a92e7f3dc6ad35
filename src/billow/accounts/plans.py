"""Plans: which one an account is on, by what was paid or decided, and what it uses."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

from billow.accounts.office import Office
from billow.errors import BadInput, Conflict
from billow.ports.accounts import Books, PlanEvent, Usage

_DAY = 86400.0
#: How far ahead of our clock an event may be dated, in seconds.
_AHEAD = 3600.0
#: Of one account; far more than anybody's payments amount to.
_MOST = 100_000


class Applied(NamedTuple):
    """What came of a plan event."""

    #: False if the event was applied before; then nothing happened now.
    new: bool
    old: str
    plan: str


class Spent(NamedTuple):
    """What an owner uses; `since` is when the day of `usage.jobs` began."""

    plan: str
    usage: Usage
    since: float
    #: What counts, in words to be shown with the sum.
    jobs: str = "jobs accepted since midnight UTC, whatever became of them"
    concurrent: str = "jobs that wait or run"
    bytes: str = "uploads, their copies and results, as long as they are kept"


class Plans:
    """The plans of all accounts."""

    def __init__(self, office: Office) -> None:
        self._office = office

    @property
    def default(self) -> str:
        """The plan of new accounts, and of owners that have no account; "" if there are none."""
        return next(iter(self._office.rules.plans), "")

    def plan_of(self, owner: str) -> str:
        """The name of the plan an owner is on."""
        return self._office.store.look(lambda books: self.plan_in(books, owner))

    def plan_in(self, books: Books, owner: str) -> str:
        """As `plan_of`, as part of a step."""
        account = books.accounts.get(owner)
        return (account.plan if account is not None else "") or self.default

    def spent(self, owner: str) -> Spent:
        """What an owner uses today, at this moment, and in all."""
        since = math.floor(self._office.now() / _DAY) * _DAY

        def read(books: Books) -> Spent:
            return Spent(self.plan_in(books, owner), books.usage(owner, since), since)

        return self._office.store.look(read)

    def apply(self, event: PlanEvent, actor: str = "provider") -> Applied:
        """Take note of a plan event, once; the account's plan is that of the latest of all.

        Safe to call again with the same event, and in any order. Jobs that follow from a change
        (see `FollowUps`) are accepted in the same step.

        Raises:
            NotFound: there is no such account.
            BadInput: there is no such plan, or the event is dated in the future.
            Conflict: an event of the same id said something else.
        """
        self._check(event)

        def work(books: Books) -> Applied:
            account = self._office.account(books, event.account)
            old = account.plan or self.default
            known = books.plan_events.get(event.id)
            if known is not None:
                if known._replace(received=event.received) != event:
                    raise Conflict(f"the plan event {event.id!r} was known as another one")
                return Applied(False, old, old)
            books.plan_events.add(event)
            plan = fold(books.plan_events.find(account=account.id, limit=_MOST))
            detail = {"event": event.id, "said": event.plan, "old": old, "new": plan}
            self._office.note(books, actor, "plan event", account.id, **detail)
            if plan != old:
                books.accounts.put(account._replace(plan=plan))
                for job in self._office.follow.plan_changed(account.id, old, plan, event.id):
                    books.submit(job)
            return Applied(True, old, plan)

        return self._office.store.change(work)

    def _check(self, event: PlanEvent) -> None:
        plans = self._office.rules.plans
        if event.plan not in plans:
            raise BadInput(f"there is no plan {event.plan!r}; there are: {', '.join(plans)}")
        if not event.id or not 0 <= event.at <= self._office.now() + _AHEAD:
            raise BadInput("a plan event needs an id, and a time that is not in the future")


def fold(events: Iterable[PlanEvent]) -> str:
    """The plan that events amount to, whatever order they come in: that of the latest."""
    return max(events, key=lambda event: (event.at, event.id)).plan
