"""The chore `billow.archive`: move the files of a job to the cold tier when it is time to."""

from __future__ import annotations

from typing import Any

from billow.app import App
from billow.flow.archive import archive
from billow.flow.done import Done
from billow.home import Home
from billow.options import Limits, Retry

RETRY = Retry(attempts=8, backoff="2 s")
LIMITS = Limits(time="1 h")
CALLS = "archive"


def run(home: Home, app: App, args: dict[str, Any]) -> Done:
    """Archive the files of the job `args["job"]`."""
    return archive(home, app, args["job"])
