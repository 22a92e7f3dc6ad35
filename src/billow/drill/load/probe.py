"""Somebody who only wants to know whether health and console still answer, and how fast."""

from __future__ import annotations

import http.client
import ssl
import threading
import time
from typing import NamedTuple

from billow.drill.load.target import Target

#: What is looked at, and how often, seconds.
PATHS = {"health": "/healthz", "console": "/"}
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
    """

    def __init__(self, target: Target, began: float) -> None:
        super().__init__(name="probe", daemon=True)
        self._target = target
        self._began = began
        self._ended = threading.Event()
        self.looks: list[Probed] = []

    def run(self) -> None:
        """Look until it is told to end."""
        while not self._ended.wait(_EVERY):
            for what, path in PATHS.items():
                at = time.monotonic()
                ok = answers(self._target, path)
                self.looks.append(Probed(what, at - self._began, time.monotonic() - at, ok))

    def end(self) -> None:
        """Look no more."""
        self._ended.set()
        self.join(_TIMEOUT + 1)


def answers(target: Target, path: str) -> bool:
    """Whether the service gives an answer that is no failure of its own."""
    place, timeout = (target.address, target.port), _TIMEOUT
    if target.tls:
        context = ssl._create_unverified_context()  # noqa: S323 - it only asks whether it answers
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            *place, timeout=timeout, context=context
        )
    else:
        connection = http.client.HTTPConnection(*place, timeout=timeout)
    try:
        connection.request("GET", path, headers={"Host": target.host})
        reply = connection.getresponse()
        reply.read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return reply.status < 500
