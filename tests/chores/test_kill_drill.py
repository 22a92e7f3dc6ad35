"""`kill -9` of archiver and thawer: at every single step, and at random in a running service."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

import billow
from billow.clock import VirtualClock
from billow.flow.whereabouts import FileState, whereabouts
from billow.home import Home, open_home
from billow.loading import load_app
from tests.chores.test_service import APP
from tests.chores.world import KEEP, OWNER, World, make_app
from tests.keeper.helpers import Running, running, until

pytestmark = pytest.mark.drill

ROOT = Path(__file__).parents[2]

#: Of so many steps one is killed at. With 1 it takes some minutes.
EVERY = 7


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


def chore_pids(service: Running) -> list[int]:
    """Workers of chores, and their children."""
    fleets = [fleet for name, fleet in service.view.fleets.items() if name.startswith("billow.")]
    workers = [worker for fleet in fleets for worker in fleet["workers"]]
    return [int(w[each]) for w in workers for each in ("pid", "child_pid") if w[each]]


def counted(home: Home, world: World) -> Counter[FileState]:
    return Counter(whereabouts(home, file).state for file in world.files())


@pytest.mark.timeout(300)
def test_killed_at_random_nothing_is_lost_and_all_comes_back(tmp_path: Path) -> None:
    target, folder = tmp_path / "app.py", tmp_path / "data"
    target.write_text(APP)
    dice = random.Random(7)
    seen: set[FileState] = set()
    kills = 0
    # The free plan keeps files for 2 s here, and a retrieval takes 0.2 s.
    with running(str(target), folder, speed=900) as service:
        home = open_home(folder)
        world = World(home, load_app(target))
        client = billow.Client(home, world.app)
        ids = [client.submit("annotate", name=f"{n}.vcf", owner=OWNER).id for n in range(40)]
        world.jobs = client.wait_all(ids, 60)
        end = time.monotonic() + 20
        flip = time.monotonic() + 4
        while time.monotonic() < end:
            for victim in dice.sample(pids := chore_pids(service), min(1, len(pids))):
                with suppress(ProcessLookupError):
                    os.kill(victim, signal.SIGKILL)
                    kills += 1
            seen |= set(counted(home, world))
            if time.monotonic() > flip:
                flip += 4
                world.set_plan("free" if world.plan == "premium" else "premium")
            time.sleep(dice.uniform(0.02, 0.2))
        world.set_plan("premium")
        until(lambda: all_back(home, world), 90)
    assert world.all_tiers() == {"hot"}
    assert FileState.GONE not in seen
    assert FileState.DAMAGED not in seen
    assert {FileState.HOT, FileState.COLD} <= seen
    assert kills > 20
    print(f"{kills} kills; states seen: {sorted(seen)}")  # noqa: T201 - shown by `pytest -s`


def all_back(home: Home, world: World) -> bool:
    """Whether everything is hot and nothing cold; people look after dead letters meanwhile."""
    world.redrive()
    return counted(home, world) == {FileState.HOT: 80} and not home.cold.list("gas-results")
