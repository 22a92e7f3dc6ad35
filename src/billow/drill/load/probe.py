"""Somebody who only wants to know whether health and console still answer, and how fast."""

from __future__ import annotations

import http.client
import ssl
import threading
import time
from collections.abc import Mapping
from typing import NamedTuple

from billow.drill.load.target import Target

#: What is looked at. (The console's first page may be the app's own.)
_PATHS = {"health": "/healthz", "console": "/fleet"}
#: How often it looks, seconds.
_EVERY = 0.5
_TIMEOUT = 5.0


class Probed(NamedTuple):
    """A look: when it began and how long it took, seconds; `ok` unless it failed."""

    what: str
    at: float
    took: float
    ok: bool


class Probe(threading.Thread):
    """Looks twice a second, on a connection of its own each time.

    Args:
        target: the service.
        began: when the drill began, on the monotonic clock.
        cookies: those of somebody who may look at the console.
    """

    def __init__(self, target: Target, began: float, cookies: Mapping[str, str]) -> None:
        super().__init__(name="probe", daemon=True)
        self._target = target
        self._began = began
        self._cookies = cookies
        self._ended = threading.Event()
        self.looks: list[Probed] = []

    def run(self) -> None:
        """Look until it is told to end."""
        while not self._ended.wait(_EVERY):
            for what, path in _PATHS.items():
                at = time.monotonic()
                ok = answers(self._target, path, self._cookies)
                self.looks.append(Probed(what, at - self._began, time.monotonic() - at, ok))

    def end(self) -> None:
        """Look no more."""
        self._ended.set()
        self.join(_TIMEOUT + 1)


def answers(target: Target, path: str, cookies: Mapping[str, str] | None = None) -> bool:
    """Whether the service gives an answer that is no failure of its own."""
    place = (target.address, target.port)
    connection = http.client.HTTPConnection(*place, timeout=_TIMEOUT)
    if target.tls:
        context = ssl._create_unverified_context()  # noqa: S323 - it only asks whether it answers
        connection = http.client.HTTPSConnection(*place, timeout=_TIMEOUT, context=context)
    shown = "; ".join(f"{name}={value}" for name, value in (cookies or {}).items())
    try:
        connection.request("GET", path, headers={"Host": target.host, "Cookie": shown})
        reply = connection.getresponse()
        reply.read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return reply.status < 500 and reply.status != 429
