"""The chore `billow.payment`: have an account's plan follow what is paid at the provider."""

from __future__ import annotations

from typing import Any

from billow.app import App
from billow.home import Home
from billow.options import Retry
from billow.payments.events import Told
from billow.payments.opening import open_payments

#: Twelve tries in about 27 hours, then the dead letters.
RETRY = Retry(attempts=12, backoff="5 s", max_backoff="6 h")
#: The breaker that counts.
CALLS = "payments"


def run(home: Home, app: App, args: dict[str, Any]) -> dict[str, Any]:
    """Follow the event in `args`, or end what the account `args["leave"]` pays for.

    Raises:
        Unavailable: the provider cannot be reached; to be tried again.
    """
    if "leave" not in args:
        return open_payments(home, app).follow(Told(**args))._asdict()
    if not home.accounts.look(lambda books: books.customers.find(account=args["leave"])):
        return {"ended": 0}
    return {"ended": open_payments(home, app).leave(args["leave"])}
