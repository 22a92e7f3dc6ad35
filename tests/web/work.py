"""A worker played by hand."""

from __future__ import annotations

import json
import time
from typing import Any

from billow.home import Home
from billow.job import Failure
from billow.ports.ledger import Completed, Failed, Lease


def take(home: Home, function: str, worker: str = "w-1") -> Lease:
    """Take the next job of a function."""
    [lease] = home.ledger.exchange(function, worker, [], 1, 30.0).leases
    return lease


def complete(home: Home, function: str, result: Any = None, worker: str = "w-1") -> Lease:
    """Take the next job of a function and finish it."""
    lease = take(home, function, worker)
    finish(home, lease, result, worker)
    return lease


def finish(home: Home, lease: Lease, result: Any = None, worker: str = "w-1") -> None:
    """Record the result of a job that was taken."""
    now = time.time()
    outcome = Completed(lease.seq, lease.token, json.dumps(result), now, now)
    assert home.ledger.exchange(lease.function, worker, [outcome], 0, 30.0).recorded == [True]


def fail(
    home: Home,
    function: str,
    message: str = "no such word",
    retry_in: float | None = None,
    kind: str = "raised",
) -> Lease:
    """Take the next job of a function and let it fail; for good, unless it may be tried again."""
    lease = take(home, function)
    now = time.time()
    failure = Failure(kind, message, "Traceback (most recent call last): …")
    outcome = Failed(lease.seq, lease.token, failure, now, now, retry_in)
    assert home.ledger.exchange(function, "w-1", [outcome], 0, 30.0).recorded == [True]
    return lease
