"""What messages, queue options and items must be like: the same rules in every home."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from billow.errors import BadInput
from billow.ports.queues import (
    MAX_BATCH,
    MAX_BODY,
    MAX_DELAY,
    MAX_VISIBILITY,
    QueueOptions,
)

#: Bytes of an item's key, and of an item as JSON.
MAX_KEY = 1024
MAX_ITEM = 400 * 1024


def check_item_key(key: str) -> str:
    """`key`, if an item may have it.

    Raises:
        BadInput: it is empty, over 1 KiB, or not Unicode text.
    """
    size = len(_utf8(key, "a key"))
    if not 1 <= size <= MAX_KEY:
        raise BadInput(f"a key must have 1 to {MAX_KEY} bytes, not {size}", limit=MAX_KEY)
    return key


def check_item(value: Mapping[str, Any]) -> str:
    """An item as JSON text.

    Raises:
        BadInput: it is not plain JSON, or over 400 KiB.
    """
    try:
        text = json.dumps(dict(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as problem:
        raise BadInput(f"an item must be plain JSON: {problem}") from None
    size = len(_utf8(text, "an item"))
    if size > MAX_ITEM:
        raise BadInput(f"an item may have {MAX_ITEM} bytes, not {size}", limit=MAX_ITEM)
    return text


def check_bodies(bodies: Sequence[str]) -> None:
    """Check messages to be sent.

    Raises:
        BadInput: none or more than 10, or one is over 1 MiB or not Unicode text.
    """
    check_range("messages in a batch", len(bodies), 1, MAX_BATCH)
    for body in bodies:
        size = len(_utf8(body, "a message"))
        if size > MAX_BODY:
            raise BadInput(f"a message may have {MAX_BODY} bytes, not {size}", limit=MAX_BODY)


def check_range(what: str, value: float, low: float, high: float) -> None:
    """Check that `value` lies in `low`..`high`.

    Raises:
        BadInput: it does not; NaN never does.
    """
    if not low <= value <= high:
        raise BadInput(f"{what} must be {low:g} to {high:g}, not {value:g}")


def check_options(name: str, options: QueueOptions) -> None:
    """Check the options of the queue `name`.

    Raises:
        BadInput: one is out of SQS's bounds, or the queue is its own dead letter.
    """
    check_range("visibility", options.visibility, 0, MAX_VISIBILITY)
    check_range("delay", options.delay, 0, MAX_DELAY)
    check_range("retention", options.retention, 60, 14 * 86400)
    if options.max_receives is not None:
        check_range("max_receives", options.max_receives, 1, 1000)
    if options.dead_letter == name:
        raise BadInput(f"queue {name!r} cannot be its own dead letter")


def _utf8(text: str, what: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise BadInput(f"{what} must be Unicode text, without lone surrogates") from None
