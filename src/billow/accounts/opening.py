"""The accounts of an app, with everything that follows from its declarations."""

from __future__ import annotations

from billow.accounts.office import FollowUps, Rules
from billow.accounts.service import AccountService
from billow.app import App
from billow.flow.leave import leaving
from billow.flow.retention import plan_jobs
from billow.home import Home
from billow.payments.opening import takes_payments
from billow.payments.service import leaving as ends_payments
from billow.ports.ledger import Submission


def open_accounts(home: Home, app: App) -> AccountService:
    """The accounts of `app`: its plans are those that there are, and changes of them have effect.

    Make one for each process and share it between threads: it bounds how many passwords are
    compared at once.
    """
    rules = Rules(app=app.name, plans=tuple(app.plan_by_name))
    pays = takes_payments(app)

    def deleted(account: str) -> list[Submission]:
        return [*leaving(account), *(ends_payments(account) if pays else [])]

    return AccountService(home, rules, FollowUps(plan_jobs, deleted))
