"""Processes of an app's own, as the app declares them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias, TypeVar

from billow.errors import DeclarationError

#: Called once with a `billow.process.Process`; returns when it is told to stop.
ProcessFunction: TypeAlias = Callable[[Any], Awaitable[None]]
F = TypeVar("F", bound=ProcessFunction)

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
#: What processes of every service are called.
_TAKEN = {"front", "keeper", "pager", "renderer", "web"}


class Standing:
    """The part of an app that runs as long as the service does."""

    processes: dict[str, ProcessFunction]

    def process(self, function: F) -> F:
        """Declare a process of the app's own: a coroutine that runs as long as the service.

        It is called with a `billow.process.Process` in a process of its own. Should it end, for
        whatever reason, it is started again, with pauses if that happens often. What it listens
        on is its own affair; let that be addresses of this machine alone.

        Raises:
            DeclarationError: it is no coroutine function with one parameter, or its name is taken.
        """
        name = function.__name__
        fits = inspect.iscoroutinefunction(function)
        if not fits or len(inspect.signature(function).parameters) != 1:
            raise DeclarationError(f"process {name!r}: write async def {name}(process)")
        if not _NAME.fullmatch(name) or name in _TAKEN or name in self.processes:
            raise DeclarationError(f"process {name!r}: the name is taken, or is none; take another")
        self.processes[name] = function
        return function
