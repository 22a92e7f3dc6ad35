"""A topic: what is published to it goes to every queue that is subscribed, in the same step."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from billow.errors import DeclarationError

if TYPE_CHECKING:
    from billow.function import Function

_QUEUE = re.compile(r"[a-z][a-z0-9_-]{0,62}")


class Subscription(NamedTuple):
    """A queue that gets what is published."""

    queue: str
    #: Whether it gets the message alone, and not in an envelope.
    raw: bool = False
    #: The function whose job queue it is; its jobs are the messages, so it gets no others.
    function: str | None = None


class Topic:
    """A named topic of an app; `app.topic(name)` makes it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.subscriptions: list[Subscription] = []

    def __repr__(self) -> str:
        return f"<Topic {self.name}>"

    @property
    def arn(self) -> str:
        """Its name as the envelope has it."""
        return f"arn:billow:sns:local:000000000000:{self.name}"

    def subscribe(self, queue: str | Function, *, raw: bool = False) -> None:
        """Have a queue get a copy of everything that is published here.

        Args:
            queue: its name; or a function, whose jobs are published here when they are accepted:
                then its queue has the job itself, and this is said for people to see.
            raw: the queue gets the message alone; else in an envelope like SNS's.

        Raises:
            DeclarationError: no queue can be called so, or it is subscribed already.
        """
        if isinstance(queue, str):
            made = Subscription(queue, raw)
        else:
            made = Subscription(queue.queue, raw, queue.name)
        if not _QUEUE.fullmatch(made.queue):
            raise DeclarationError(f"topic {self.name!r}: no queue can be called {made.queue!r}")
        if made.queue in {each.queue for each in self.subscriptions}:
            raise DeclarationError(f"queue {made.queue!r} is subscribed to {self.name!r} already")
        self.subscriptions.append(made)

    def messages(self, body: str, about: str, at: float) -> list[tuple[str, str]]:
        """What is to be sent to which queue.

        Args:
            body: the message, as JSON text.
            about: tells the message from all others; its id is made of that, so a message that is
                sent again after a crash has the same, in every queue.
            at: when it was published, UNIX seconds.
        """
        wrapped = json.dumps(
            {
                "Type": "Notification",
                "MessageId": _id_of(f"{self.arn}/{about}"),
                "TopicArn": self.arn,
                "Message": body,
                "Timestamp": datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds"),
            },
            ensure_ascii=False,
        )
        return [
            (each.queue, body if each.raw else wrapped)
            for each in self.subscriptions
            if each.function is None
        ]


def _id_of(text: str) -> str:
    """A UUID that is always the same for the same text."""
    digits = hashlib.sha256(text.encode()).hexdigest()
    return "-".join(
        (digits[:8], digits[8:12], f"8{digits[13:16]}", f"a{digits[17:20]}", digits[20:32])
    )
