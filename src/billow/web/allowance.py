"""What plans allow, held against what is sent: jobs a day, jobs at a time, bytes of an upload."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from billow.accounts.plans import Plans, Spent
from billow.clock import Clock
from billow.errors import Error, TooLarge
from billow.plan import Plan
from billow.units import human_size

_DAY = 86400.0
#: Seconds after which somebody may try again whose jobs still wait or run.
_SOON = 30
#: Without limits: for somebody whose plan the app does not declare any more, for instance.
_UNKNOWN = Plan("unknown")


class PlanReached(Error):
    """The plan allows no more jobs now; `extra` has the limit, the sum and when to try again."""

    status = 429
    title = "The plan's limit is reached"


class Standing(NamedTuple):
    """An owner's plan, and what they use of it."""

    plan: Plan
    spent: Spent


class Allowance:
    """Lets in as many jobs of an owner as their plan allows.

    Jobs that this process is just taking in count as well, so requests at the same time cannot
    pass each other. Between several web processes a few may.

    Args:
        plans: which plan an owner is on, and what they use.
        declared: the app's plans by name.
        clock: where the time comes from.
        is_free: whether no limits hold for an owner.
    """

    def __init__(
        self,
        plans: Plans,
        declared: Mapping[str, Plan],
        clock: Clock,
        is_free: Callable[[str], bool],
    ) -> None:
        self._plans = plans
        self._declared = declared
        self._clock = clock
        self._is_free = is_free
        self._coming: Counter[str] = Counter()
        self._lock = threading.Lock()

    def plan(self, name: str) -> Plan:
        """A plan by name; "" is that of new accounts."""
        return self._declared.get(name or self._plans.default, _UNKNOWN)

    def standing(self, owner: str) -> Standing:
        """What an owner may do, and what they have used of it."""
        spent = self._plans.spent(owner)
        return Standing(self.plan(spent.plan), spent)

    @contextmanager
    def room(self, owner: str, jobs: int = 1, *, again: bool = False) -> Iterator[Plan]:
        """Hold room for jobs while they are taken in.

        Args:
            owner: whose they are.
            jobs: how many.
            again: whether they were accepted before and only run again.

        Raises:
            PlanReached: the plan has no room for them.
        """
        if not jobs or self._is_free(owner):
            yield _UNKNOWN
            return
        with self._lock:
            stands = self.standing(owner)
            self._check(stands, jobs, self._coming[owner], again)
            self._coming[owner] += jobs
        try:
            yield stands.plan
        finally:
            with self._lock:
                self._coming[owner] -= jobs
                if not self._coming[owner]:
                    del self._coming[owner]

    def _check(self, stands: Standing, jobs: int, coming: int, again: bool) -> None:
        plan, (_, usage, since, *_) = stands.plan, stands.spent
        used = usage.jobs + coming
        if not again and plan.jobs_a_day is not None and used + jobs > plan.jobs_a_day:
            raise PlanReached(
                f"the plan {plan.name!r} allows {plan.jobs_a_day} jobs a day; {used} count today "
                f"({stands.spent.jobs})",
                retry_after=max(1, round(since + _DAY - self._clock.now())),
                limit=plan.jobs_a_day, used=used, plan=plan.name,
            )  # fmt: skip
        used = usage.concurrent + coming
        if plan.concurrent is not None and used + jobs > plan.concurrent:
            raise PlanReached(
                f"the plan {plan.name!r} allows {plan.concurrent} jobs at a time; {used} count now "
                f"({stands.spent.concurrent})",
                retry_after=_SOON, limit=plan.concurrent, used=used, plan=plan.name,
            )  # fmt: skip


@contextmanager
def named(plan: Plan) -> Iterator[None]:
    """Have an upload that is too large for a plan say so."""
    try:
        yield
    except TooLarge as problem:
        if plan.max_upload is None or problem.extra.get("limit") != plan.max_upload:
            raise
        raise too_large(plan.name, plan.max_upload) from None


def too_large(plan: str, limit: int) -> TooLarge:
    """That an upload is larger than a plan allows."""
    words = f"larger than the {human_size(limit)} that the plan {plan!r} allows"
    return TooLarge(words, limit=limit, plan=plan)
