"""What measuring costs: CPU time with metrics, logs and traces beside a bare build, by turns.

`python -m bench.ops [requests|jobs|server|pool|calls] [--rounds 200] [--json]`, or all of it.

Both builds run all the time and have short turns, so that what else the machine does meets both.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

from bench.ops.contenders import Contender, Pool, Server, Worker
from bench.ops.inside import by_turns
from billow.ops.recorder import Recorder

#: What is done, by whom, and how many pieces of it in a turn.
WORK: dict[str, tuple[Callable[..., Contender], int]] = {
    "jobs": (Worker, 1000),
    "server": (Server, 240),
    "pool": (Pool, 240),
}
EVERY = ["requests", *WORK, "calls"]
#: Turns before anything is measured.
_WARM = 5
#: Seconds in which what threads have gathered is surely shipped.
_SHIPPED = 1.0


def compare(what: str, rounds: int) -> dict[str, Any]:
    """CPU time of both builds, and its ratios: what bare needs of what the other one needs."""
    if what == "requests":
        turns = by_turns(10 * rounds)
        return {"work": what, "rounds": 10 * rounds, **_summed_up(turns, _of_all(turns))}
    make, pieces = WORK[what]
    contenders = {}
    try:
        for how in ("bare", "full"):
            contenders[how] = make(bare=how == "bare")
        return {"work": what, "rounds": rounds, **_by_turns(contenders, rounds, pieces)}
    finally:
        for each in contenders.values():
            each.close()


def _by_turns(contenders: dict[str, Contender], rounds: int, pieces: int) -> dict[str, Any]:
    for each in contenders.values():
        each.turn(_WARM * pieces)
    began = {how: each.used() for how, each in contenders.items()}
    turns: dict[str, list[float]] = {"bare": [], "full": []}
    for number in range(rounds):
        for how in ("bare", "full") if number % 2 else ("full", "bare"):
            before = contenders[how].used()
            contenders[how].turn(pieces)
            turns[how].append(1e6 * (contenders[how].used() - before) / pieces)
    time.sleep(_SHIPPED)
    whole = {how: contenders[how].used() - began[how] for how in contenders}
    return _summed_up(turns, whole["bare"] / whole["full"])


def _of_all(turns: dict[str, list[float]]) -> float:
    return sum(turns["bare"]) / sum(turns["full"])


def _summed_up(turns: dict[str, list[float]], whole: float) -> dict[str, Any]:
    ratios = [bare / full for bare, full in zip(turns["bare"], turns["full"], strict=True)]
    low, middle, high = statistics.quantiles(ratios, n=4)
    # When the machine is busy the cheaper turns are those that others disturbed least.
    calm = {how: statistics.quantiles(each, n=10)[0] for how, each in turns.items()}
    return {
        "bare_us": statistics.median(turns["bare"]),
        "full_us": statistics.median(turns["full"]),
        "ratio": middle,
        "quartiles": [low, high],
        "ratio_of_calm_turns": calm["bare"] / calm["full"],
        "ratio_of_all_cpu": whole,
    }


def calls() -> dict[str, float]:
    """Microseconds of a call to the recorder, for each value."""
    recorder, many = Recorder(), 200_000
    batch = [0.001 * number for number in range(100)]
    made: dict[str, tuple[Callable[[], object], int]] = {
        "count": (lambda: recorder.count("web.requests"), 1),
        "observe": (lambda: recorder.observe("web.latency", 0.0123), 1),
        "observe_all": (lambda: recorder.observe_all("f.duration", batch), len(batch)),
    }
    found = {}
    for name, (call, values) in made.items():
        began = time.process_time()
        for _ in range(many // values):
            call()
        found[name] = 1e6 * (time.process_time() - began) / many
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "work", nargs="*", choices=["requests", *WORK, "calls", []], help="what to measure"
    )
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    for what in asked.work or EVERY:
        found = calls() if what == "calls" else compare(what, asked.rounds)
        print(json.dumps(found) if asked.json else _line(found))


def _line(found: dict[str, Any]) -> str:
    if "work" not in found:
        return "a value: " + ", ".join(f"{name} {cost:.2f} µs" for name, cost in found.items())
    low, high = found["quartiles"]
    return (
        f"{found['work']}: {found['bare_us']:.1f} µs bare, {found['full_us']:.1f} µs with all; "
        f"throughput {found['ratio']:.3f} of bare (median of {found['rounds']} pairs, quartiles "
        f"{low:.3f} to {high:.3f}); calm turns {found['ratio_of_calm_turns']:.3f}; all CPU time "
        f"{found['ratio_of_all_cpu']:.3f}"
    )


if __name__ == "__main__":
    main()
