"""A build that measures, logs and traces nothing: `python -m bench.ops.bare PROCESS ARGUMENTS`.

What only serves metrics, lines and spans is replaced by nothing in processes that are otherwise
those of the service. What users see stays: ids of requests, counts on the board, failures.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import billow.web.__main__ as web
import billow.worker.__main__ as worker
from billow.front.log import AccessLog
from billow.keeper import run
from billow.ops import shipping
from billow.ops.logs import shipper
from billow.ops.recorder import Recorder
from billow.web import access, metrics
from billow.worker import child, telling, tracing
from billow.worker.measuring import Measuring
from billow.worker.process import ChildProcess

_HERE = "bench.ops.bare"


def _nothing(*_: Any, **__: Any) -> None:
    pass


def _silence(kind: Any, *names: str) -> None:
    for name in names:
        setattr(kind, name, _nothing)


def _quiet() -> None:
    """Nothing is recorded, and nothing is shipped."""
    _silence(Recorder, "count", "gauge", "observe", "observe_all")
    _silence(shipping.Shipper, "stop")
    shipping.Shipper.start = lambda self: self  # type: ignore[method-assign]
    _silence(shipper.Shipper, "start", "stop", "say")


def run_worker(arguments: list[str]) -> int:
    """A worker."""
    _quiet()
    _silence(Measuring, "asked", "completed", "failed")
    _silence(telling.Telling, "ended")
    _silence(tracing, "ended")
    _silence(worker, "log_to")
    bare: Any = worker
    bare.ChildProcess = lambda settings, **_: ChildProcess(settings, module=f"{_HERE}_child")
    return worker.main(arguments)


def run_child(arguments: list[str]) -> int:
    """A worker's child. Without a pipe for lines it catches none."""
    _silence(child, "enter")
    return child.main(arguments)


def run_web(arguments: list[str]) -> int:
    """A web server."""
    _quiet()
    _silence(web, "log_to")
    _silence(metrics.Metrics, "count", "count_rendition")
    _silence(access.Access, "_write_down")
    bare: Any = web
    bare.measured = lambda home: home
    bare = access
    bare.enter = bare.leave = _nothing
    bare._traceparent = lambda _: ""
    return web.main(arguments)


def run_service(arguments: list[str]) -> int:
    """A service whose web servers are bare: APP FOLDER PORT. Its front has no access log."""
    app, folder, port = arguments
    run(app, Path(folder), port=int(port), web=(sys.executable, "-m", _HERE, "web"))
    return 0


if __name__ == "__main__":
    _silence(AccessLog, "add")
    runs = {"worker": run_worker, "child": run_child, "web": run_web, "service": run_service}
    sys.exit(runs[sys.argv[1]](sys.argv[2:]))
