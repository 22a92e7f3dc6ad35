import json
from pathlib import Path
from typing import Any

import pytest

from bench.jobs import contenders, report, venvs
from bench.jobs.contenders import KILLED, TIMED, chosen

MACHINE = {
    "cpu": "a processor",
    "cores": 2,
    "memory_gib": 4,
    "system": "a system",
    "filesystem": "ext4",
    "python": "3.11",
    "sqlite": "3.40",
    "redis": "7.0",
}
BEFORE = {"cpu_share": 1.0, "mloops": 10.0, "fdatasync_ms": 0.25}


def written(folder: Path, kind: str, *records: dict[str, Any]) -> Path:
    head = {"kind": kind, "command": "the command", "machine": MACHINE}
    file = folder / f"{kind}-1.jsonl"
    lines = [head, *({"before": BEFORE, **record} for record in records)]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return file


def drained(label: str, rate: float, **more: Any) -> dict[str, Any]:
    return {"contender": label, "phase": "throughput", "drain": rate, **more}


def test_rates_are_medians_and_ratios_are_ratios_of_medians(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        "run",
        *(drained("Billow", rate) for rate in (10_000, 12_000, 90_000)),
        *(drained("TaskIQ, list", rate) for rate in (3_000, 4_000, 5_000)),
        drained("Celery", 1_000),
        drained("Huey, SQLite", 11_000),
        {"limit": "one owner, batches of 10", "enqueue": 1, "drain": 48_000, "both": 1},
    )
    text = report.markdown(file)
    assert "| Billow (SQLite, synchronous=FULL) | - | - | - | 12,000 |" in text
    assert "| drained, to the fastest Redis peer | 3.00 × |" in text
    assert "| drained, to Celery's default | 12.00 × |" in text
    assert "| drained, to raw SQLite, one owner, batches of 10 | 0.25 × |" in text


def test_enqueueing_is_compared_at_everyones_best(tmp_path: Path) -> None:
    ours = drained("Billow", 1, enqueue=2_000, enqueue_batch=40_000)
    huey = drained("Huey", 1, enqueue=10_000)
    arq = drained("arq", 1, enqueue=1_000, enqueue_batch=5_000)
    text = report.markdown(written(tmp_path, "run", ours, huey, arq))
    assert "both in batches where they can | 4.00 × |" in text


def test_conditions_name_the_machine_the_command_and_disturbance(tmp_path: Path) -> None:
    disturbed = drained("Celery", 1, before={**BEFORE, "cpu_share": 0.5}, versions={"celery": "5"})
    text = report.markdown(written(tmp_path, "run", drained("Billow", 1), disturbed))
    for part in ("a processor", "celery 5", "fdatasync 0.25 ms", "1 of 2", "`the command`"):
        assert part in text


def test_failures_are_shown(tmp_path: Path) -> None:
    failed = {"contender": "arq", "phase": "latency", "error": "no server"}
    assert "- arq, latency: no server" in report.markdown(written(tmp_path, "run", failed))


@pytest.mark.parametrize(
    ("ends", "said"), [([10.0, 12.0, 30.0], "30.0"), ([1.0, None], "not within 60")]
)
def test_the_kill_tests_worst_round_counts(
    ends: list[float | None], said: str, tmp_path: Path
) -> None:
    figures = {"jobs": 2000, "results": 1999, "never_ran": 1, "ran_twice": 0, "watched_s": 60.0}
    records = [
        {"contender": "Dramatiq", "phase": "kill", "all_done_s": end, **figures} for end in ends
    ]
    text = report.markdown(written(tmp_path, "kill", *records))
    assert (
        f"| Dramatiq | {len(ends)} × 2,000 | 1,999 | 1 | 0 | {said} | run again after 60 s |"
        in text
    )


def test_the_newest_file_of_each_kind_is_reported(tmp_path: Path) -> None:
    for name in ("run-1", "run-2", "limit-1"):
        (tmp_path / f"{name}.jsonl").touch()
    assert [file.name for file in report.newest(tmp_path)] == ["run-2.jsonl", "limit-1.jsonl"]


def test_every_contender_can_be_found_and_told_apart() -> None:
    for table in (TIMED, KILLED):
        assert len({one.label for one in table}) == len(table)
    for one in (*TIMED, *KILLED):
        assert (venvs.BENCH / "jobs" / "peers" / f"{one.module}.py").is_file()
        assert not one.venv or venvs.REQUIREMENTS[one.venv].is_file()


def test_choosing_by_parts_of_labels() -> None:
    assert [one.label for one in chosen(TIMED, "solo, BILLOW")] == ["Billow", "Celery, solo"]
    assert chosen(TIMED, None) == list(contenders.TIMED)
