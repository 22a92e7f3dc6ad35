"""The log's store with a million lines: `python -m bench.logs [--lines N]`.

Prints how many lines a second are stored, what a line costs the process that says it, how long
searches take (median of five, and the first, when nothing is cached by SQLite yet), and the size.
"""

from __future__ import annotations

import argparse
import logging
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from billow.clock import SystemClock
from billow.drivers.embedded.logs import SqliteLogs
from billow.drivers.memory.logs import MemoryLogs
from billow.ops.logs.handler import ShipHandler
from billow.ops.logs.shipper import Shipper
from billow.ports.logs import Line, Wanted

BATCH = 500
WORDS = [f"word{number}" for number in range(3000)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--folder", default=None, help="where to make the file")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        logs = SqliteLogs(Path(folder) / "logs.db", SystemClock())
        now = time.time()
        print(f"stored: {fill(logs, asked.lines, now):,.0f} lines a second, {BATCH} in a step")
        size = sum(file.stat().st_size for file in Path(folder).iterdir())
        print(f"size: {size / asked.lines:.0f} bytes a line, {size / 2**20:.0f} MiB in all")
        for name, look in searches(logs, asked.lines, now).items():
            tell(name, look)
    print(f"said: {cost_of_a_line():.1f} µs a line in the process that logs")


def fill(logs: SqliteLogs, count: int, now: float) -> float:
    """Store `count` lines, 50 a second of their own time; returns how many a second went in."""
    dice = random.Random(1)
    took = 0.0
    for start in range(0, count, BATCH):
        batch = [a_line(dice, n, now - (count - n) / 50) for n in range(start, start + BATCH)]
        began = time.perf_counter()
        logs.write(batch)
        took += time.perf_counter() - began
    return count / took


def a_line(dice: random.Random, number: int, at: float) -> Line:
    level = dice.choices([10, 20, 30, 40], [5, 90, 4, 1])[0]
    said = " ".join(dice.choices(WORDS, k=6))
    facts = '{"ms": 12.5, "status": 200}'
    job, request = f"j{number // 5}", f"r{number // 50}"
    return Line(at, level, f"f-{number % 7}", "billow.worker", said, job, request, "", facts)


def searches(logs: SqliteLogs, count: int, now: float) -> dict[str, Callable[[], object]]:
    middle = now - count / 100
    return {
        "newest 100": lambda: logs.find(Wanted()),
        "of one job": lambda: logs.find(Wanted(job="j77")),
        "errors": lambda: logs.find(Wanted(level=40)),
        "a word": lambda: logs.find(Wanted(text="word77")),
        "two words": lambda: logs.find(Wanted(text="word777 word99")),
        "a word of every line": lambda: logs.find(Wanted(text="status")),
        "a process that is not there": lambda: logs.find(Wanted(process="g")),
        "an hour in the middle": lambda: logs.find(Wanted(since=middle, until=middle + 3600)),
        "histogram of an hour": lambda: logs.count(Wanted(), now - 3600, now, 60),
        "histogram of a week": lambda: logs.count(Wanted(), now - 604800, now, 10800),
        "histogram of a word": lambda: logs.count(Wanted(text="word77"), now - 604800, now, 10800),
    }


def tell(name: str, look: Callable[[], object]) -> None:
    times = []
    for _ in range(6):
        began = time.perf_counter()
        look()
        times.append((time.perf_counter() - began) * 1000)
    print(f"{name}: {statistics.median(times[1:]):.1f} ms, the first {times[0]:.1f} ms")


def cost_of_a_line() -> float:
    """Microseconds that `logging` takes for a record, its way to the shipper included."""
    logger = logging.getLogger("bench.logs")
    logger.propagate = False
    logger.setLevel(logging.INFO)
    shipper = Shipper("bench", room=10**6)
    logger.addHandler(ShipHandler(shipper))
    rounds = []
    for _ in range(5):
        began = time.perf_counter()
        for number in range(20_000):
            logger.info("request %d", number, extra={"fields": {"status": 200, "ms": 1.5}})
        rounds.append((time.perf_counter() - began) / 20_000 * 1e6)
    shipper.start(MemoryLogs(SystemClock()))
    shipper.stop()
    return statistics.median(rounds)


if __name__ == "__main__":
    main()
