"""An app: what an author declares. Nothing here does I/O."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, overload

from billow.collection import Collection
from billow.errors import DeclarationError, NotFound
from billow.events import Event
from billow.function import Function
from billow.ops.availability.promise import Promise
from billow.ops.declaring import Alarms
from billow.ops.oncall import OnCall
from billow.ops.page import Page
from billow.ops.watched import Watched
from billow.options import File, Fleet, Limits, Retry
from billow.pages import Pages, folder_of
from billow.plan import Account, Plan
from billow.pool import NAME as WEB
from billow.pool import Pool
from billow.standing import ProcessFunction, Standing
from billow.topic import Topic
from billow.visits import Browse, Setup, Visitors

#: Reacts to a change of plan.
PlanHandler = Callable[[Account], None]

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")


def check_name(kind: str, name: str) -> str:
    """`name`, if it may name a thing of this kind.

    Raises:
        DeclarationError: it may not.
    """
    if not _NAME.fullmatch(name):
        raise DeclarationError(
            f"{kind} {name!r}: a name is 1 to 63 of a-z 0-9 _ - and starts with a letter"
        )
    return name


class Store:
    """A named place for objects (uploaded and made files)."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._targets: list[Store] = []

    def __repr__(self) -> str:
        return f"<Store {self.name}>"

    @property
    def copies(self) -> list[str]:
        """Names of the stores that every new object is copied to."""
        return [store.name for store in self._targets]

    def copy_to(self, other: Store) -> None:
        """Copy every object that arrives here to `other`.

        Raises:
            DeclarationError: `other` leads back here, so that the copies would never end.
        """
        if other is self or other._leads_to(self):
            raise DeclarationError(
                f"store {self.name!r} cannot be copied to {other.name!r}: that is a circle"
            )
        if other not in self._targets:
            self._targets.append(other)

    def _leads_to(self, other: Store) -> bool:
        return any(each is other or each._leads_to(other) for each in self._targets)


