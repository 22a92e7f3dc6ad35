"""The payments of an app, by the settings in force."""

from __future__ import annotations

from functools import partial

from billow.accounts.office import FollowUps, Office, Rules
from billow.accounts.plans import Plans
from billow.app import App
from billow.errors import NotFound, SettingError
from billow.flow.breakers import Breakers
from billow.flow.retention import plan_jobs
from billow.home import Home
from billow.payments.service import Payments, lookup_key
from billow.settings import in_force


def takes_payments(app: App) -> bool:
    """Whether there is a plan to pay for, and a key to have it paid with."""
    return bool(in_force("stripe_key").value) and any(map(lookup_key, app.plan_by_name.values()))


def open_payments(home: Home, app: App) -> Payments:
    """The payments of `app`. Make one for each process and share it between threads.

    Raises:
        NotFound: the service takes no payments.
        SettingError: a setting is missing, or the extra is not installed.
    """
    if not takes_payments(app):
        raise NotFound("this service takes no payments")
    key, secret = in_force("stripe_key").value, in_force("stripe_webhook_secret").value
    if not secret:
        raise SettingError(
            "BILLOW_STRIPE_KEY is set, and BILLOW_STRIPE_WEBHOOK_SECRET is not: "
            "without it nobody's plan would follow what they pay"
        )
    try:
        from billow.payments.provider import Stripe  # noqa: PLC0415 - an extra
    except ImportError:
        raise SettingError("payments need: pip install 'billow[payments]'") from None
    declared = list(app.plan_by_name.values())
    rules = Rules(app=app.name, plans=tuple(app.plan_by_name))
    office = Office(home.accounts, home.clock, rules, FollowUps(plan_changed=plan_jobs))
    check = partial(Breakers(home).check, "payments")
    provider = Stripe(key, in_force("stripe_api_base").value, check)
    return Payments(home, Plans(office), declared, provider, secret)
