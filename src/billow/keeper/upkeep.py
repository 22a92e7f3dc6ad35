"""The housework: old events, bytes that nothing refers to, logs that grew."""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from billow.app import App
from billow.flow.receivers import Receivers
from billow.flow.scrub import Scrub
from billow.home import Home
from billow.ops.incidents.forgetting import forget
from billow.ops.remedies.records import Records
from billow.units import MiB

#: Seconds between two rounds, and before the first.
EVERY = 3600.0
FIRST = 60.0

#: How long events, series, the service's own jobs and the logs of workers that left are kept,
#: seconds.
KEEP = 14 * 86400.0

#: Bytes of a log; what is older moves to `<log>.old`.
LOG_SIZE = 10 * MiB

_log = logging.getLogger("billow.keeper")


class Upkeep:
    """Does the housework every hour, in a thread of its own so that control never waits for it.

    Args:
        home: what is kept in order.
        logs: the folder of the processes' logs.
        more: what else is to be done in each round.
    """

    def __init__(self, home: Home, logs: Path, more: Sequence[Callable[[], object]] = ()) -> None:
        self._home = home
        self._logs = logs
        self._more = more
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="upkeep", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; a round that is under way is not waited for longer than a moment."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(timeout=1)

    def round(self) -> None:
        """Do all of it once."""
        parts = (self._trim, self._sweep_objects, self._forget, self._trim_logs)
        for work in (*parts, *self._more):
            try:
                work()
            except Exception:
                # The next round tries again; the service itself must not suffer.
                _log.exception("upkeep: %s failed", getattr(work, "__qualname__", work))

    def _run(self) -> None:
        wait = FIRST
        while not self._over.wait(wait):
            self.round()
            wait = EVERY

    def _trim(self) -> None:
        self._home.journal.trim(KEEP)
        self._home.metrics.trim()

    def _sweep_objects(self) -> None:
        self._home.objects.sweep()
        self._home.uploads.sweep()
        self._home.cold.sweep()

    def _forget(self) -> None:
        """Forget what was done and told long ago, and messages that nobody received."""
        now = self._home.clock.now()
        Records(self._home.tables).trim(now)
        forget(self._home)
        self._home.queues.sweep()
        self._home.ledger.forget_own(now - KEEP)

    def _trim_logs(self) -> None:
        oldest = time.time() - KEEP
        for log in self._logs.glob("*.log*"):
            try:
                facts = log.stat()
            except FileNotFoundError:  # a worker that starts has just moved it
                continue
            if facts.st_mtime < oldest:
                log.unlink(missing_ok=True)
            elif facts.st_size > LOG_SIZE and log.suffix == ".log":
                _rotate(log)


def housework(app: App, home: Home) -> list[Callable[[], object]]:
    """What is to be done in each round of an app's, beside what every home needs."""
    more: list[Callable[[], object]] = [Receivers(home).forget_idle]
    if app.plan_by_name:
        from billow.accounts.opening import open_accounts  # noqa: PLC0415 - needs an extra

        more += [open_accounts(home, app).sweep, Scrub(home, app).round]
    return more


def _rotate(log: Path) -> None:
    """Move what is in a log to `<log>.old`; its writer goes on in the same file, from the start."""
    shutil.copyfile(log, log.with_name(log.name + ".old"))
    # All writers append, so the next line lands at the new end.
    with log.open("r+b") as file:
        file.truncate(0)
