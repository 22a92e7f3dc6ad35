"""The check that holds for a thread, the same in every home: see `Ledger.checking`."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from billow.ports.ledger import Check


class Checks(threading.local):
    """Remembers, for each thread apart, what looks at its steps."""

    #: None: nothing does.
    current: Check | None = None

    @contextmanager
    def during(self, check: Check) -> Iterator[None]:
        """Let `check` look at the steps of this thread."""
        before, self.current = self.current, check
        try:
            yield
        finally:
            self.current = before
