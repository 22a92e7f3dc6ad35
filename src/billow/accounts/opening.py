"""The accounts of an app, with everything that follows from its declarations."""

from __future__ import annotations

from billow.accounts.office import FollowUps, Rules
from billow.accounts.service import AccountService
from billow.app import App
from billow.flow.retention import plan_jobs
from billow.home import Home
from billow.payments.opening import takes_payments
from billow.payments.service import leaving


def open_accounts(home: Home, app: App) -> AccountService:
    """The accounts of `app`: its plans are those that there are, and changes of them have effect.

    Make one for each process and share it between threads: it bounds how many passwords are
    compared at once.
    """
    rules = Rules(app=app.name, plans=tuple(app.plan_by_name))
    follow = FollowUps(plan_changed=plan_jobs)
    if takes_payments(app):
        follow = FollowUps(plan_changed=plan_jobs, deleted=leaving)
    return AccountService(home, rules, follow)
