"""Opens the embedded home."""

from __future__ import annotations

from pathlib import Path

from billow.clock import Clock
from billow.drivers.embedded.accounts import SqliteAccounts
from billow.drivers.embedded.blobs import Blobs
from billow.drivers.embedded.cold import SqliteCold
from billow.drivers.embedded.database import Database
from billow.drivers.embedded.disk import Disk
from billow.drivers.embedded.group import GroupCommit
from billow.drivers.embedded.incidents import SqliteIncidents
from billow.drivers.embedded.journal import SqliteJournal
from billow.drivers.embedded.ledger import SqliteLedger
from billow.drivers.embedded.logs import SqliteLogs
from billow.drivers.embedded.metrics import SqliteMetrics
from billow.drivers.embedded.objects import SqliteObjects
from billow.drivers.embedded.queues import SqliteQueues
from billow.drivers.embedded.tables import SqliteTables
from billow.drivers.embedded.uploads import SqliteUploads
from billow.drivers.embedded.wake import FifoWake
from billow.errors import Unavailable
from billow.home import Home
from billow.ports.objects import ArrivalRule
from billow.ports.steps import StepRules

#: Columns that came later.
_ADDED = (("jobs", "origin", "text not null default ''"),)


def open_embedded(
    folder: Path,
    *,
    arrivals: ArrivalRule | None,
    clock: Clock,
    follow: StepRules | None = None,
    room: tuple[int | None, int | None] = (None, None),
) -> Home:
    """The embedded home in `folder`: `core.db` (durable), other files and folders.

    `room` says how much of the disk must be left, and how much is held back; see `Disk`.

    Raises:
        Unavailable: the folder cannot be used.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        disk = Disk(folder, *room)
        blobs = Blobs(folder / "objects", disk)
    except OSError as problem:
        raise Unavailable(f"{folder} cannot be used: {problem.strerror}") from problem
    core = Database(folder / "core.db", "schema.sql", durable=True, added=_ADDED)
    ops = Database(folder / "ops.db", "ops.sql", durable=False)
    group = GroupCommit(core)
    wake = FifoWake(folder / "wake")
    ledger = SqliteLedger(core, group, wake, clock, follow, disk)
    objects = SqliteObjects(core, group, blobs, ledger, clock, arrivals or (lambda _: []))
    cold = SqliteCold(folder / "cold", clock, disk=disk)
    logs = SqliteLogs(folder / "logs.db", clock)
    metrics = SqliteMetrics(folder / "metrics.db", clock)

    def close() -> None:
        for part in (core, ops, cold, logs, metrics):
            part.close()

    return Home(
        ledger=ledger,
        queues=SqliteQueues(core, group, wake, clock),
        tables=SqliteTables(core, group),
        objects=objects,
        uploads=SqliteUploads(core, group, blobs, objects, folder, clock),
        accounts=SqliteAccounts(core, group, ledger, folder),
        incidents=SqliteIncidents(core, group),
        cold=cold,
        journal=SqliteJournal(ops, clock),
        logs=logs,
        metrics=metrics,
        wake=wake,
        clock=clock,
        folder=folder,
        close=close,
    )
