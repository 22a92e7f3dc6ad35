"""What the stand-in knows: customers, prices, checkouts, subscriptions and events."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

#: An object of the API, as it is answered in JSON.
Thing: TypeAlias = dict[str, Any]

_KINDS = ("customers", "prices", "sessions", "portals", "subscriptions", "events", "answers")
_MONTH = 30 * 86400


class Problem(Exception):
    """A request that the API refuses."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        #: As Stripe tells the kinds apart.
        self.kind = "idempotency_error" if code == "idempotency_error" else "invalid_request_error"
        if status == 402:
            self.kind = "card_error"


class Books:
    """All objects, by kind and id; kept in a file if there is one. Safe to use from threads.

    Args:
        now: the time, UNIX seconds.
        file: where they are kept between runs.
    """

    def __init__(self, now: Callable[[], float], file: Path | None = None) -> None:
        self._now = now
        self._file = file
        self._lock = threading.RLock()
        self._all: dict[str, dict[str, Thing]] = {kind: {} for kind in _KINDS}
        self._depth = 0
        self._news: list[Thing] = []
        #: Called with each new event, after the step that it tells of.
        self.on_event: Callable[[Thing], None] = lambda _: None
        if file is not None and file.exists():
            self._all |= json.loads(file.read_text())

    def now(self) -> int:
        """The time, in whole seconds, as the API counts it."""
        return int(self._now())

    @contextmanager
    def step(self) -> Iterator[None]:
        """One change at a time; its events are told at its end."""
        with self._lock:
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
            if self._depth:
                return
            if self._file is not None:
                self._file.write_text(json.dumps(self._all))
            news, self._news = self._news, []
        for event in news:
            self.on_event(event)

    def get(self, kind: str, id: str) -> Thing:
        """An object.

        Raises:
            Problem: there is none.
        """
        try:
            return self._all[kind][id]
        except KeyError:
            raise Problem(404, "resource_missing", f"No such {kind[:-1]}: '{id}'") from None

    def peek(self, kind: str, id: str) -> Thing | None:
        """An object, if there is one."""
        return self._all[kind].get(id)

    def all(self, kind: str, **equal: Any) -> list[Thing]:
        """Objects whose fields have these values, the newest first."""
        with self._lock:
            every = list(self._all[kind].values())
        fits = [each for each in every if all(each.get(k) == v for k, v in equal.items())]
        return fits[::-1]

    def keep(self, kind: str, id: str, thing: Thing) -> Thing:
        """Add an object."""
        self._all[kind][id] = thing
        return thing

    def make(self, kind: str, prefix: str, **fields: Any) -> Thing:
        """A new object with an id of its own."""
        id_ = f"{prefix}_{secrets.token_hex(12)}"
        return self.keep(kind, id_, {"id": id_, "created": self.now(), "livemode": False, **fields})

    def add_price(self, key: str, amount: int, currency: str, interval: str = "month") -> Thing:
        """Sell something under a lookup key; what had the key before loses it."""
        product = f"prod_{key}"
        for other in self.all("prices", lookup_key=key):
            other["lookup_key"] = None
        return self.make(
            "prices", "price", object="price", active=True, lookup_key=key, product=product,
            unit_amount=amount, currency=currency, type="recurring",
            recurring={"interval": interval, "interval_count": 1, "usage_type": "licensed"},
        )  # fmt: skip

    def tell(self, kind: str, about: Thing) -> Thing:
        """Note that something happened to an object, which looks as it does now."""
        data = {"object": json.loads(json.dumps(about))}
        event = self.make(
            "events", "evt", object="event", type=kind, data=data, api_version=None,
            pending_webhooks=1, request={"id": None, "idempotency_key": None},
        )  # fmt: skip
        self._news.append(event)
        return event

    def pay(self, session: str) -> Thing:
        """A checkout is paid: it is complete, and there is a subscription.

        Raises:
            Problem: it is not open any more.
        """
        with self.step():
            found = self.open_session(session)
            sold = self.get("prices", found["line_items"]["data"][0]["price"]["id"])
            item = {"id": f"si_{session}", "object": "subscription_item", "quantity": 1,
                    "price": sold, "current_period_end": self.now() + _MONTH}  # fmt: skip
            made = self.make(
                "subscriptions", "sub", object="subscription", customer=found["customer"],
                status="active", cancel_at_period_end=False, metadata=found["told"],
                items={"object": "list", "data": [item], "has_more": False, "url": ""},
            )  # fmt: skip
            found |= {"status": "complete", "payment_status": "paid", "url": None}
            found["subscription"] = made["id"]
            self.tell("customer.subscription.created", made)
            self.tell("checkout.session.completed", found)
        return made

    def open_session(self, id: str) -> Thing:
        """A checkout that can be paid.

        Raises:
            Problem: it cannot be, or there is none.
        """
        found = self.get("sessions", id)
        if found["status"] == "open" and found["expires_at"] <= self.now():
            found |= {"status": "expired", "url": None}
        if found["status"] != "open":
            raise Problem(400, "checkout_not_open", f"This checkout is {found['status']}.")
        return found

    def set_status(self, subscription: str, status: str) -> Thing:
        """What becomes of a subscription; `past_due` means that a payment has failed."""
        with self.step():
            found = self.get("subscriptions", subscription)
            if found["status"] == "canceled":
                raise Problem(404, "resource_missing", f"No such subscription: '{subscription}'")
            found["status"] = status
            if status == "past_due":
                invoice = {"id": f"in_{secrets.token_hex(8)}", "object": "invoice",
                           "customer": found["customer"], "subscription": subscription}  # fmt: skip
                self.tell("invoice.payment_failed", invoice)
            ended = status == "canceled"
            self.tell(f"customer.subscription.{'deleted' if ended else 'updated'}", found)
        return found
