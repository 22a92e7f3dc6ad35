"""Where one measurement takes place: its folder, its Redis, its settings. Set by the harness."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def folder() -> Path:
    """The measurement's own empty folder, on the disk that is measured."""
    return Path(os.environ["BENCH_FOLDER"])


def redis_url() -> str:
    """The measurement's own Redis server."""
    return os.environ["BENCH_REDIS_URL"]


def setting(name: str, default: str) -> str:
    """A contender's setting that differs between its rows of the table."""
    return os.environ.get(f"BENCH_{name}", default)
