"""Queues in memory, with SQS's semantics."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from billow.clock import Clock
from billow.drivers.memory.wake import MemoryWake
from billow.errors import BadInput, NotFound
from billow.ids import new_id
from billow.ports.ledger import Counts
from billow.ports.queues import (
    MAX_BATCH,
    MAX_DELAY,
    MAX_VISIBILITY,
    MAX_WAIT,
    Message,
    QueueOptions,
)
from billow.ports.rules import check_bodies, check_options, check_range
from billow.ports.wake import queue_channel

#: The longest a receiver sleeps on before it looks at the clock again, seconds.
_LOOK_AGAIN = 1.0


@dataclass(slots=True)
class _Row:
    id: str
    body: str
    sent: float
    #: When it becomes visible (again).
    due: float
    receipt: str = ""
    receives: int = 0

    def message(self, receipt: str = "") -> Message:
        return Message(self.id, self.body, receipt, self.receives, self.sent)


class _Queue:
    """A queue's options and its messages by id, oldest first."""

    def __init__(self, options: QueueOptions) -> None:
        self.options = options
        self.rows: dict[str, _Row] = {}
        self.receipts: dict[str, str] = {}

    def remove(self, row: _Row) -> None:
        del self.rows[row.id]
        self.receipts.pop(row.receipt, None)


