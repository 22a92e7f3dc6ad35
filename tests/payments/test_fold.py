"""Whatever order, and however often, webhooks come in: the plan ends as what is paid for."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, cast

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from billow.accounts.admin import OPERATOR
from billow.accounts.office import FollowUps, Office, Rules
from billow.accounts.plans import Plans, fold
from billow.accounts.secret import Secret
from billow.accounts.service import AccountService
from billow.clock import VirtualClock
from billow.flow.retention import plan_jobs
from billow.payments.events import Told
from billow.payments.price import Price
from billow.payments.service import Payments, _order
from billow.payments.subscription import PAID, Subscription
from billow.ports.accounts import Customer, PlanEvent
from billow.testing import memory_home
from tests.payments.conftest import make_app

if TYPE_CHECKING:
    from billow.payments.provider import Stripe

STATUSES = ["incomplete", "active", "past_due", "unpaid", "canceled"]
RANK = ["free", "premium", "lab"]


class FakeStripe:
    """What the customer has at the provider at this moment."""

    def __init__(self) -> None:
        self.found: dict[str, Subscription] = {}

    def subscriptions(self, _: str) -> list[Subscription]:
        return list(self.found.values())

    def prices(self, keys: list[str]) -> dict[str, Price]:
        return {key: Price(key, key, 1, "eur") for key in keys}

    def close_checkouts(self, _: str) -> int:
        return 0


class Deliveries(RuleBasedStateMachine):
    """One customer, what they do at the provider, and how the webhooks of it come in."""

    @initialize(skew=st.sampled_from([-30.0, 0.0, 0.4, 30.0]))
    def begin(self, skew: float) -> None:
        self.clock, self.skew = VirtualClock(), skew
        self.home = memory_home(clock=self.clock)
        app, follow = make_app(), FollowUps(plan_changed=plan_jobs)
        rules = Rules(app="gas", plans=tuple(app.plan_by_name))
        self.owner = AccountService(self.home, rules).admin.create(OPERATOR, "a@example.org").id
        office = Office(self.home.accounts, self.clock, rules, follow)
        self.plans = Plans(office)
        self.provider = FakeStripe()
        declared = list(app.plan_by_name.values())
        fake = cast("Stripe", self.provider)
        self.payments = Payments(self.home, self.plans, declared, fake, Secret("x"))
        customer = Customer("cus_1", self.owner, self.clock.now())
        self.home.accounts.change(lambda books: books.customers.add(customer))
        self.waiting: list[Told] = []
        self.taken: list[Told] = []
        self.count = 0

    @rule(after=st.sampled_from([0.01, 0.3, 1.0, 3600.0]))
    def time_passes(self, after: float) -> None:
        self.clock.advance(after)

    @rule(
        which=st.sampled_from(["sub_1", "sub_2"]),
        status=st.sampled_from(STATUSES),
        plan=st.sampled_from(["premium", "lab", "mug"]),
        name=st.integers(0, 999),
    )
    def something_happens(self, which: str, status: str, plan: str, name: int) -> None:
        self.clock.advance(0.01)
        self.provider.found[which] = Subscription(
            which, status, frozenset({plan}), frozenset({plan}), 0
        )
        self.count += 1
        created = int(self.clock.now() + self.skew)
        told = Told(
            f"evt_{name:03}_{self.count}", "customer.subscription.updated", "cus_1", created
        )
        self.waiting.append(told)

    @rule(chance=st.randoms())
    def one_comes_in(self, chance: random.Random) -> None:
        if self.waiting:
            self._take(self.waiting.pop(chance.randrange(len(self.waiting))))

    @rule(chance=st.randoms())
    def one_comes_in_again(self, chance: random.Random) -> None:
        if self.taken:
            assert self.payments.follow(chance.choice(self.taken)).outcome != "applied"

    @rule()
    def all_come_in(self) -> None:
        while self.waiting:
            self._take(self.waiting.pop())
        paid = {key for each in self.provider.found.values() if each.status in PAID
                for key in each.keys if key in RANK}  # fmt: skip
        ever = any(each.status != "incomplete" for each in self.provider.found.values())
        if ever:
            best = max(paid, key=RANK.index, default="free")
            assert self.plans.plan_of(self.owner) == best

    def _take(self, told: Told) -> None:
        self.clock.advance(0.01)
        if self.payments.follow(told).outcome == "applied":
            self.taken.append(told)

    @invariant()
    def the_plan_is_the_fold_of_its_events(self) -> None:
        events: list[PlanEvent] = self.home.accounts.look(lambda books: books.plan_events.find())
        assert len(events) == len(self.taken)
        assert self.plans.plan_of(self.owner) == (fold(events) if events else "free")


Deliveries.TestCase.settings = settings(max_examples=200, stateful_step_count=30)
TestDeliveries = Deliveries.TestCase


def test_the_order_is_the_providers_and_within_a_second_that_of_asking() -> None:
    created = 1_800_000_000
    asked = [created - 1e6, created - 30.0, created - 0.01, created, created + 0.01, created + 1e6]
    order = [_order(created, each) for each in asked]
    assert order == sorted(set(order))
    assert created < order[0]
    assert order[-1] < created + 1
