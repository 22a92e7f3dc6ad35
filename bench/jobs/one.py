"""One measurement of one contender, in that contender's virtual environment.

`python -m bench.jobs.one MODULE PHASE JOBS` prints its figures as one line of JSON. The harness
calls it; see `place` for the environment it needs.
"""

from __future__ import annotations

import importlib
import json
import sys
from typing import Any

from bench.jobs import place
from bench.jobs.kill import kill_one
from bench.jobs.measure import burst, latency, throughput
from bench.jobs.peer import Peer


def measure(peer: Peer, phase: str, jobs: int) -> dict[str, Any]:
    """The figures of one phase."""
    if phase == "throughput":
        return throughput(peer, jobs)
    if phase == "latency":
        return latency(peer, jobs)
    if phase == "burst":
        return burst(peer, jobs)
    return kill_one(peer, jobs, patience=float(place.setting("WATCH", "60")))


def main(module: str, phase: str, jobs: str) -> None:
    """Measure and print."""
    peer: Peer = importlib.import_module(f"bench.jobs.peers.{module}").Bench()
    print(json.dumps({"versions": peer.versions(), **measure(peer, phase, int(jobs))}))


if __name__ == "__main__":
    main(*sys.argv[1:])
