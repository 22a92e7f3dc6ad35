"""Requests for the measurements: as fast as they are answered (wrk), or at times planned ahead."""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.web.fixtures import paths, session
from billow.drill.load.arrivals import Stage
from billow.drill.load.crew import Crew
from billow.drill.load.orders import Orders
from billow.drill.load.tally import Tally

_SCRIPT = Path(__file__).with_name("wrk.lua")


@dataclass(frozen=True, slots=True)
class Flat:
    """What wrk found."""

    rate: float
    p50: float
    p99: float
    errors: int
    requests: int


def flat_out(port: int, seconds: float, connections: int = 16) -> Flat:
    """As many requests as are answered on so many connections."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s", "--timeout", "5s"]
    done = subprocess.run(
        [*command, "-s", str(_SCRIPT), f"http://127.0.0.1:{port}"],
        env={**os.environ, "COOKIE": f"sid={session()}"},
        capture_output=True,
        text=True,
        check=True,
    )
    found = re.search(r"JSON (.*)", done.stdout)
    assert found is not None, done.stdout
    told: dict[str, Any] = json.loads(found[1])
    seconds_taken = told["us"] / 1e6
    return Flat(
        told["requests"] / seconds_taken,
        told["p50"] / 1e6,
        told["p99"] / 1e6,
        told["errors"],
        told["requests"],
    )


@dataclass(frozen=True, slots=True)
class Load:
    """Requests that do not wait for answers."""

    rate: float
    seconds: float
    visitors: int = 30
    timeout: float = 2.0
    poisson: bool = False
    #: The crowd's rate on top, if any.
    paths: tuple[str, ...] = tuple(paths())


def planned(
    port: int, load: Load, folder: Path, during: Callable[[float], None] | None = None
) -> Tally:
    """Send requests when they are due, and never again if they fail; what came of them.

    Args:
        port: where the service is.
        load: what to ask.
        folder: where the generators write what they have to say.
        during: is called again and again with the seconds since the beginning.
    """
    return together(port, [load], folder, during)[0]


def together(
    port: int, loads: list[Load], folder: Path, during: Callable[[float], None] | None = None
) -> list[Tally]:
    """Several loads at the same time, by generators of their own."""
    crews = [
        Crew(_orders(port, load, seed), folder / "generators.log")
        for seed, load in enumerate(loads)
    ]
    try:
        began = [crew.begin() for crew in crews][-1]
        while any(crew.running for crew in crews):
            for crew in crews:
                crew.take_in(0.02 / len(crews))
            if during is not None:
                during(time.monotonic() - began)
        for crew, load in zip(crews, loads, strict=True):
            crew.finish(load.timeout + 5)
    finally:
        for crew in crews:
            crew.kill()
    return [crew.slots.between(0, float("inf")) for crew in crews]


def _orders(port: int, load: Load, seed: int) -> Orders:
    return Orders(
        address="127.0.0.1",
        port=port,
        host=f"127.0.0.1:{port}",
        tls=False,
        verify=False,
        stages=[Stage(0, load.seconds, load.rate)],
        visitors=load.visitors,
        seed=seed + 1,
        poisson=load.poisson,
        timeout=load.timeout,
        slow=load.timeout,
        paths=list(load.paths),
        cookies={"sid": session()},
        again=False,
    )


def children_cpu() -> float:
    """Seconds of CPU of processes that this one has started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