class MemoryQueues:
    """All queues of a service that lives in one process."""

    def __init__(self, lock: threading.RLock, clock: Clock, wake: MemoryWake) -> None:
        self._lock = lock
        self._clock = clock
        self._wake = wake
        self._queues: dict[str, _Queue] = {}
        self._serial = itertools.count(1)

    def create(self, name: str, options: QueueOptions | None = None) -> None:
        """Make a queue, or change the options of one that exists."""
        options = options or QueueOptions()
        check_options(name, options)
        with self._lock:
            self._queue(name).options = options

    def names(self) -> list[str]:
        """All queues, sorted."""
        with self._lock:
            return sorted(self._queues)

    def options(self, name: str) -> QueueOptions:
        """A queue's options."""
        with self._lock:
            if name not in self._queues:
                raise NotFound(f"there is no queue {name!r}")
            return self._queues[name].options

    def send(self, name: str, bodies: Sequence[str], delay: float | None = None) -> list[str]:
        """Send up to 10 messages; returns their ids."""
        check_bodies(bodies)
        if delay is not None:
            check_range("delay", delay, 0, MAX_DELAY)
        with self._lock:
            queue = self._queue(name)
            now = self._clock.now()
            due = now + (queue.options.delay if delay is None else delay)
            rows = [_Row(new_id(), body, now, due) for body in bodies]
            queue.rows.update((row.id, row) for row in rows)
            self._wake.notify(queue_channel(name), len(rows))
            return [row.id for row in rows]

    def receive(
        self, name: str, limit: int = 1, visibility: float | None = None, wait: float = 0.0
    ) -> list[Message]:
        """Up to `limit` messages, hidden from others; waits up to `wait` seconds for one."""
        check_range("limit", limit, 1, MAX_BATCH)
        check_range("wait", wait, 0, MAX_WAIT)
        if visibility is not None:
            check_range("visibility", visibility, 0, MAX_VISIBILITY)
        until = time.monotonic() + wait
        with self._wake.waiter(queue_channel(name)) as waiter:
            while True:
                messages, rest = self._take(name, limit, visibility)
                left = until - time.monotonic()
                if messages or left <= 0:
                    return messages
                waiter.wait(min(left, rest))

    def delete(self, name: str, receipts: Sequence[str]) -> list[bool]:
        """Delete received messages; False for a receipt that is not the message's latest."""
        with self._lock:
            return [self._delete(name, receipt) for receipt in receipts]

    def extend(self, name: str, receipts: Sequence[str], visibility: float) -> list[bool]:
        """Keep messages hidden for `visibility` seconds from now; 0 shows them at once."""
        check_range("visibility", visibility, 0, MAX_VISIBILITY)
        with self._lock:
            found = [self._held(name, receipt) for receipt in receipts]
            for row in found:
                if row is not None:
                    row.due = self._clock.now() + visibility
            if visibility == 0:
                self._wake.notify(queue_channel(name), len(receipts))
            return [row is not None for row in found]

    def counts(self, name: str) -> Counts:
        """The queue's messages."""
        with self._lock:
            now = self._clock.now()
            rows = self._fresh(self._queues[name], now) if name in self._queues else []
            visible = [row for row in rows if row.due <= now]
            in_flight = sum(1 for row in rows if row.due > now and row.receipt)
            oldest = min((row.sent for row in visible), default=now)
            delayed = len(rows) - len(visible) - in_flight
            return Counts(len(visible), in_flight, delayed, now - oldest)

    def peek(self, name: str, limit: int = 10) -> list[Message]:
        """The oldest messages, without receiving them; their receipts are empty."""
        with self._lock:
            if name not in self._queues:
                return []
            rows = self._fresh(self._queues[name], self._clock.now())
            return [row.message() for row in rows[:limit]]

    def redrive(self, dead_letter: str, target: str, limit: int | None = None) -> int:
        """Move messages from a dead-letter queue to `target`; returns how many."""
        if dead_letter == target:
            raise BadInput(f"queue {target!r} cannot be redriven to itself")
        with self._lock:
            now = self._clock.now()
            source, goal = self._queue(dead_letter), self._queue(target)
            rows = [row for row in self._fresh(source, now) if row.due <= now][:limit]
            for row in rows:
                source.remove(row)
                goal.rows[row.id] = _Row(row.id, row.body, row.sent, now)
            self._wake.notify(queue_channel(target), len(rows))
            return len(rows)

    def purge(self, name: str) -> int:
        """Delete all messages of a queue; returns how many."""
        with self._lock:
            queue = self._queue(name)
            count = len(self._fresh(queue, self._clock.now()))
            queue.rows.clear()
            queue.receipts.clear()
            return count

    def sweep(self) -> int:
        """Delete what is past its queue's retention."""
        with self._lock:
            now = self._clock.now()
            return sum(
                len(queue.rows) - len(self._fresh(queue, now)) for queue in self._queues.values()
            )

    def _queue(self, name: str) -> _Queue:
        return self._queues.setdefault(name, _Queue(QueueOptions()))

    def _take(self, name: str, limit: int, visibility: float | None) -> tuple[list[Message], float]:
        """Messages received now, and the seconds after which it is worth looking again."""
        with self._lock:
            queue = self._queue(name)
            now = self._clock.now()
            rows = sorted(self._fresh(queue, now), key=lambda row: row.due)
            hidden = queue.options.visibility if visibility is None else visibility
            taken: list[Message] = []
            for row in rows:
                if len(taken) == limit or row.due > now:
                    break
                if self._is_spent(row, queue):
                    self._bury(row, queue)
                else:
                    taken.append(self._hand_out(row, queue, now + hidden))
            next_due = min((row.due - now for row in rows if row.due > now), default=_LOOK_AGAIN)
            return taken, min(next_due, _LOOK_AGAIN)

    def _hand_out(self, row: _Row, queue: _Queue, until: float) -> Message:
        queue.receipts.pop(row.receipt, None)
        row.receives += 1
        row.due = until
        row.receipt = f"{row.id}.{next(self._serial)}"
        queue.receipts[row.receipt] = row.id
        return row.message(row.receipt)

    def _is_spent(self, row: _Row, queue: _Queue) -> bool:
        most, grave = queue.options.max_receives, queue.options.dead_letter
        return most is not None and grave is not None and row.receives >= most

    def _bury(self, row: _Row, queue: _Queue) -> None:
        assert queue.options.dead_letter is not None
        queue.remove(row)
        grave = self._queue(queue.options.dead_letter)
        grave.rows[row.id] = _Row(row.id, row.body, row.sent, self._clock.now())
        self._wake.notify(queue_channel(queue.options.dead_letter), 1)

    def _fresh(self, queue: _Queue, now: float) -> list[_Row]:
        """The messages that are not past the queue's retention; the others are dropped."""
        oldest = now - queue.options.retention
        for row in [row for row in queue.rows.values() if row.sent < oldest]:
            queue.remove(row)
        return list(queue.rows.values())

    def _held(self, name: str, receipt: str) -> _Row | None:
        queue = self._queue(name)
        return queue.rows.get(queue.receipts.get(receipt, ""))

    def _delete(self, name: str, receipt: str) -> bool:
        row = self._held(name, receipt)
        if row is None:
            return False
        self._queue(name).remove(row)
        return True
