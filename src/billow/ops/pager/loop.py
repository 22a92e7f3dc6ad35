"""The pager's loop: timers that are due, messages that are to be sent, and whether all is well."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

from billow.ops.incidents.desk import Desk
from billow.ops.incidents.room import Room
from billow.ops.pager.channels import Channel
from billow.ops.pager.outbox import Parcel, claim, next_due, record, requeue
from billow.ops.pager.words import Words
from billow.ports.incidents import Timer
from billow.ports.mail import Handover, Verdict

#: Parcels that are under way at the same time.
SENDERS = 8
#: Timers that one look sees to.
_BATCH = 200

_log = logging.getLogger("billow.pager")


class Loop:
    """Sees to what is due. One at a time does: whoever makes it holds the pager's lock.

    Args:
        desk: the incidents.
        channels: the ways out, by kind of contact.
        say: what a parcel says.
        ring: called when a message was sent, so that the next look comes at once.
    """

    def __init__(
        self,
        desk: Desk,
        channels: Mapping[str, Channel],
        say: Callable[[Parcel], Words],
        ring: Callable[[], object] = lambda: None,
    ) -> None:
        self._desk = desk
        self._channels = channels
        self._say = say
        self._ring = ring
        self._busy: dict[str, Future[None]] = {}
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(SENDERS, thread_name_prefix="pager")

    def begin(self) -> int:
        """Take over from a pager that died; returns how many messages it left half sent."""
        return self._desk.change(requeue)

    def look(self) -> None:
        """See to everything that is due now; messages are sent in other threads."""
        self.fire()
        for parcel in self._claim():
            with self._lock:
                self._busy[parcel.contact.id] = self._pool.submit(self._deliver, parcel)

    def fire(self) -> int:
        """See to the timers that are due, also to those that this sets; returns how many."""
        done = 0
        while timers := self._due():
            done += sum(self._desk.fire(timer) for timer in timers)
        return done

    def send_all(self) -> int:
        """Send what is due, here and now, one after the other; returns how many parcels."""
        parcels = self._claim()
        for parcel in parcels:
            self._deliver(parcel)
        return len(parcels)

    def next(self) -> float | None:
        """When something is due next."""

        def work(room: Room) -> float | None:
            with self._lock:
                busy = set(self._busy)
            first = room.books.timers.until("due", float("inf"), 1)
            times = [first[0].due] if first else []
            message = next_due(room, busy)
            return min([*times, *([] if message is None else [message])], default=None)

        return self._desk.look(work)

    def close(self) -> None:
        """Wait for what is under way."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _due(self) -> list[Timer]:
        return self._desk.look(lambda room: room.books.timers.until("due", room.now, _BATCH))

    def _claim(self) -> list[Parcel]:
        with self._lock:
            busy = set(self._busy)
        waiting = self._desk.look(lambda room: next_due(room, busy))
        if waiting is None or waiting > self._desk.home.clock.now():
            return []
        return self._desk.change(lambda room: claim(room, busy, SENDERS))

    def _deliver(self, parcel: Parcel) -> None:
        """Send a parcel, and write down how that went."""
        try:
            channel = self._channels[parcel.contact.kind]
            handover = channel.send(parcel, self._say(parcel))
        except Exception as problem:  # whatever it was, the message must be tried again
            _log.exception("sending failed")
            handover = Handover(Verdict.LATER, f"{type(problem).__name__} while sending")
        try:
            self._desk.change(lambda room: record(room, parcel, handover))
        except Exception:
            # It stays `sending`; the next pager sends it again, under the same id.
            _log.exception("a message was sent and that could not be written down")
        finally:
            with self._lock:
                self._busy.pop(parcel.contact.id, None)
            self._ring()
