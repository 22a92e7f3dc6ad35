"""Sizes in bytes, and durations given as numbers of seconds or as text ("30 min")."""

from __future__ import annotations

import re
from typing import TypeAlias

from billow.errors import DeclarationError

KiB = 1024
MiB = 1024 * KiB
GiB = 1024 * MiB

#: Seconds as a number, or text such as "250 ms", "30 s", "5 min", "2 h", "1 d".
Duration: TypeAlias = float | int | str

_SECONDS = {"ms": 0.001, "s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*")


def seconds(value: Duration) -> float:
    """The number of seconds that `value` names.

    Raises:
        DeclarationError: the text is not a duration, or the number is negative.
    """
    if isinstance(value, str):
        match = _DURATION.fullmatch(value.lower())
        if match is None or (match[2] or "s") not in _SECONDS:
            units = ", ".join(_SECONDS)
            raise DeclarationError(
                f"{value!r} is not a duration; write a number and one of: {units}"
            )
        return float(match[1]) * _SECONDS[match[2] or "s"]
    if value < 0:
        raise DeclarationError(f"a duration cannot be negative: {value!r}")
    return float(value)


def human_size(count: float) -> str:
    """`count` bytes for people: 1536 -> '1.5 KiB'."""
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if count < 1024 or unit == "GiB":
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1024
    raise AssertionError("unreachable")


def human_time(value: float) -> str:
    """`value` seconds for people: 0.0123 -> '12 ms', 75 -> '1 min 15 s'."""
    if value < 1:
        return f"{value * 1000:.0f} ms"
    if value < 60:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
