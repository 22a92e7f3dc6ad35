"""The memory home: all its drivers share one lock, which makes their steps atomic."""

from __future__ import annotations

import threading

from billow.clock import Clock, VirtualClock
from billow.drivers.memory.accounts import MemoryAccounts
from billow.drivers.memory.cold import MemoryCold
from billow.drivers.memory.incidents import MemoryIncidents
from billow.drivers.memory.journal import MemoryJournal
from billow.drivers.memory.ledger import MemoryLedger
from billow.drivers.memory.logs import MemoryLogs
from billow.drivers.memory.metrics import MemoryMetrics
from billow.drivers.memory.objects import MemoryObjects
from billow.drivers.memory.queues import MemoryQueues
from billow.drivers.memory.tables import MemoryTables
from billow.drivers.memory.uploads import MemoryUploads
from billow.drivers.memory.wake import MemoryWake
from billow.home import Home
from billow.ports.accounts import Usage
from billow.ports.ledger import Effect, Keep, Publish, Put, Submission, Submit
from billow.ports.objects import ArrivalRule
from billow.ports.steps import StepRules

#: More than there can be.
_EVERY = 10**9


def open_memory(
    arrivals: ArrivalRule | None = None,
    clock: Clock | None = None,
    follow: StepRules | None = None,
) -> Home:
    """Make a new, empty home. Nothing of it outlives the process.

    Args:
        arrivals: what arriving objects set off.
        clock: where all times come from; a `VirtualClock` if not given.
        follow: what steps of jobs set off.
    """
    clock = clock or VirtualClock()
    lock = threading.RLock()
    wake = MemoryWake()
    tables = MemoryTables(lock)
    queues = MemoryQueues(lock, clock, wake)

    def apply(effect: Effect) -> None:
        match effect:
            case Publish():
                queues.send(effect.queue, [effect.body])
            case Put():
                tables.put_text(effect.table, effect.key, effect.item)
            case Keep():
                objects.keep(effect)
            case Submit(asked):
                submit(asked)

    def submit(asked: Submission) -> None:
        if asked.key is None or ledger.find_key(asked.owner, asked.key) is None:
            ledger.submit([asked])

    def usage(owner: str, since: float) -> Usage:
        kept = [each for store in objects.stores() for each in objects.list(store, limit=_EVERY)]
        size = sum(each.size for each in kept if each.owner == owner)
        return Usage(*ledger.count(owner, since), size)

    ledger = MemoryLedger(lock, clock, wake, apply, follow)
    objects = MemoryObjects(lock, clock, ledger, arrivals)
    accounts = MemoryAccounts(lock, submit, usage)
    uploads = MemoryUploads(lock, clock, objects)
    cold = MemoryCold(lock, clock)
    journal = MemoryJournal(clock)
    logs = MemoryLogs(clock)
    incidents, metrics = MemoryIncidents(lock), MemoryMetrics(clock)
    own = (ledger, queues, tables, objects, uploads, accounts, incidents, cold, journal, metrics)
    return Home(*own, logs, wake, clock)
