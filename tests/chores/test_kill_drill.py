"""`kill -9` of archiver and thawer: at every single step, and at random in a running service."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from types import TracebackType

import pytest

from billow.clock import VirtualClock
from billow.flow.whereabouts import FileState, whereabouts
from billow.home import Home, open_home
from billow.loading import load_app
from tests.chores.test_service import APP
from tests.chores.world import KEEP, OWNER, World, make_app
from tests.keeper.helpers import until

pytestmark = pytest.mark.drill

ROOT = Path(__file__).parents[2]

#: Of so many steps one is killed at. With 1 it takes some minutes.
EVERY = 7

#: Workers that are killed at random.
KILLS = 40


def found(folder: Path) -> World:
    """What a life left, two hours later."""
    home = open_home(folder, clock=VirtualClock(1_700_000_000.0 + 7200))
    world = World.__new__(World)
    world.app, world.home, world.clock = make_app(), home, home.clock
    account = home.accounts.look(lambda books: books.accounts.get(OWNER))
    assert account is not None
    world.plan = account.plan or "free"
    world.jobs = home.ledger.find(function="annotate").jobs
    return world


@pytest.mark.timeout(400)
def test_a_kill_at_no_step_loses_a_file(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.chores.crash_life", str(tmp_path), str(EVERY)]
    subprocess.run(command, check=True, timeout=300, cwd=ROOT)
    numbers = sorted(int(path.name) for path in tmp_path.iterdir())
    left: Counter[str] = Counter()
    for number in numbers:
        world = found(tmp_path / str(number))
        tiers = [world.tiers(file) for file in world.files()]
        left.update(tiers)
        assert len(tiers) == 2, number
        assert "neither" not in tiers, number
        world.home.ledger.abandon("test")
        world.pass_time(2 * KEEP, step=KEEP / 3)
        expected = {"premium": "hot", "free": "cold"}[world.plan]
        assert world.all_tiers() == {expected}, number
        assert world.home.ledger.find(dead=True).jobs == [], number
        assert world.home.cold.sweep(-10) <= 1, number
    print(f"killed at {len(numbers)} of {numbers[-1]} steps: {dict(left)}")  # noqa: T201
    assert numbers[-1] > 500
    assert set(left) == {"hot", "cold", "both"}


class Crew:
    """A worker of each chore, one of which dies now and then and is replaced at once."""

    def __init__(self, target: Path, home: Home, seed: int) -> None:
        self._target = target
        self._home = home
        self._dice = random.Random(seed)
        self._workers: dict[str, tuple[str, subprocess.Popen[bytes]]] = {}
        self.kills = 0

    def __enter__(self) -> Crew:
        for chore in ("billow.archive", "billow.thaw", "billow.plan"):
            self._start(chore)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for chore in list(self._workers):
            self._end(chore)

    def kill_one(self) -> None:
        """Kill the worker of a chore, and start another."""
        chore = self._dice.choice([*self._workers, "billow.archive", "billow.thaw"])
        self._end(chore)
        self._start(chore)
        self.kills += 1

    def rest(self) -> None:
        """Let them work for a moment."""
        time.sleep(self._dice.uniform(0.05, 0.6))

    def _start(self, chore: str) -> None:
        name = f"{chore}-{self.kills}"
        where = ["--folder", str(self._home.folder), "--id", name, "--speed", "900"]
        app = ["--app", str(self._target), "--function", chore]
        process = subprocess.Popen(
            [sys.executable, "-m", "billow.worker", *app, *where], start_new_session=True
        )
        self._workers[chore] = (name, process)

    def _end(self, chore: str) -> None:
        """Kill a worker; its jobs are free at once, as if a keeper had seen it die."""
        name, process = self._workers.pop(chore)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self._home.ledger.abandon(name)


def counted(home: Home, world: World) -> Counter[FileState]:
    return Counter(whereabouts(home, file).state for file in world.files())


def all_back(home: Home, world: World) -> bool:
    """Whether everything is hot and nothing cold; people look after dead letters meanwhile."""
    world.redrive()
    return counted(home, world) == {FileState.HOT: 80} and not home.cold.list("gas-results")


@pytest.mark.timeout(300)
def test_killed_at_random_nothing_is_lost_and_all_comes_back(tmp_path: Path) -> None:
    target = tmp_path / "app.py"
    target.write_text(APP)
    # The free plan keeps files for 2 s here, and a retrieval takes 0.2 s.
    home = open_home(tmp_path / "data", speed=900)
    world = World(home, load_app(target))
    for _ in range(40):
        world.complete()
    seen: set[FileState] = set()
    with Crew(target, home, seed=7) as crew:
        while crew.kills < KILLS:
            crew.rest()
            seen |= set(counted(home, world))
            crew.kill_one()
            if crew.kills % 8 == 7:
                if world.plan == "free":  # on a slow machine nobody lives long enough
                    until(lambda: FileState.COLD in counted(home, world), 60)
                    seen.add(FileState.COLD)
                world.set_plan("free" if world.plan == "premium" else "premium")
        world.set_plan("premium")
        until(lambda: all_back(home, world), 90)
    assert world.all_tiers() == {"hot"}
    assert FileState.GONE not in seen
    assert FileState.DAMAGED not in seen
    assert {FileState.HOT, FileState.COLD} <= seen
    print(f"{KILLS} kills; states seen: {sorted(seen)}")  # noqa: T201 - shown by `pytest -s`
