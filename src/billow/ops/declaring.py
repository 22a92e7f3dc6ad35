"""The part of an app that declares alarms."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence

from billow.errors import DeclarationError
from billow.function import Function
from billow.ops.action import Action, read_action
from billow.ops.alarm import Alarm
from billow.ops.dependencies import dependencies
from billow.ops.page import Page
from billow.ops.paging import Severity
from billow.ops.watched import Watched, in_order, usual_alarms
from billow.plan import Plan


class Alarms(ABC):
    """Declares alarms, as a part of `billow.App`."""

    name: str
    functions: dict[str, Function]
    alarms: dict[str, Watched]
    usual_alarms: bool
    policies: dict[str, Page]
    plan_by_name: dict[str, Plan]

    @property
    @abstractmethod
    def has_pool(self) -> bool:
        """Whether its web servers are a pool."""

    @abstractmethod
    def oncall(self, page: Page, *, service: str | None = None) -> None:
        """Declare whom incidents of a service page."""

    def alarm(
        self,
        alarm: Alarm,
        *,
        do: str | Action | Sequence[str | Action] = (),
        page: bool | Page = False,
        severity: Severity = "error",
        dry: bool = True,
    ) -> None:
        """Declare an alarm, and what follows from it; see docs/alarms.md.

        One of the same name as an alarm that every app has takes its place.

        Args:
            alarm: what is watched.
            do: what is done without a person, such as "restart web"; see docs/remediation.md.
            page: whether people are paged; a `Page` says who, else those of `app.oncall` are.
            severity: how bad it is: "critical", "error", "warning" or "info".
            dry: whether what is to be done is only told of, until it is trusted.

        Raises:
            DeclarationError: it is declared twice, or something that it names does not exist.
        """
        if alarm.name in self.alarms:
            raise DeclarationError(f"alarm {alarm.name!r} is declared twice")
        asked = [do] if isinstance(do, str | Action) else do
        actions = tuple(read_action(one) if isinstance(one, str) else one for one in asked)
        service = self.name if page else ""
        if isinstance(page, Page):
            service = re.sub(r"[^a-z0-9]+", "-", f"alarm-{alarm.name}".lower())[:63].strip("-")
            self.oncall(page, service=service)
        self.alarms[alarm.name] = Watched(alarm, actions, service, severity, dry=dry)

    def watched(self) -> list[Watched]:
        """All alarms: the app's own, and those that every app has.

        Raises:
            DeclarationError: one names an alarm or a fleet that is not there, or alarms lead in a
                circle.
        """
        for watched in self.alarms.values():
            self._check_targets(watched)
        queues = {name: function.queue for name, function in self.functions.items()}
        page = self.name if self.name in self.policies else ""
        archives = any(plan.keep is not None for plan in self.plan_by_name.values())
        calls = {name: function.calls for name, function in self.functions.items()}
        usual = []
        if self.usual_alarms:
            usual = usual_alarms(queues, page, archives=archives, calls=calls)
        every = {one.alarm.name: one for one in usual} | self.alarms
        return in_order(every.values())

    def _check_targets(self, watched: Watched) -> None:
        fleets = [*self.functions, *(["web"] if self.has_pool else [])]
        called = dependencies(self.functions.values())
        for action in watched.do:
            if action.kind == "open breaker" and action.target not in called:
                raise DeclarationError(
                    f"alarm {watched.alarm.name!r}: {action}: nothing calls {action.target!r}; "
                    f"there are: {', '.join(called)}"
                )
            if action.kind == "shed load" and not self.has_pool:
                raise DeclarationError(
                    f"alarm {watched.alarm.name!r}: {action}: only the front of a pool does that; "
                    "declare one by app.web(billow.Web(...))"
                )
            of_fleet = action.target and action.kind != "open breaker"
            if of_fleet and action.target not in fleets:
                known = ", ".join(fleets) or "none"
                raise DeclarationError(
                    f"alarm {watched.alarm.name!r}: {action}: there is no fleet "
                    f"{action.target!r}; there are: {known}"
                )
