"""Sizes in bytes, and durations and rates given as numbers or as text ("30 min", "100/s")."""

from __future__ import annotations

import math
import re
from typing import TypeAlias

from billow.errors import DeclarationError

KiB = 1024
MiB = 1024 * KiB
GiB = 1024 * MiB

#: Seconds as a number, or text such as "250 ms", "30 s", "5 min", "2 h", "1 d".
Duration: TypeAlias = float | int | str

#: So many a second as a number, or text such as "100/s", "600/min".
Rate: TypeAlias = float | int | str

_SECONDS = {"ms": 0.001, "s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 604800}
_BYTES = {"bytes": 1, "KiB": KiB, "MiB": MiB, "GiB": GiB}
_SIZE = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)\s*")
_DURATION = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([a-z]*)\s*")


def seconds(value: Duration) -> float:
    """The number of seconds that `value` names.

    Raises:
        DeclarationError: the text is not a duration, or the number is negative or not finite.
    """
    number = _parse(value) if isinstance(value, str) else float(value)
    if not 0 <= number < math.inf:
        raise DeclarationError(f"a duration is a number from 0 up: {value!r}")
    return number


def _parse(text: str) -> float:
    match = _DURATION.fullmatch(text.lower())
    if match is None or (match[2] or "s") not in _SECONDS:
        units = ", ".join(_SECONDS)
        raise DeclarationError(f"{text!r} is not a duration; write a number and one of: {units}")
    return float(match[1]) * _SECONDS[match[2] or "s"]


def size_in_bytes(text: str) -> int:
    """The bytes that text such as "1 GiB", "1.5 MiB" or "4096" names.

    Raises:
        DeclarationError: it is no size.
    """
    match = _SIZE.fullmatch(text)
    if match is None or (match[2] or "bytes") not in _BYTES:
        raise DeclarationError(f"{text!r} is no size; write a number and one of: KiB, MiB, GiB")
    return round(float(match[1]) * _BYTES[match[2] or "bytes"])


def per_second(value: Rate) -> float:
    """How many a second `value` means.

    Raises:
        DeclarationError: the text is not a rate, or the number is not above 0 or not finite.
    """
    if isinstance(value, str):
        count, slash, unit = (part.strip() for part in value.partition("/"))
        if not slash or unit not in _SECONDS or not re.fullmatch(r"[0-9]+(\.[0-9]+)?", count):
            raise DeclarationError(f"{value!r} is not a rate; write 100/s or 600/min")
        number = float(count) / _SECONDS[unit]
    else:
        number = float(value)
    if not 0 < number < math.inf:
        raise DeclarationError(f"a rate is a number above 0: {value!r}")
    return number


def human_size(count: float) -> str:
    """`count` bytes for people: 1536 -> '1.5 KiB'."""
    if round(count) < KiB:
        return "1 byte" if round(count) == 1 else f"{count:.0f} bytes"
    for unit in ("KiB", "MiB"):
        count /= 1024
        if round(count, 1) < 1024:
            return f"{count:.1f} {unit}"
    return f"{count / 1024:.1f} GiB"


def human_time(value: float) -> str:
    """`value` seconds for people: 0.0123 -> '12 ms', 75 -> '1 min 15 s'."""
    if round(value, 3) < 1:
        return f"{value * 1000:.0f} ms"
    if round(value, 1) < 60:
        return f"{value:.1f}".removesuffix(".0") + " s"
    minutes, rest = divmod(round(value), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
