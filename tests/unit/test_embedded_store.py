"""The embedded home's own ways: versions of its files, and how far lists look."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from billow.drivers.embedded.database import SCHEMA, Database
from billow.drivers.embedded.listing import find_page
from billow.errors import Unavailable
from billow.home import open_home
from billow.job import Status
from billow.ports.ledger import Completed, Submission

_STEPS = 100


def _stamp(path: Path, version: int) -> None:
    connection = sqlite3.connect(path)
    connection.execute(f"pragma user_version={version}")
    connection.close()


@pytest.mark.parametrize("name", ["core.db", "ops.db"])
@pytest.mark.parametrize(("version", "whose"), [(1, "an older"), (SCHEMA + 1, "a newer")])
def test_data_of_another_version_is_refused_and_left_as_it_is(
    tmp_path: Path, name: str, version: int, whose: str
) -> None:
    open_home(tmp_path)
    _stamp(tmp_path / name, version)
    with pytest.raises(Unavailable) as caught:
        open_home(tmp_path)
    told = str(caught.value)
    assert name in told
    assert f"{whose} Billow" in told
    assert f"version {version}," in told
    assert f"reads version {SCHEMA};" in told
    assert "empty folder by --folder" in told
    _stamp(tmp_path / name, SCHEMA)
    open_home(tmp_path)


@pytest.mark.parametrize("status", [Status.COMPLETED, Status.FAILED, Status.CANCELLED])
def test_ended_jobs_are_found_without_walking_past_those_that_wait(
    tmp_path: Path, status: Status
) -> None:
    home = open_home(tmp_path)
    home.ledger.submit([Submission("f", "{}") for _ in range(3)])
    leases = home.ledger.exchange("f", "w", [], 3, 60).leases
    done = [Completed(lease.seq, lease.token, "null", 1.0, 2.0) for lease in leases]
    home.ledger.exchange("f", "w", done, 0, 60)
    for _ in range(5):
        home.ledger.submit([Submission("f", "{}") for _ in range(1000)])

    reader = Database(tmp_path / "core.db", "schema.sql", durable=True).reader
    steps = 0

    def step() -> int:
        nonlocal steps
        steps += 1
        return 0

    reader.set_progress_handler(step, _STEPS)
    page = find_page(
        reader,
        function="f",
        status=status,
        owner=None,
        dead=None,
        text=None,
        before=None,
        after=None,
        limit=10,
        results=True,
    )
    assert len(page.jobs) == (3 if status is Status.COMPLETED else 0)
    assert steps * _STEPS < 1000
