"""The memory home: all its drivers share one lock, which makes their steps atomic."""

from __future__ import annotations

import threading

from billow.clock import Clock, VirtualClock
from billow.drivers.memory.journal import MemoryJournal
from billow.drivers.memory.ledger import MemoryLedger
from billow.drivers.memory.objects import MemoryObjects
from billow.drivers.memory.queues import MemoryQueues
from billow.drivers.memory.tables import MemoryTables
from billow.drivers.memory.wake import MemoryWake
from billow.home import Home
from billow.ports.ledger import Effect, Keep, Publish, Put, Submit
from billow.ports.objects import ArrivalRule


def open_memory(arrivals: ArrivalRule | None = None, clock: Clock | None = None) -> Home:
    """Make a new, empty home. Nothing of it outlives the process.

    Args:
        arrivals: what arriving objects set off.
        clock: where all times come from; a `VirtualClock` if not given.
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
                if asked.key is None or ledger.find_key(asked.owner, asked.key) is None:
                    ledger.submit([asked])

    ledger = MemoryLedger(lock, clock, wake, apply)
    objects = MemoryObjects(lock, clock, ledger, arrivals)
    return Home(ledger, queues, tables, objects, MemoryJournal(clock), wake, clock)
