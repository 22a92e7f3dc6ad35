"""What a webhook tells: that something changed for a customer. What it is now, Stripe is asked."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from billow.errors import BadInput

#: After these events the customer's plan may be another one. All others are acknowledged only.
FOLLOWED = frozenset(
    {
        "checkout.session.completed",
        "customer.subscription.created",
        "customer.subscription.updated",
        "customer.subscription.deleted",
        "invoice.payment_failed",
    }
)
_MAX_ID = 255


class Told(NamedTuple):
    """Something happened for a customer."""

    #: The provider's id of the event.
    id: str
    kind: str
    customer: str
    #: When it happened, by the provider's clock, in whole UNIX seconds.
    created: int


def read_event(body: bytes) -> Told | None:
    """What a genuine webhook tells; None if it is nothing to follow.

    Raises:
        BadInput: it is no event.
    """
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        raise BadInput("the webhook is not JSON") from None
    if not isinstance(event, dict) or event.get("object") != "event":
        raise BadInput("the webhook is no event")
    id_, kind, created = event.get("id"), event.get("type"), event.get("created")
    if not _is_id(id_) or not isinstance(kind, str) or type(created) is not int or created < 0:
        raise BadInput("the event needs an id, a type and a time")
    customer = _customer(event)
    if kind not in FOLLOWED or customer is None:
        return None
    return Told(str(id_), kind, customer, created)


def _customer(event: dict[str, Any]) -> str | None:
    """Whom it is about; what it tells may hold the customer's id, or all of the customer."""
    data = event.get("data")
    about = data.get("object") if isinstance(data, dict) else None
    customer = about.get("customer") if isinstance(about, dict) else None
    if isinstance(customer, dict):
        customer = customer.get("id")
    return customer if _is_id(customer) else None


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _MAX_ID and value.isprintable()
