"""What jobs call outside of the service, each with a breaker of its own."""

from __future__ import annotations

from collections.abc import Iterable

from billow.function import Function

#: What Billow's own chores call: sending mail, the payment provider, the cold tier. Webhooks have
#: one for each endpoint, `flow.receivers`. What the pager sends is not held back by anything.
OWN = ("archive", "mail", "payments")


def dependencies(functions: Iterable[Function]) -> list[str]:
    """All that has a breaker, sorted."""
    return sorted({*OWN, *(function.calls for function in functions if function.calls)})
