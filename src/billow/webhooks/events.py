"""What happened, as a message to an owner's server: an intent first, then bytes that never change.

The intent is a job on `billow.webhook`, submitted in the transaction of what it tells about. It
becomes one delivery job for each endpoint that wants it; both carry idempotency keys, so that no
crash doubles or loses one.
"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime
from typing import Any, NamedTuple

from billow.errors import BadInput
from billow.ports.ledger import Submission
from billow.units import KiB

#: The internal function that delivers.
FUNCTION = "billow.webhook"
#: Whose the jobs of the service itself are.
SERVICE = "billow"
#: What an endpoint gets when its owner tries it.
TEST = "webhook.test"
#: Bytes of a message.
LARGEST = 64 * KiB

_TYPE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){0,5}", re.ASCII)


class Message(NamedTuple):
    """What is sent: the same bytes under the same id at every try."""

    id: str
    type: str
    body: str


def message(type: str, data: Any, at: float, key: str) -> Message:
    """A message about something that happened at `at` (UNIX seconds).

    Args:
        type: what kind of thing, such as `job.completed`.
        data: what to tell, anything JSON can say.
        at: when it happened.
        key: tells it from all other messages; the same key gives the same id.

    Raises:
        BadInput: `type` is not one, JSON cannot say `data`, or it is over 64 KiB.
    """
    check_type(type)
    when = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    try:
        body = json.dumps(
            {"type": type, "timestamp": when.replace("+00:00", "Z"), "data": data},
            allow_nan=False,
            separators=(",", ":"),
        )
    except (TypeError, ValueError) as problem:
        raise BadInput(f"the webhook cannot be written as JSON: {problem}") from None
    if len(body) > LARGEST:
        raise BadInput(f"a webhook has at most {LARGEST} bytes", limit=LARGEST)
    return Message(f"msg_{hashlib.sha256(key.encode()).hexdigest()[:32]}", type, body)


def check_type(type: str) -> str:
    """`type`, if it may be the type of an event.

    Raises:
        BadInput: it is not lower-case words with dots between.
    """
    if len(type) > 80 or not _TYPE.fullmatch(type):
        raise BadInput(f"{type[:80]!r} is no type of event; write words such as job.completed")
    return type


def announce(owner: str, told: Message) -> Submission:
    """The job that tells all of an owner's endpoints that want it."""
    return _submission(owner, told, told.id, {})


def deliver(owner: str, endpoint: str, told: Message) -> Submission:
    """The job that tells one endpoint."""
    return _submission(owner, told, f"{told.id}:{endpoint}", {"endpoint": endpoint})


def _submission(owner: str, told: Message, key: str, more: dict[str, str]) -> Submission:
    args = {"id": told.id, "type": told.type, "body": told.body, "owner": owner} | more
    return Submission(
        FUNCTION, json.dumps(args), name=told.type, owner=SERVICE, key=f"webhook:{key}"
    )
