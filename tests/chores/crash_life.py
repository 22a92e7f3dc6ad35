"""A result's life, told again and again, killed at one step after another.

`python -m tests.chores.crash_life FOLDER EVERY`: what a step is, see `tests.drills.crash_points`.
Life number n, in FOLDER/n, is killed at step n; only every so many-th is told. The last one is not
killed.
"""

from __future__ import annotations

import itertools
import os
import sys
from pathlib import Path

from billow.clock import VirtualClock
from billow.home import open_home
from billow.ports.cold import WAITS, Tier
from tests.chores.world import KEEP, World
from tests.drills.crash_points import Steps


def begin(folder: Path) -> World:
    """A result of two files."""
    world = World(open_home(folder, clock=VirtualClock()))
    world.complete()
    return world


def live(world: World) -> None:
    """It is archived, and restored at an upgrade."""
    world.pass_time(KEEP, step=KEEP)
    world.set_plan("premium")
    world.pass_time(WAITS[Tier.EXPEDITED], step=WAITS[Tier.EXPEDITED])


def main(place: Path, every: int) -> None:
    """Tell lives until one is not killed."""
    for number in itertools.count(1, every):
        pid = os.fork()
        if pid == 0:
            world = begin(place / str(number))
            Steps(number).watch()
            world.home = open_home(place / str(number), clock=world.clock)
            live(world)
            os._exit(0)
        if os.waitpid(pid, 0)[1] == 0:
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
