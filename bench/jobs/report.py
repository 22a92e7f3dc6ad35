"""Result files as Markdown: medians, ratios, and what they were measured on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from bench.jobs.contenders import BILLOW, CELERY_DEFAULT, KILLED, TIMED, Contender

Record = dict[str, Any]

KINDS = ("run", "kill", "limit")

#: A measurement that got less of the processors than this was disturbed.
UNDISTURBED = 0.85

#: The raw store at the two sizes of requests; Billow chooses the size of its own as it goes.
RAW = ("one owner, batches of 10", "one owner, batches of 100")


def newest(results: Path) -> list[Path]:
    """The newest result file of each kind."""
    found = (sorted(results.glob(f"{kind}-*.jsonl")) for kind in KINDS)
    return [files[-1] for files in found if files]


def markdown(file: Path) -> str:
    """One result file as a piece of Markdown."""
    head, *records = (json.loads(line) for line in file.read_text().splitlines())
    tables = {"run": _run, "kill": _kill, "limit": _limit}[head["kind"]]
    parts = [*tables(records), _failures(records), _conditions(head, records)]
    return "\n\n".join(part for part in parts if part)


def _run(records: list[Record]) -> list[str]:
    rows = [_timed_row(one, figures) for one in TIMED if (figures := _of(records, one))]
    head = (
        "queue, store",
        "jobs",
        "enqueue/s",
        "in batches/s",
        "drained/s",
        "steady/s",
        "idle job to result, p50 / p99 ms",
        "burst/s",
        "jobs of a killed worker",
        "power cut",
    )
    return [_table(head, rows), _limit_table(records), _ratios(records)]


def _timed_row(one: Contender, records: list[Record]) -> list[str]:
    return [
        f"{one.label} ({one.store})",
        _rate(records, "jobs"),
        _rate(records, "enqueue"),
        _rate(records, "enqueue_batch"),
        _rate(records, "drain"),
        _rate(records, "drain_steady"),
        f"{_ms(records, 'latency_p50_ms')} / {_ms(records, 'latency_p99_ms')}",
        _rate(records, "burst"),
        one.after_kill,
        one.after_power_cut,
    ]


def _limit(records: list[Record]) -> list[str]:
    return [_limit_table(records)]


def _limit_table(records: list[Record]) -> str:
    labels = dict.fromkeys(record["limit"] for record in records if "limit" in record)
    rows = []
    for label in labels:
        of_it = [record for record in records if record.get("limit") == label]
        rows.append([label, *(_rate(of_it, key) for key in ("enqueue", "drain", "both"))])
    head = ("raw SQLite, synchronous=FULL", "enqueue/s", "drained/s", "both at once/s")
    return _table(head, rows) if rows else ""


def _ratios(records: list[Record]) -> str:
    ours = _of(records, BILLOW)
    if not ours:
        return ""
    peers = [_of(records, one) for one in TIMED if one.store == "Redis"]
    celery = _of(records, CELERY_DEFAULT)
    rows = [
        ["drained, to the fastest Redis peer", _ratio(ours, peers, "drain")],
        ["steady, to the fastest Redis peer", _ratio(ours, peers, "drain_steady")],
        ["drained, to Celery's default", _ratio(ours, [celery], "drain")],
        [
            "enqueued, to the fastest Redis peer, both in batches where they can",
            _best_in(ours, peers),
        ],
    ]
    for label in RAW:
        raw = [[record for record in records if record.get("limit") == label]]
        rows += [
            [f"drained, to raw SQLite, {label}", _ratio(ours, raw, "drain")],
            [f"steady, to raw SQLite, {label}", _ratio(ours, raw, "drain_steady", "drain")],
        ]
    return _table(("Billow's rate in proportion", "ratio of medians"), rows)


def _ratio(ours: list[Record], others: Sequence[list[Record]], key: str, their: str = "") -> str:
    own = _median(ours, key)
    theirs = [value for one in others if (value := _median(one, their or key)) is not None]
    return f"{own / max(theirs):.2f} ×" if own and theirs else "-"


def _best_in(ours: list[Record], peers: Sequence[list[Record]]) -> str:
    own = _fastest_in(ours)
    theirs = [value for one in peers if (value := _fastest_in(one)) is not None]
    return f"{own / max(theirs):.2f} ×" if own and theirs else "-"


def _fastest_in(records: list[Record]) -> float | None:
    found = (_median(records, key) for key in ("enqueue", "enqueue_batch"))
    return max((value for value in found if value is not None), default=None)


def _kill(records: list[Record]) -> list[str]:
    rows = [_killed_row(one, kept) for one in KILLED if (kept := _of(records, one))]
    head = (
        "queue, worst of its rounds",
        "rounds × jobs",
        "results stored",
        "never ran",
        "ran twice",
        "all done, s after the kill",
        "documented",
    )
    return [_table(head, rows)]


def _killed_row(one: Contender, records: list[Record]) -> list[str]:
    ends = [record["all_done_s"] for record in records]
    late = f"not within {records[0]['watched_s']:.0f}"
    return [
        one.label,
        f"{len(records)} × {records[0]['jobs']:,}",
        f"{min(record['results'] for record in records):,}",
        f"{max(record['never_ran'] for record in records):,}",
        f"{max(record['ran_twice'] for record in records):,}",
        late if None in ends else f"{max(ends):.1f}",
        one.after_kill,
    ]


def _failures(records: list[Record]) -> str:
    failed = [record for record in records if "error" in record]
    lines = [f"- {one['contender']}, {one['phase']}: {one['error']}" for one in failed]
    return "\n".join(["Failed:", "", *lines]) if lines else ""


def _conditions(head: Record, records: list[Record]) -> str:
    machine = head["machine"]
    before = [record["before"] for record in records]
    disturbed = sum(one["cpu_share"] < UNDISTURBED for one in before)
    versions: dict[str, str] = {}
    for record in records:
        versions |= record.get("versions", {})
    lines = [
        f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB, "
        f"{machine['system']}, {machine['filesystem']}",
        f"Python {machine['python']}, SQLite {machine['sqlite']}, Redis {machine['redis']} "
        "(appendonly yes, appendfsync everysec)",
        ", ".join(f"{name} {version}" for name, version in sorted(versions.items())),
        _before(before, disturbed),
        f"`{head['command']}`",
    ]
    return "\n".join(f"- {line}" for line in lines if line)


def _before(before: list[Record], disturbed: int) -> str:
    if not before:
        return ""
    sync = median(one["fdatasync_ms"] for one in before)
    return (
        f"4 KiB fdatasync {sync:.2f} ms; {disturbed} of {len(before)} measurements began while "
        f"other programs used more than {1 - UNDISTURBED:.0%} of the processors"
    )


def _of(records: Iterable[Record], one: Contender) -> list[Record]:
    return [r for r in records if r.get("contender") == one.label and "error" not in r]


def _median(records: list[Record], key: str) -> float | None:
    values = [record[key] for record in records if record.get(key) is not None]
    return median(values) if values else None


def _rate(records: list[Record], key: str) -> str:
    return _number(_median(records, key), "{:,.0f}".format)


def _ms(records: list[Record], key: str) -> str:
    return _number(_median(records, key), "{:.1f}".format)


def _number(value: float | None, form: Callable[[float], str]) -> str:
    return "-" if value is None else form(value)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
