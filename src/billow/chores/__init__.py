"""Chores: the service's own jobs, such as archiving a result or sending a mail.

Whatever must not be lost is a job on an internal function called `billow.<chore>`, submitted in the
transaction of what it follows from. It is run by ordinary workers, tried again, and at last found
among the dead letters, like any other job. The keeper starts workers for a chore when there is a
job for it, and none before.

A chore is a module of this package, called like the chore, with

    def run(home: Home, app: App, args: dict[str, Any]) -> Any

which does it, or raises to be tried again later (`billow.Rejected`: never again). It may be run
more than once and must have the effect of once. What it returns is the job's result; a `Done` asks
also for effects in the transaction that records it, and a `Later` puts the job off. The module may
set `RETRY` and `LIMITS`, and `CALLS` if it depends on something outside, whose breaker then counts.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from functools import partial
from importlib import import_module
from types import ModuleType
from typing import Any

from billow.app import App
from billow.errors import NotFound
from billow.fleet.queue import Queue
from billow.flow.done import Done, Later
from billow.function import Function
from billow.home import Home
from billow.options import Fleet, Limits, Retry

__all__ = ["PREFIX", "Done", "Later", "chore", "is_chore", "names"]

#: What the names of internal functions begin with; no function of an app can be called so.
PREFIX = "billow."

#: None while there is nothing to do, and few at any time: a chore must not crowd out real work.
FLEET = Fleet(min=0, max=2, scale=Queue(per_worker=8, shrink_after="10 s"))

#: Eight tries in about ten minutes, then the dead letters.
RETRY = Retry(attempts=8, backoff="2 s")


def is_chore(function: str) -> bool:
    """Whether this is the name of an internal function that does a chore."""
    return function in names()


def names() -> list[str]:
    """The internal functions that there are, sorted."""
    found = (module.name for module in pkgutil.iter_modules(__path__))
    return sorted(f"{PREFIX}{name}" for name in found)


def chore(name: str, home: Callable[[], Home], app: App) -> Function:
    """The internal function `name` as a worker runs it.

    Args:
        name: such as `billow.archive`.
        home: gives the home; called when the first job comes.
        app: the author's.

    Raises:
        NotFound: there is no such chore.
    """
    if not is_chore(name):
        raise NotFound(f"there is no chore {name!r}; there are: {', '.join(names())}")
    return _Chore(name, import_module(f"{__name__}.{name.removeprefix(PREFIX)}"), home, app)


class _Chore(Function):
    """A function without a signature of its own: its arguments are what was submitted."""

    def __init__(self, name: str, module: ModuleType, home: Callable[[], Home], app: App) -> None:
        super().__init__(
            partial(_run, module, home, app),
            name=name,
            accepts=None,
            fleet=FLEET,
            retry=getattr(module, "RETRY", RETRY),
            limits=getattr(module, "LIMITS", Limits()),
            queue=name,
            store=name,
            results=name,
        )
        self.calls = getattr(module, "CALLS", "")
        self.__doc__ = module.__doc__

    def _read_signature(self) -> None:
        """Nobody but the service itself sends it arguments."""

    @property
    def summary(self) -> str:
        """The first line of its module's docstring."""
        return (self.__doc__ or "").partition("\n")[0]


def _run(module: ModuleType, home: Callable[[], Home], app: App, /, **args: Any) -> Any:
    return module.run(home(), app, args)
