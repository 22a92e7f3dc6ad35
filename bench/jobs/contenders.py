"""Who takes part, with which settings, and what each one's accepted jobs survive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

#: The store of the Redis peers is synced once a second.
LAST_SECOND = "loses up to the last second"


@dataclass(frozen=True, slots=True)
class Contender:
    """One row of the table."""

    label: str
    #: The module in `peers`.
    module: str
    #: What it is set to, for the reader.
    setting: str
    #: What becomes of the jobs in a worker's hands when that worker is killed, as documented.
    after_kill: str
    #: What becomes of accepted jobs and stored results when the machine loses power.
    after_power_cut: str = LAST_SECOND
    #: The same setting for the module (see `place.setting`).
    settings: Mapping[str, str] = field(default_factory=dict)
    store: str = "Redis"
    #: The virtual environment it runs in; "" is the project's own.
    venv: str = ".venv-peers"
    #: Jobs of a throughput measurement.
    jobs: int = 10_000


BILLOW = Contender(
    "Billow",
    "billow",
    "two workers, warm child each",
    "run again when the lease of 10 s ends",
    "loses nothing accepted",
    store="SQLite, synchronous=FULL",
    venv="",
    jobs=20_000,
)

TASKIQ = "2 processes, 100 async tasks each, uvloop, JSON results"
DRAMATIQ = "2 processes, 8 threads each"
CELERY = "prefetch 128, no gossip, mingle or heartbeat"
HUEY = "2 processes"
ARQ = "2 processes, 100 jobs each, poll 10 ms, uvloop, JSON"

TASKIQ_LIST = Contender("TaskIQ, list", "taskiq", TASKIQ, "lost: taken off before they run")
TASKIQ_STREAM = Contender(
    "TaskIQ, stream",
    "taskiq",
    TASKIQ,
    "run again after 10 min, once new jobs arrive",
    settings={"BROKER": "stream"},
)
DRAMATIQ_REDIS = Contender("Dramatiq", "dramatiq", DRAMATIQ, "run again after 60 s")
CELERY_DEFAULT = Contender(
    "Celery", "celery", f"prefork, 2 processes; {CELERY}", "lost: acknowledged before they run"
)
CELERY_SOLO = Contender(
    "Celery, solo",
    "celery",
    f"2 solo workers; {CELERY}",
    "lost: acknowledged before they run",
    settings={"POOL": "solo"},
)
RQ_SIMPLE = Contender(
    "RQ, SimpleWorker",
    "rq",
    "worker pool of 2, no fork for each job",
    "marked failed by a later clean-up",
    jobs=5_000,
)
HUEY_REDIS = Contender("Huey", "huey", HUEY, "lost: taken off before they run")
HUEY_SQLITE = Contender(
    "Huey, SQLite",
    "huey",
    f"{HUEY}, poll 1 to 20 ms",
    "lost: taken off before they run",
    "loses nothing accepted",
    settings={"STORE": "sqlite"},
    store="SQLite, synchronous=FULL",
    jobs=5_000,
)
ARQ_REDIS = Contender(
    "arq", "arq", ARQ, "run again after 300 s", venv=".venv-peers-arq", jobs=5_000
)

#: Who is timed.
TIMED = (
    BILLOW,
    TASKIQ_LIST,
    TASKIQ_STREAM,
    DRAMATIQ_REDIS,
    CELERY_DEFAULT,
    CELERY_SOLO,
    RQ_SIMPLE,
    HUEY_REDIS,
    HUEY_SQLITE,
    ARQ_REDIS,
)

#: Who is in the kill test: as above, and set for fast recovery where a queue has such a setting.
KILLED = (
    BILLOW,
    TASKIQ_LIST,
    TASKIQ_STREAM,
    Contender(
        "TaskIQ, stream, idle_timeout 10 s",
        "taskiq",
        TASKIQ,
        "run again after 10 s, once new jobs arrive",
        settings={"BROKER": "stream", "IDLE_MS": "10000"},
    ),
    DRAMATIQ_REDIS,
    Contender(
        "Dramatiq, heartbeat_timeout 10 s",
        "dramatiq",
        DRAMATIQ,
        "run again after 10 s",
        settings={"HEARTBEAT_MS": "10000"},
    ),
    CELERY_DEFAULT,
    Contender(
        "Celery, acks_late, visibility 10 s",
        "celery",
        f"prefork; {CELERY}",
        "run again after 10 s, looked for every 100 s",
        settings={"ACKS": "late"},
    ),
    RQ_SIMPLE,
    HUEY_REDIS,
    ARQ_REDIS,
    Contender(
        "arq, job_timeout 5 s",
        "arq",
        ARQ,
        "run again after 5 s",
        settings={"TIMEOUT": "5"},
        venv=".venv-peers-arq",
    ),
)


def chosen(among: tuple[Contender, ...], only: str | None) -> list[Contender]:
    """Those whose label contains one of the comma-separated words of `only`, or all."""
    words = [word.strip().lower() for word in (only or "").split(",") if word.strip()]
    return [one for one in among if not words or any(word in one.label.lower() for word in words)]
