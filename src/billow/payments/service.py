"""Paying for a plan, and the plan following what is paid."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from billow.accounts.plans import Plans
from billow.accounts.secret import Secret
from billow.errors import BadInput, Conflict, NotFound
from billow.home import Home
from billow.payments.events import Told, read_event
from billow.payments.price import Price
from billow.payments.signature import check
from billow.payments.subscription import OVER, PAID, Subscription
from billow.plan import Plan
from billow.ports.accounts import Account, Books, Customer, PlanEvent
from billow.ports.ledger import Submission

if TYPE_CHECKING:
    from billow.payments.provider import Stripe

#: The internal function that follows what happened at the provider.
PAYMENT = "billow.payment"

#: How a plan's price says that it is one at Stripe; a lookup key follows.
_SCHEME = "stripe:"
#: Seconds within which asking for a checkout again is the same checkout.
_WINDOW = 1800
#: Half of the way from one second to the next, in seconds of delay.
_HALFWAY = 60.0


class Followed(NamedTuple):
    """What came of an event."""

    #: `applied`, or why not.
    outcome: str
    old: str = ""
    plan: str = ""


class Payments:
    """Payments for the plans of an app.

    Args:
        home: where accounts and jobs are kept.
        plans: which plan somebody is on.
        declared: the app's plans, from the least to the most.
        provider: where is paid.
        secret: what the provider signs webhooks with.
    """

    def __init__(
        self, home: Home, plans: Plans, declared: Sequence[Plan], provider: Stripe, secret: Secret
    ) -> None:
        self._home = home
        self._plans = plans
        #: Lookup keys by plan, from the least to the most.
        self._keys = {plan.name: key for plan in declared if (key := lookup_key(plan))}
        self._provider = provider
        self._secret = secret

    @property
    def sold(self) -> list[str]:
        """Names of the plans that can be paid for."""
        return list(self._keys)

    def price(self, plan: str) -> Price:
        """What a plan costs.

        Raises:
            BadInput: it cannot be paid for.
            SettingError: the provider has no such price.
            Unavailable: the provider cannot be reached.
        """
        return self._provider.price(self._key(plan))

    def customer(self, account: str) -> Customer | None:
        """Who an account is at the provider, and how the subscription stood when last told of."""
        return self._home.accounts.look(lambda books: _customer_of(books, account))

    def start_checkout(self, account: str, plan: str, success_url: str, cancel_url: str) -> str:
        """The address of a page where somebody pays for a plan; asked twice, it is the same page.

        Coming back to `success_url` proves nothing: the plan changes when the provider says so.

        Args:
            account: whose plan it is to be.
            plan: one of `sold`.
            success_url: where the browser goes afterwards; a page of this service.
            cancel_url: where it goes if the person does not pay.

        Raises:
            BadInput: the plan cannot be paid for, or an address is none.
            NotFound: there is no such account.
            Conflict: there is a subscription already; it is changed in the portal.
            SettingError: the provider has no such price.
            Unavailable: the provider cannot be reached.
        """
        _check_url(success_url)
        _check_url(cancel_url)
        price = self.price(plan)
        customer = self._make_customer(account)
        before = self._provider.subscriptions(customer)
        if any(each.status not in OVER for each in before):
            raise Conflict("there is a subscription already; change it in the billing portal")
        expires = (int(self._home.clock.now()) // _WINDOW + 3) * _WINDOW
        urls = (success_url, cancel_url)
        return self._provider.checkout(customer, account, price.id, urls, expires, len(before))

    def portal(self, account: str, return_url: str) -> str:
        """The address of a page where somebody sees bills, changes the card, or cancels.

        Raises:
            BadInput: the address is none.
            Conflict: the account has never begun to pay.
            Unavailable: the provider cannot be reached.
        """
        _check_url(return_url)
        customer = self.customer(account)
        if customer is None:
            raise Conflict("nothing was ever paid for this account")
        return self._provider.portal(customer.id, return_url)

    def receive(self, body: bytes, signatures: Sequence[str]) -> bool:
        """Take a webhook: when this returns, what it tells will be followed; see `follow`.

        Returns:
            False if it is nothing to follow, or about somebody unknown.

        Raises:
            NotGenuine: the provider did not send it, or not lately.
            BadInput: it is no event.
            Unavailable: it cannot be kept now; the provider sends it again.
        """
        check(body, signatures, self._secret, self._home.clock.now())
        told = read_event(body)
        if told is None:
            return False
        known = self._home.accounts.look(lambda books: books.customers.get(told.customer))
        if known is None:
            return False
        args = json.dumps(told._asdict())
        key = f"stripe:{told.id}"
        job = Submission(PAYMENT, args, told.kind, owner=known.account, key=key)
        self._home.ledger.submit([job])
        return True

    def follow(self, told: Told) -> Followed:
        """Have the plan be what is paid for now. An event has effect once.

        What is still paid for an account that is gone ends.

        Raises:
            Unavailable: the provider cannot be reached.
        """
        customer = self._home.accounts.look(lambda books: books.customers.get(told.customer))
        if customer is None:
            return Followed("unknown customer")
        if self._account(customer.account) is None:
            self.leave(customer.account)
            return Followed("the account is gone")
        if self._is_known(told.id):
            return Followed("known")
        began = self._home.clock.now()
        found = self._provider.subscriptions(customer.id)
        self._note(customer, found, began)
        if all(each.status.startswith("incomplete") for each in found):
            return Followed("nothing was ever paid")
        plan = self._paid(found)
        event = PlanEvent(told.id, customer.account, plan, _order(told.created, began), began)
        followed = self._apply(event)
        if plan != self._plans.default:
            self._provider.close_checkouts(customer.id)
        if told.kind == "invoice.payment_failed":
            self._home.journal.write("payment.failed", customer.account, "a payment failed")
        return followed

    def leave(self, account: str) -> int:
        """End what an account that is gone pays for; returns how many subscriptions ended.

        Raises:
            Unavailable: the provider cannot be reached; call again.
        """
        customer = self.customer(account)
        if customer is None:
            return 0
        self._provider.close_checkouts(customer.id)
        open_ = [s for s in self._provider.subscriptions(customer.id) if s.status not in OVER]
        for each in open_:
            self._provider.cancel(each.id)
        return len(open_)

    def _key(self, plan: str) -> str:
        if plan not in self._keys:
            sold = ", ".join(self._keys) or "none"
            raise BadInput(f"{plan[:80]!r} is no plan that can be paid for; there are: {sold}")
        return self._keys[plan]

    def _account(self, id: str) -> Account | None:
        return self._home.accounts.look(lambda books: books.accounts.get(id))

    def _make_customer(self, account: str) -> str:
        known, person = self.customer(account), self._account(account)
        if person is None or person.disabled_at is not None:
            raise NotFound(f"there is no account {account!r}")
        if known is not None:
            return known.id
        made = Customer(
            self._provider.create_customer(account, person.email), account, self._home.clock.now()
        )

        def work(books: Books) -> str:
            first = _customer_of(books, account)
            if first is None:
                books.customers.add(made)
            return (first or made).id

        return self._home.accounts.change(work)

    def _is_known(self, event: str) -> bool:
        return self._home.accounts.look(lambda books: books.plan_events.get(event)) is not None

    def _note(self, customer: Customer, found: Sequence[Subscription], at: float) -> None:
        """Keep how the subscription stands, unless somebody has asked the provider since."""
        if not found:
            return
        latest = max(found, key=lambda each: (each.status not in OVER, each.created, each.id))

        def work(books: Books) -> None:
            present = books.customers.get(customer.id)
            if present is not None and present.seen <= at:
                books.customers.put(
                    present._replace(subscription=latest.id, status=latest.status, seen=at)
                )

        self._home.accounts.change(work)

    def _paid(self, found: Sequence[Subscription]) -> str:
        """The best plan that is paid for."""
        paid = [each for each in found if each.status in PAID]
        keys = {key for each in paid for key in each.keys}
        products = {product for each in paid if not each.keys for product in each.products}
        best = self._plans.default
        # A price that was raised has lost its lookup key to the new one; the product is the same.
        current = self._provider.prices(list(self._keys.values())) if products else {}
        for plan, key in self._keys.items():
            if key in keys or (key in current and current[key].product in products):
                best = plan
        return best

    def _apply(self, event: PlanEvent) -> Followed:
        try:
            applied = self._plans.apply(event)
        except NotFound:
            return Followed("the account is gone")
        except Conflict:
            # Two workers had the same event: both asked the provider, and one was first.
            if not self._is_known(event.id):
                raise
            return Followed("known")
        return Followed("applied" if applied.new else "known", applied.old, applied.plan)


def lookup_key(plan: Plan) -> str | None:
    """Stripe's lookup key of a plan's price."""
    price = plan.price or ""
    return price.removeprefix(_SCHEME) if price.startswith(_SCHEME) else None


def leaving(account: str) -> list[Submission]:
    """The jobs by which an account that is deleted stops paying; see `FollowUps.deleted`."""
    args: dict[str, Any] = {"leave": account}
    return [
        Submission(PAYMENT, json.dumps(args), "end payments", owner=account, key=f"leave:{account}")
    ]


def _order(created: int, asked: float) -> float:
    """When an event happened, for ordering: by the provider's clock, which counts in seconds.

    Within a second, whoever asked the provider later knows better. The answer is from `created` up
    to the next second, and grows with `asked`.
    """
    delay = asked - created
    return created + 0.5 * (1 + delay / (abs(delay) + _HALFWAY))


def _customer_of(books: Books, account: str) -> Customer | None:
    found = books.customers.find(account=account)
    return min(found, key=lambda each: (each.created, each.id), default=None)


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadInput("the addresses to come back to begin with https://")
