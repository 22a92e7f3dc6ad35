"""What the faults of a drill are done to, and what can be seen of what follows."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from billow.drill.faults.sinks import MailServer, Oracle, Phone
from billow.flow.client import Client
from billow.job import Status
from billow.ports.journal import Entry

#: Entries of the journal that are read at once; a drill makes a few hundred.
_MOST = 10_000


@dataclass
class Scene:
    """A service that runs, what it calls, and the phone of whoever is on call."""

    client: Client
    folder: Path
    mail: MailServer
    oracle: Oracle
    phone: Phone
    #: The journal's last entry when the drill began.
    after: int = 0
    #: The jobs that were asked for, and what each must return.
    asked: dict[str, int] = field(default_factory=dict)
    #: Those of them whose tries may fail.
    may_fail: set[str] = field(default_factory=set)
    numbers: int = 0

    def submit(self, function: str, **args: int) -> str:
        """Ask for a job that returns its number."""
        number = self.numbers
        self.numbers += 1
        id_ = self.client.submit(function, {"number": number, **args}).id
        self.asked[id_] = number
        return id_

    def done(self, id: str) -> bool:
        """Whether a job is completed."""
        return self.client.job(id).status is Status.COMPLETED

    def entry(
        self,
        kind: str,
        subject: str = "",
        of: str = "",
        seems: Callable[[Entry], bool] | None = None,
    ) -> Entry | None:
        """The first event of a kind since the drill began; None if there was none yet.

        Args:
            kind: such as `worker.killed`.
            subject: what it happened to; any if empty.
            of: the fleet whose members it happened to; any if empty.
            seems: what else must be so.
        """
        found = self.client.home.journal.read(self.after, kinds=[kind], limit=_MOST)
        return next(
            (
                each
                for each in found
                if subject in ("", each.subject)
                and of in ("", each.data.get("function"))
                and (seems is None or seems(each))
            ),
            None,
        )

    def count(self, kind: str, subject: str) -> int:
        """How many events of a kind there were since the drill began."""
        found = self.client.home.journal.read(self.after, kinds=[kind], limit=_MOST)
        return sum(each.subject == subject for each in found)

    def members(self, fleet: str) -> list[dict[str, Any]]:
        """The members of a fleet, as the service says on its board."""
        shown = self.client.home.journal.shown(f"fleet.{fleet}")
        return list(shown[0].get("workers", [])) if shown else []


@dataclass
class Course:
    """A fault, and what came of it. Times are UNIX seconds."""

    fault: str
    #: What was done to the service.
    injected: str
    #: What noticed it, and what was done about it, in words.
    noticed_by: str = ""
    did: str = ""
    began: float = field(default_factory=time.time)
    noticed: float | None = None
    well: float | None = None
    #: The alarm whose incidents are about it; empty if there is none.
    alarm: str = ""
    #: How many pages there must be.
    must_page: int = 0
    pages: int = 0
    #: Whether an incident about it is open in the end.
    still_open: bool = False

    def notice(self, entry: Entry | None) -> bool:
        """Take the first sign that the service has seen it; whether there was any."""
        if entry is not None and self.noticed is None:
            self.noticed = entry.at
            self.noticed_by = f"{entry.kind} {entry.subject}: {entry.reason}"
        return self.noticed is not None

    def is_about(self, key: str) -> bool:
        """Whether the incident that is called by `key` is about this fault."""
        return bool(self.alarm) and key.endswith(f":{self.alarm}")

    @property
    def passed(self) -> bool:
        """Whether it was noticed and is over, and whom it had to call was called, once."""
        right = self.pages == self.must_page and (self.must_page > 0 or not self.still_open)
        return right and self.noticed is not None and self.well is not None