class App(Pages, OnCall, Alarms, Standing):
    """A service in the making: functions, stores and queues, declared in one Python file.

    Args:
        name: short name of the service; the default names of its parts begin with it.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = check_name("app", name)
        self.functions: dict[str, Function] = {}
        self.stores: dict[str, Store] = {}
        self.topics: dict[str, Topic] = {}
        self.collections: dict[str, Collection] = {}
        self.processes: dict[str, ProcessFunction] = {}
        #: Plans by name; the first is what new accounts get. None: there are no accounts.
        self.plan_by_name: dict[str, Plan] = {}
        #: Handlers of a change of plan, each with the plan it is for; None is any.
        self.plan_handlers: list[tuple[str | None, PlanHandler]] = []
        #: Whom incidents page, by service.
        self.policies: dict[str, Page] = {}
        #: How available the service is to be; None if nothing was promised.
        self.promise: Promise | None = None
        #: The folder of the app's own mail templates.
        self.mail_templates: Path | None = None
        #: The alarms declared, by name; and whether there are those of every app beside them.
        self.alarms: dict[str, Watched] = {}
        self.usual_alarms = True
        #: What visitors do in a load drill; None if the app does not say.
        self.visiting: Visitors | None = None
        #: Declares the web servers: `app.web(billow.Web(...))`; without it there is one.
        self.web = Pool()

    def __repr__(self) -> str:
        return f"App({self.name!r})"

    def mail(self, *, templates: Path) -> None:
        """Declare the folder of the app's own mail templates, which come before Billow's.

        Raises:
            DeclarationError: it is no folder, or not told from the root on.
        """
        self.mail_templates = folder_of("mail templates", templates)

    def store(self, name: str) -> Store:
        """Declare a store, or get the one declared before under this name."""
        return self.stores.setdefault(check_name("store", name), Store(name))

    def collection(self, name: str, *, accepts: File | None = None) -> Collection:
        """Declare a collection of originals, such as the photos of a site.

        Args:
            name: the collection's.
            accepts: which files it takes; any if not given.

        Raises:
            DeclarationError: it is declared twice, or the name is none.
        """
        if check_name("collection", name) in self.collections:
            raise DeclarationError(f"collection {name!r} is declared twice")
        made = Collection(name, f"{self.name}-{name}", accepts or File())
        self.collections[name] = made
        return made

    def topic(self, name: str) -> Topic:
        """Declare a topic, or get the one declared before under this name.

        `job.publish(name, body)` sends to every queue that is subscribed to it.
        """
        return self.topics.setdefault(check_name("topic", name), Topic(name))

    @property
    def subscribed(self) -> set[str]:
        """Names of the queues of messages that are subscribed to topics."""
        every = (each for topic in self.topics.values() for each in topic.subscriptions)
        return {each.queue for each in every if each.function is None}

    def topics_of(self, queue: str) -> list[str]:
        """Names of the topics that a queue is subscribed to."""
        return [
            topic.name
            for topic in self.topics.values()
            if any(each.queue == queue for each in topic.subscriptions)
        ]

    def function(
        self,
        *,
        name: str | None = None,
        accepts: File | None = None,
        fleet: Fleet | None = None,
        retry: Retry | None = None,
        limits: Limits | None = None,
        queue: str | None = None,
        store: Store | None = None,
        calls: str | None = None,
    ) -> Callable[[Callable[..., Any]], Function]:
        """Declare a function of the service.

        Args:
            name: if it should not be the Python function's own.
            accepts: which uploads it takes; needs a parameter annotated `billow.Upload`.
            fleet: how many workers, and what decides it.
            retry: how often a job is tried.
            limits: what one try may use; default are the launch template's.
            queue: name of the queue its jobs wait in; default `<app>-<function>`.
            store: every new object in it becomes a job; default is one of its own.
            calls: what it depends on outside, such as "geocoder": functions that name the same
                share a breaker, see docs/remediation.md.

        Raises:
            DeclarationError: it cannot work; the message says why.
        """

        def declare(call: Callable[..., Any]) -> Function:
            own = check_name("function", name or call.__name__)
            if own in self.functions or (own == WEB and self.web.options is not None):
                raise DeclarationError(f"function {own!r} is declared twice")
            label = own.replace("_", "-")
            place = store or self.store(f"{self.name}-{label}-uploads")
            chosen = fleet or Fleet()
            made = Function(
                call,
                name=own,
                accepts=accepts,
                fleet=chosen,
                retry=retry or Retry(),
                limits=limits or chosen.template.limits,
                queue=check_name("queue", queue or f"{self.name}-{label}"),
                store=place.name,
                results=f"{self.name}-results",
            )
            made.calls = check_name("dependency", calls) if calls else ""
            made.topics = self.topics
            self._check_unshared(made)
            self.functions[own] = made
            return made

        return declare

    def plans(self, *plans: Plan) -> None:
        """Declare the plans that people can be on; the first is what new accounts get.

        Raises:
            DeclarationError: there are none, two have the same name, or plans were declared before.
        """
        names = [check_name("plan", plan.name) for plan in plans]
        if not plans or len(set(names)) < len(names) or self.plan_by_name:
            raise DeclarationError("app.plans(...): once, with one or more plans, each by its name")
        self.plan_by_name = dict(zip(names, plans, strict=True))

    def on(self, event: Event, *, to: str | None = None) -> Callable[[PlanHandler], PlanHandler]:
        """Declare a handler of `Event.PLAN_CHANGED`: called with the account, soon afterwards.

        Handlers run in a process of the service's own. One that raises is tried again.

        Args:
            event: `Event.PLAN_CHANGED`.
            to: the plan that the account came to; any if not given.

        Raises:
            DeclarationError: there is no such event or plan.
        """
        if event is not Event.PLAN_CHANGED:
            raise DeclarationError(f"app.on({event!r}): it is for Event.PLAN_CHANGED only")
        if to is not None and to not in self.plan_by_name:
            known = ", ".join(self.plan_by_name) or "none; call app.plans(...) first"
            raise DeclarationError(f"app.on(..., to={to!r}): no such plan; there are: {known}")

        def register(handler: PlanHandler) -> PlanHandler:
            self.plan_handlers.append((to, handler))
            return handler

        return register

    @overload
    def visitors(self, browse: Browse, /) -> Browse: ...

    @overload
    def visitors(self, /, *, setup: Setup) -> Callable[[Browse], Browse]: ...

    def visitors(
        self, browse: Browse | None = None, /, *, setup: Setup | None = None
    ) -> Callable[[Browse], Browse] | Browse:
        """Declare what visitors do, for `billow drill load`: a generator function of one visit.

        Args:
            browse: gets a `billow.visits.Visitor`, and yields its steps.
            setup: called once with a `billow.visits.Stage`, before the first visit; what it returns
                must be JSON, and is every visitor's `seeded`.

        Raises:
            DeclarationError: visitors were declared before, or it is no generator function.
        """

        def declare(visit: Browse) -> Browse:
            if self.visiting is not None or not inspect.isgeneratorfunction(visit):
                raise DeclarationError("@app.visitors is for one function, which yields steps")
            self.visiting = Visitors(visit, setup)
            return visit

        return declare if browse is None else declare(browse)

    @property
    def has_pool(self) -> bool:
        """Whether its web servers are a pool behind a front."""
        return self.web.options is not None

    def get(self, name: str) -> Function:
        """The function called `name`.

        Raises:
            NotFound: there is none; the message names those there are.
        """
        try:
            return self.functions[name]
        except KeyError:
            known = ", ".join(sorted(self.functions)) or "none"
            raise NotFound(f"{self.name} has no function {name!r}; it has: {known}") from None

    def entry_store(self, function: Function) -> str:
        """The store that uploads for `function` go to: where the chain of copies begins."""
        entry = function.store
        while source := next((s.name for s in self.stores.values() if entry in s.copies), None):
            entry = source
        return entry

    def _check_unshared(self, made: Function) -> None:
        for other in self.functions.values():
            if other.queue == made.queue:
                raise DeclarationError(f"queue {made.queue!r} already belongs to {other.name!r}")
            both_watch = made.upload_parameter and other.upload_parameter
            if both_watch and other.store == made.store:
                raise DeclarationError(f"store {made.store!r} already feeds {other.name!r}")
