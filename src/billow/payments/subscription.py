"""A subscription, and what its state means for a plan."""

from __future__ import annotations

from typing import NamedTuple

#: Nobody pays for these any more, or has ever begun to.
OVER = frozenset({"canceled", "incomplete", "incomplete_expired"})
#: The plan is theirs. `past_due`: a payment failed, and the provider still tries to collect it.
PAID = frozenset({"active", "trialing", "past_due"})


class Subscription(NamedTuple):
    """A subscription at the provider, as it is now."""

    id: str
    #: In the provider's word.
    status: str
    #: Lookup keys and products of what is paid for.
    keys: frozenset[str]
    products: frozenset[str]
    created: int
