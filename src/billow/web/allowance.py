"""What plans allow, held against what is sent: jobs a day, jobs at a time, bytes of an upload."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from billow.accounts.plans import Plans, Spent
from billow.clock import Clock
from billow.errors import Error, TooLarge
from billow.plan import Plan
from billow.ports.ledger import CountJobs, Ledger, Load
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

    It looks twice: before anything is read, so that what is refused is refused early; and within
    the step that takes the jobs in, so that requests at the same time cannot pass each other,
    whatever process they come to.

    Args:
        plans: which plan an owner is on, and what they use.
        declared: the app's plans by name.
        clock: where the time comes from.
        is_free: whether no limits hold for an owner.
        ledger: what takes jobs in.
    """

    def __init__(
        self,
        plans: Plans,
        declared: Mapping[str, Plan],
        clock: Clock,
        is_free: Callable[[str], bool],
        ledger: Ledger,
    ) -> None:
        self._plans = plans
        self._declared = declared
        self._clock = clock
        self._is_free = is_free
        self._ledger = ledger

    def plan(self, name: str) -> Plan:
        """A plan by name; "" is that of new accounts."""
        return self._declared.get(name or self._plans.default, _UNKNOWN)

    def standing(self, owner: str) -> Standing:
        """What an owner may do, and what they have used of it."""
        spent = self._plans.spent(owner)
        return Standing(self.plan(spent.plan), spent)

    @contextmanager
    def room(self, owner: str, jobs: int = 1, *, again: bool = False) -> Iterator[Plan]:
        """Take jobs in, meanwhile, as far as there is room for them.

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
        stands = self.standing(owner)
        usage, since = stands.spent.usage, stands.spent.since
        coming = Load(0 if again else jobs, jobs)
        self._check(stands, Load(usage.jobs, usage.concurrent).plus(coming), coming)

        def check(count: CountJobs) -> None:
            self._check(stands, count(owner, since), coming)

        with self._ledger.checking(check):
            yield stands.plan

    def _check(self, stands: Standing, load: Load, coming: Load) -> None:
        """Raises PlanReached if `load`, what is coming included, is more than the plan allows."""
        plan = stands.plan
        if coming.jobs and plan.jobs_a_day is not None and load.jobs > plan.jobs_a_day:
            used = load.jobs - coming.jobs
            raise PlanReached(
                f"the plan {plan.name!r} allows {plan.jobs_a_day} jobs a day; {used} count today "
                f"({stands.spent.jobs})",
                retry_after=max(1, round(stands.spent.since + _DAY - self._clock.now())),
                limit=plan.jobs_a_day, used=used, plan=plan.name,
            )  # fmt: skip
        if plan.concurrent is not None and load.concurrent > plan.concurrent:
            used = load.concurrent - coming.concurrent
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
