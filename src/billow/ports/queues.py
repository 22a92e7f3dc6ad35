"""Queues with the semantics of SQS's standard queues."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from billow.ports.ledger import Counts

#: SQS's bounds.
MAX_BATCH = 10
MAX_BODY = 1024 * 1024
MAX_VISIBILITY = 12 * 3600
MAX_DELAY = 900
MAX_WAIT = 20


@dataclass(frozen=True, slots=True)
class QueueOptions:
    """How a queue behaves. Times are seconds."""

    #: How long a received message stays hidden.
    visibility: float = 30.0
    #: How long a sent message stays hidden first.
    delay: float = 0.0
    #: Receives after which a message moves to `dead_letter` instead of being received again.
    max_receives: int | None = None
    dead_letter: str | None = None
    #: Messages older than this vanish.
    retention: float = 4 * 86400.0


class Message(NamedTuple):
    """A received message; `receipt` is the right to delete it or to keep it hidden."""

    id: str
    body: str
    receipt: str
    #: How many times it was received, this time included.
    receives: int
    #: When it was sent, UNIX seconds.
    sent: float


class Queues(Protocol):
    """All queues of a service. A queue that is used without `create` gets default options."""

    def create(self, name: str, options: QueueOptions | None = None) -> None:
        """Make a queue, or change the options of one that exists.

        Raises:
            BadInput: an option is out of SQS's bounds, or a queue is its own dead letter.
        """
        ...

    def names(self) -> list[str]:
        """All queues, sorted."""
        ...

    def options(self, name: str) -> QueueOptions:
        """A queue's options.

        Raises:
            NotFound: no such queue.
        """
        ...

    def send(self, name: str, bodies: Sequence[str], delay: float | None = None) -> list[str]:
        """Send up to 10 messages; durable when it returns. Returns their ids.

        Raises:
            BadInput: too many, or a body over 1 MiB, or delay out of 0..900.
        """
        ...

    def receive(
        self, name: str, limit: int = 1, visibility: float | None = None, wait: float = 0.0
    ) -> list[Message]:
        """Up to `limit` (at most 10) messages, hidden from others for `visibility` seconds.

        Waits up to `wait` (at most 20) seconds for one, without polling.
        """
        ...

    def delete(self, name: str, receipts: Sequence[str]) -> list[bool]:
        """Delete received messages; False for a receipt that is not the message's latest."""
        ...

    def extend(self, name: str, receipts: Sequence[str], visibility: float) -> list[bool]:
        """Keep messages hidden for `visibility` seconds from now; 0 shows them at once."""
        ...

    def counts(self, name: str) -> Counts:
        """The queue's messages."""
        ...

    def peek(self, name: str, limit: int = 10) -> list[Message]:
        """The oldest messages, without receiving them; their receipts are empty."""
        ...

    def redrive(self, dead_letter: str, target: str, limit: int | None = None) -> int:
        """Move messages from a dead-letter queue to `target`; returns how many."""
        ...

    def purge(self, name: str) -> int:
        """Delete all messages of a queue; returns how many."""
        ...

    def sweep(self) -> int:
        """Delete what is past its queue's retention, also where nobody receives; how many."""
        ...
