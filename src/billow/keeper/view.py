"""What a terminal shows while the service runs."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any, Protocol, TextIO

from billow.ports.journal import Entry


class View(Protocol):
    """Told what happens, from the keeper's own thread; must return soon."""

    def starting(self, service: Mapping[str, Any]) -> None:
        """The service starts; `service` is what the board shows of it (`url`, `app`, ...)."""
        ...

    def started(self, service: Mapping[str, Any]) -> None:
        """A web server answers by now, so there is something to see at `url`."""
        ...

    def happened(self, entry: Entry) -> None:
        """Something was written in the journal."""
        ...

    def progressed(self, fleets: Mapping[str, Mapping[str, Any]]) -> None:
        """The fleets as they are now, by function, as the board shows them; about every second."""
        ...

    def stopping(self, reason: str) -> None:
        """The service is being stopped; workers finish what they have."""
        ...

    def stopped(self) -> None:
        """Everything has left."""
        ...


class PlainView:
    """One line for each event."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout

    def starting(self, service: Mapping[str, Any]) -> None:
        """Print that the service starts."""
        self._print(f"{service['app']} is starting …")

    def started(self, service: Mapping[str, Any]) -> None:
        """Print where the service is."""
        self._print(f"{service['app']} is up at {service['url']} (files in {service['folder']})")

    def happened(self, entry: Entry) -> None:
        """Print the event."""
        clock = time.strftime("%H:%M:%S", time.localtime(entry.at))
        self._print(f"{clock}  {entry.kind:<18} {entry.subject}: {entry.reason}")

    def progressed(self, fleets: Mapping[str, Mapping[str, Any]]) -> None:
        """Print nothing: the events tell."""

    def stopping(self, reason: str) -> None:
        """Print how the service leaves."""
        self._print(reason)

    def stopped(self) -> None:
        """Print the end."""
        self._print("stopped")

    def _print(self, line: str) -> None:
        print(line, file=self._stream, flush=True)
