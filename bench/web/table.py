"""The medians of the results, as Markdown tables."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Records = Sequence[Mapping[str, Any]]


def tables(records: Records) -> str:
    """A table for each kind of measurement that there are records of."""
    made = [
        _table(
            records, "whole", "The whole authorised request, 3 servers, 16 connections",
            {
                "requests/s": "requests_s", "CPU µs a request": "cpu_us", "p99 ms": "p99_ms",
                "p99 ms at 10,000/min": "steady_p99_ms", "others' cores": "others_cores",
            },
        ),
        *(
            _table(
                [each for each in records if each.get("fault") == fault], "struck",
                f"One of three servers {words} at 167 requests/s, of 2,004",
                {"failed": "failed", "p99 ms": "p99_ms", "replaced after s": "replaced_s"},
            )
            for fault, words in (("SIGKILL", "killed"), ("SIGSTOP", "stopped"))
        ),
        _table(
            records, "flooded", "Ten times the capacity, clients wait 1 s",
            {
                "goodput/s": "goodput_s", "best/s": "peak_s", "p99 ms of the served": "p99_ms",
                "served afterwards": "after_ok",
            },
        ),
        _table(
            records, "missing", "10,000 requests a minute, 10 % of them for pictures not made yet",
            {
                "hits p50 ms": "hit_p50_ms", "hits p99 ms": "hit_p99_ms",
                "misses p50 ms": "miss_p50_ms", "misses p99 ms": "miss_p99_ms",
                "failed": "failed", "cores": "cores",
            },
        ),
    ]  # fmt: skip
    return "\n\n".join(filter(None, made))


def _table(records: Records, kind: str, title: str, columns: Mapping[str, str]) -> str:
    rows = [each for each in records if each["kind"] == kind]
    if not rows:
        return ""
    names = dict.fromkeys(str(each["name"]) for each in rows)
    lines = [title, "", f"| | {' | '.join(columns)} |", f"|---|{'---|' * len(columns)}"]
    for name in names:
        mine = [each for each in rows if each["name"] == name]
        cells = [_median(each.get(key) for each in mine) for key in columns.values()]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _median(values: Iterable[Any]) -> str:
    known = [float(value) for value in values if value is not None]
    return f"{statistics.median(known):,.4g}" if known else "–"
