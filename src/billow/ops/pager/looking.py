"""Looks at the service from outside every ten seconds, counts, and has the weekly report sent."""

from __future__ import annotations

import json
import logging
import threading
import urllib.request
from collections.abc import Callable
from urllib.error import URLError

from billow.app import App
from billow.home import Home
from billow.mail.intent import SERVICE
from billow.ops.availability.book import AvailabilityBook
from billow.ops.availability.figures import EVERY
from billow.ops.availability.promise import Promise
from billow.ops.pager.opening import site
from billow.ports.ledger import Submission

#: The chore that sends the report.
REPORT = "billow.report"
#: Seconds that an answer may take.
PATIENCE = 5.0
#: Seconds after which all processes have shipped what they measured.
_SHIPPED = 30.0

_log = logging.getLogger("billow.pager")


class Looking:
    """Looks, in a thread of its own so that no page waits for an answer."""

    def __init__(
        self, home: Home, app: App, promise: Promise, ask: Callable[[str], bool] | None = None
    ) -> None:
        self._home = home
        self._promise = promise
        self._book = AvailabilityBook(home, app.name)
        self._ask = ask or is_well
        self._over = threading.Event()
        self._told = 0.0
        self._thread = threading.Thread(target=self._run, name="looking", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._over.set()

    def look(self) -> None:
        """Look once, and have the report sent if it is due."""
        requests, errors = (self._counted(name) for name in ("web.requests", "web.errors"))
        self._book.count(self._ask(site(self._home)), requests, min(errors, requests))
        self.report()

    def report(self) -> None:
        """Ask for the report that was due last; the same week's is asked for once."""
        due = self._promise.last_due(self._home.clock.now())
        began = self._book.began()
        if due is None or due == self._told or began is None or due < began:
            return
        asked = Submission(
            REPORT,
            json.dumps({"due": due}),
            "weekly report",
            owner=SERVICE,
            key=f"report:{due:.0f}",
        )
        self._home.ledger.submit([asked])
        self._told = due

    def _counted(self, name: str) -> int:
        """What a counter counted in the ten seconds that everybody has told of by now."""
        begin = (self._home.clock.now() - _SHIPPED) // EVERY * EVERY
        found = self._home.metrics.summaries(name, begin, begin + EVERY, EVERY)
        return round(sum(each.total for each in found if each is not None))

    def _run(self) -> None:
        while not self._over.wait(EVERY):
            try:
                self.look()
            except Exception:
                _log.exception("a look at the service failed; the next one comes")


def is_well(url: str) -> bool:
    """Whether the service says that it is well."""
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=PATIENCE) as answer:  # noqa: S310
            answer.read()
            return bool(answer.status == 200)
    except (URLError, OSError, ValueError):
        return False
