"""The chore `billow.plan`: do what follows when an account was put on another plan."""

from __future__ import annotations

import json
from typing import Any

from billow.app import App
from billow.flow.done import Done
from billow.flow.restore import restore_all
from billow.flow.retention import PLAN, SERVICE, Standing, archiving, jobs_with_files, standing
from billow.home import Home
from billow.plan import Account
from billow.ports.ledger import Effect, Submission, Submit
from billow.units import seconds

#: A job that was about to complete when its owner's plan changed has done so by then, and what
#: was archived in time needs no second look. Seconds after the time that files are kept.
_LATE = 600.0


class _Wishes:
    """Gathers what handlers ask for."""

    def __init__(self, home: Home, app: App) -> None:
        self._home = home
        self._app = app
        self.effects: list[Effect] = []

    def restore_all(self, owner: str) -> int:
        """Have everything restored that is archived for `owner`."""
        asked = restore_all(self._home, self._app, owner)
        self.effects += map(Submit, asked)
        return len(asked)


def run(home: Home, app: App, args: dict[str, Any]) -> Done:
    """Call the handlers of the change from `args["old"]` to `args["new"]` for `args["owner"]`.

    On a plan that keeps files for a time only, that time begins now for all there are.
    """
    owner, new = args["owner"], args.get("new")
    stands = standing(home, app, owner)
    if stands is None:
        return Done({"nothing": "the app has no plans"})
    if new is None:
        late = [archiving(job, 0.0, 0.0, None) for job in jobs_with_files(home, app, owner)]
        return Done({"late": owner}, tuple(map(Submit, late)))
    if stands.plan.name != new:
        return Done({"overtaken": f"the plan is {stands.plan.name} by now"})
    wishes = _Wishes(home, app)
    account = Account(owner, stands.plan, app.plan_by_name.get(args["old"]), wishes)
    for to, handler in app.plan_handlers:
        if to in (None, new):
            handler(account)
    return Done({"plan": new}, (*wishes.effects, *_retain(home, app, owner, stands)))


def _retain(home: Home, app: App, owner: str, stands: Standing) -> tuple[Effect, ...]:
    """The end of all files that are hot, on a plan that keeps them for a time."""
    if stands.plan.keep is None:
        return ()
    now = home.clock.now()
    at = stands.since + seconds(stands.plan.keep) / home.speed
    late = Submission(
        PLAN,
        json.dumps({"owner": owner}),
        f"latecomers of {owner}",
        owner=SERVICE,
        delay=max(0.0, at - now) + _LATE / home.speed,
    )
    ends = [archiving(job, at, now) for job in jobs_with_files(home, app, owner)]
    return tuple(map(Submit, [*ends, late]))
