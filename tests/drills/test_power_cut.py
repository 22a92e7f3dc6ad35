"""Cut the power again and again: what was acknowledged is there, and done once."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from billow.drill.app import make_app
from billow.drill.checker import Verdict, check
from billow.drill.final import read_final
from billow.drill.history import known_at, read_histories
from billow.flow.arrivals import arrival_rule
from billow.home import open_home
from billow.testing import run_jobs
from tests.drills import power

pytestmark = [
    pytest.mark.drill,
    pytest.mark.root,
    pytest.mark.timeout(300),
    pytest.mark.skipif(bool(power.missing()), reason=power.missing()),
]

SERVICE = Path(__file__).with_name("power_service.py")
CUTS = 24


class Scene:
    """A disk, and a service on it."""

    def __init__(self, folder: Path, how: str) -> None:
        self.folder = folder
        self.history = folder / "history"
        self.history.mkdir()
        self.disk = power.Disk(folder)
        self.command = [
            sys.executable,
            str(SERVICE),
            str(self.disk.place / "home"),
            str(folder / "runs.log"),
            str(self.history),
            how,
        ]

    @contextmanager
    def running(self) -> Iterator[None]:
        service = subprocess.Popen(self.command)
        try:
            self._wait_for_acks(20)
            yield
            assert service.poll() is None, "the service ended by itself"
        finally:
            service.kill()
            service.wait()

    def _wait_for_acks(self, wanted: int) -> None:
        deadline = time.monotonic() + 30
        while sum(f.read_bytes().count(b'"ok"') for f in self.history.iterdir()) < wanted:
            assert time.monotonic() < deadline, "the service accepts nothing"
            time.sleep(0.02)

    def judge(self, cut: power.Cut) -> Verdict:
        """Start again on the cut disk, finish what was accepted there, and check everything."""
        history = known_at(read_histories(self.history.iterdir()), cut.began, cut.ended)
        app = make_app(self.folder / "later-runs.log", lease=60, work=0.0)
        with power.mounted(cut.image, self.folder / "cut") as place:
            home = open_home(place / "home", arrivals=arrival_rule(app))
            home.ledger.abandon("test")
            run_jobs(home, app)
            keys = {call.asked.key for call in history.calls}
            final = read_final(home, keys)
            home.close()
        cut.image.unlink()
        return check(history, final)


@contextmanager
def scene(folder: Path, how: str) -> Iterator[Scene]:
    made = Scene(folder, how)
    try:
        yield made
    finally:
        made.disk.close()


def test_a_power_cut_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    chance = random.Random(1)
    counts: dict[str, int] = {}
    with scene(tmp_path, "durable") as it, it.running():
        for _ in range(CUTS):
            time.sleep(chance.uniform(0.05, 0.5))
            verdict = it.judge(it.disk.cut())
            assert verdict.faults == {}
            counts = verdict.counts
    print(  # noqa: T201 - shown by `pytest -s`
        f"{CUTS} power cuts; at the last one {counts['acked']} acknowledged jobs, "
        f"{counts['uploads']} uploads, {counts['sightings']} results seen; lost: 0"
    )
    assert counts["acked"] > 100
    assert counts["uploads"] > 50
    assert counts["sightings"] > 100


def test_the_drill_notices_when_commits_are_not_flushed(tmp_path: Path) -> None:
    lost = 0
    with scene(tmp_path, "relaxed") as it, it.running():
        for _ in range(4):
            time.sleep(0.3)
            lost = max(lost, len(it.judge(it.disk.cut()).faults.get("lost", [])))
    print(f"with synchronous=NORMAL, the worst of 4 power cuts lost {lost} acknowledged jobs")  # noqa: T201
    assert lost > 0
