"""Stripe, as far as it is needed here, by Stripe's own library."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import stripe

from billow.accounts.secret import Secret
from billow.errors import SettingError, Unavailable
from billow.payments.price import Price
from billow.payments.subscription import Subscription

#: The version of the API whose answers are read here, whatever the account's default is.
API_VERSION = "2026-10-28.endive"
#: Seconds that an answer may take, and how often the library asks again.
TIMEOUT = 20.0
TRIES = 2
#: Subscriptions of one customer that are looked at.
_MOST = 100


class Stripe:
    """Calls of the provider's API. Each blocks, for seconds at worst.

    Every method raises Unavailable if the provider does not answer, or refuses.

    Args:
        key: the secret API key.
        base: address of the API; the real one if empty.
        check: raises Unavailable while the provider is not to be called at all.
    """

    def __init__(
        self, key: Secret, base: str = "", check: Callable[[], None] = lambda: None
    ) -> None:
        self._check = check
        self._client = stripe.StripeClient(
            key.reveal(),
            stripe_version=API_VERSION,
            base_addresses={"api": base} if base else {},
            max_network_retries=TRIES,
            http_client=stripe.RequestsClient(timeout=TIMEOUT),
        )

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """The library's errors as ours. Their texts may quote what was sent, and stay inside."""
        self._check()
        try:
            yield
        except stripe.StripeError as problem:
            facts = [type(problem).__name__, str(problem.code or ""), str(problem.request_id or "")]
            told = " ".join(fact for fact in facts if fact)
            raise Unavailable(
                f"the payment provider cannot be used now ({told})", retry_after=30
            ) from None

    def price(self, key: str) -> Price:
        """The price that has a lookup key.

        Raises:
            SettingError: there is none that can be bought.
        """
        found = self.prices([key]).get(key)
        if found is None:
            raise SettingError(f"Stripe has no active price with the lookup key {key!r}")
        return found

    def prices(self, keys: Sequence[str]) -> dict[str, Price]:
        """Active prices by lookup key; those that there are."""
        with self._asking():
            found = self._client.v1.prices.list({"lookup_keys": list(keys), "active": True})
        return {each.lookup_key: _price(each) for each in found.data if each.lookup_key}

    def create_customer(self, account: str, email: str) -> str:
        """Make a customer; asked again soon, it is the same one."""
        with self._asking():
            made = self._client.v1.customers.create(
                {"email": email, "metadata": {"account": account}},
                {"idempotency_key": _once("customer", account, email)},
            )
        return made.id

    def subscriptions(self, customer: str) -> list[Subscription]:
        """All subscriptions that a customer has and had."""
        with self._asking():
            found = self._client.v1.subscriptions.list(
                {"customer": customer, "status": "all", "limit": _MOST}
            )
            return [_subscription(each) for each in found.auto_paging_iter()]

    def checkout(
        self, customer: str, account: str, price: str, urls: tuple[str, str], expires: int, nth: int
    ) -> str:
        """The address of a page where the customer pays; the same for the same arguments.

        Args:
            customer: who pays.
            account: whose plan it is; noted with the payment for people who look there.
            price: what for.
            urls: where the browser goes afterwards, and if the person does not pay.
            expires: when the page ends, UNIX seconds.
            nth: how many subscriptions there were before.
        """
        success, cancel = urls
        with self._asking():
            made = self._client.v1.checkout.sessions.create(
                {
                    "mode": "subscription",
                    "customer": customer,
                    "client_reference_id": account,
                    "line_items": [{"price": price, "quantity": 1}],
                    "success_url": success,
                    "cancel_url": cancel,
                    "expires_at": expires,
                    "subscription_data": {"metadata": {"account": account}},
                },
                {"idempotency_key": _once("checkout", customer, price, *urls, expires, nth)},
            )
        return str(made.url)

    def close_checkouts(self, customer: str) -> int:
        """End the pages on which a customer could pay once more; returns how many."""
        with self._asking():
            sessions = self._client.v1.checkout.sessions
            found = sessions.list({"customer": customer, "status": "open", "limit": _MOST}).data
            for each in found:
                sessions.expire(each.id)
        return len(found)

    def portal(self, customer: str, return_url: str) -> str:
        """The address of a page where a customer sees bills, changes the card, and cancels."""
        with self._asking():
            made = self._client.v1.billing_portal.sessions.create(
                {"customer": customer, "return_url": return_url}
            )
        return made.url

    def cancel(self, subscription: str) -> None:
        """End a subscription now."""
        with self._asking():
            self._client.v1.subscriptions.cancel(subscription)


def _once(*parts: Any) -> str:
    """An idempotency key: requests that are the same in all parts are one."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _price(found: stripe.Price) -> Price:
    recurring = found.recurring
    period = (recurring.interval, recurring.interval_count) if recurring else ("", 1)
    return Price(found.id, _id(found.product), found.unit_amount, found.currency, *period)


def _subscription(found: stripe.Subscription) -> Subscription:
    prices = [item.price for item in found["items"].data]
    return Subscription(
        found.id,
        found.status,
        frozenset(price.lookup_key for price in prices if price.lookup_key),
        frozenset(_id(price.product) for price in prices),
        found.created,
    )


def _id(value: Any) -> str:
    return value if isinstance(value, str) else str(value.id)
