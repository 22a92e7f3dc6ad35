"""A process that is started again whenever it ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from billow.clock import Clock
from billow.drivers.embedded.spawn import Child
from billow.errors import Unavailable
from billow.fleet.backoff import Backoff
from billow.fleet.telling import tell
from billow.ports.journal import Journal
from billow.units import human_time

#: Seconds after which an end is not the fault of the start, so that the next start comes at once.
SETTLED = 5.0


class Supervised:
    """Keeps one process running.

    Args:
        name: what it is called in the journal and on the board.
        start: starts it.
        journal: where starts and ends are written down.
        clock: real time.
    """

    def __init__(
        self, name: str, start: Callable[[], Child], journal: Journal, clock: Clock
    ) -> None:
        self.name = name
        self._start = start
        self._journal = journal
        self._clock = clock
        self._backoff = Backoff()
        self._child: Child | None = None
        self._since = clock.now()
        self._restarts = -1
        self._stopping = False
        self._renewing = False

    @property
    def running(self) -> bool:
        """Whether it was running when last looked at."""
        return self._child is not None

    @property
    def pid(self) -> int | None:
        """Its process, while it runs."""
        return self._child.pid if self._child else None

    def tick(self) -> None:
        """Look after it: take note of its end, and start it when due."""
        self._look()
        now = self._clock.now()
        if self._child is None and not self._stopping and self._backoff.due(now):
            self._launch(now)

    def stop(self) -> None:
        """Ask it to leave, and do not start it again."""
        self._stopping = True
        if self._child:
            self._child.terminate()

    def renew(self, why: str) -> None:
        """Have it leave in good order, and start it again at once."""
        if self._child and not self._stopping:
            self._renewing = True
            self._tell("stopped", why)
            self._child.terminate()

    def condemn(self, why: str) -> None:
        """End it because it does nothing any more; it is started again."""
        if self._child:
            self._tell("killed", why, pid=self._child.pid)
            self._child.kill()

    def kill(self) -> None:
        """End it at once."""
        self._stopping = True
        if self._child:
            self._child.kill()

    def state(self) -> dict[str, Any]:
        """What the board shows of it."""
        state = "running" if self._child else "stopped" if self._stopping else "restarting"
        restarts = max(0, self._restarts)
        return {"pid": self.pid, "state": state, "since": self._since, "restarts": restarts}

    def filenos(self) -> list[int]:
        """A descriptor that becomes readable when it ends."""
        fd = self._child.fileno() if self._child else None
        return [] if fd is None else [fd]

    def _launch(self, now: float) -> None:
        try:
            self._child = self._start()
        except Unavailable as problem:
            rest = self._backoff.failed(now)
            reason = f"{problem}; tried again in {human_time(rest)}"
            self._tell("stopped", reason)
            return
        self._since = now
        self._restarts += 1
        again = self._restarts > 0
        reason = f"restart number {self._restarts}" if again else "started"
        self._tell("restarted" if again else "started", reason, pid=self._child.pid)

    def _look(self) -> None:
        status = self._child.poll() if self._child else None
        if self._child is None or status is None:
            return
        words = self._child.last_words()
        how = f"killed by signal {-status}" if status < 0 else f"exit status {status}"
        self._child = None
        now = self._clock.now()
        if now - self._since >= SETTLED:
            self._backoff.proved()
        self._since = now
        if self._stopping:
            self._tell("stopped", how, status=status)
            return
        if self._renewing:
            self._renewing = False
            self._launch(now)
            return
        rest = human_time(self._backoff.failed(self._since))
        said = f": {words}" if words and status > 0 else ""
        self._tell("stopped", f"{how}{said}; started again in {rest}", status=status)

    def _tell(self, what: str, reason: str, **facts: object) -> None:
        tell(self._journal, f"process.{what}", self.name, reason, facts)
