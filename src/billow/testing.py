"""For an author's own tests: a home in memory, a clock that is moved by hand, and a worker.

def test_counts_words() -> None:
    home = memory_home(app)
    [job] = Client(home, app).submit_many("top_words", [{"text": "to be or not to be"}])
    run_jobs(home, app)
    assert home.ledger.get(job.id).result[0] == ["to", 2]
"""

from __future__ import annotations

from billow.app import App
from billow.clock import Clock, VirtualClock
from billow.drivers.memory.home import open_memory
from billow.home import Home

__all__ = ["VirtualClock", "memory_home"]


def memory_home(app: App | None = None, clock: Clock | None = None) -> Home:
    """Make a home in memory, empty and gone with the process.

    Args:
        app: whose uploads set off copies and jobs.
        clock: where all times come from; a `VirtualClock` if not given.
    """
    return open_memory(None if app is None else _arrivals(app), clock)
