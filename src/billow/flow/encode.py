"""What authors hand over, as JSON text."""

from __future__ import annotations

import json
from typing import Any

from billow.errors import BadInput


class _Unsayable(Exception):
    """A value of a type that JSON does not know."""


def _refuse(value: Any) -> Any:
    raise _Unsayable(type(value).__name__)


_ENCODER = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_refuse
)


def encode(value: Any, what: str) -> str:
    """`value` as JSON text.

    Raises:
        BadInput: JSON cannot say it; the message begins with `what`.
    """
    try:
        text = _ENCODER.encode(value)
        if not text.isascii():
            text.encode()
    except _Unsayable as problem:
        if hasattr(value, "close"):
            value.close()  # an unfinished coroutine or generator
        raise BadInput(f"{what} holds a value of type {problem}, which JSON cannot say") from None
    except UnicodeEncodeError:
        raise BadInput(f"{what} holds text with lone surrogates") from None
    except (TypeError, ValueError, RecursionError) as problem:
        raise BadInput(f"{what} cannot be said in JSON: {problem}") from None
    except MemoryError:
        raise BadInput(f"{what} is too large to be made into JSON") from None
    return text
