"""The chore `billow.thaw`: bring a file back from the cold tier, step by step."""

from __future__ import annotations

from typing import Any

from billow.app import App
from billow.flow.done import Done
from billow.flow.restore import restore
from billow.home import Home
from billow.options import Limits, Retry

RETRY = Retry(attempts=8, backoff="2 s")
LIMITS = Limits(time="1 h")
CALLS = "archive"


def run(home: Home, app: App, args: dict[str, Any]) -> Done:
    """Do the next step for the file `args["key"]` of `args["store"]`."""
    return restore(home, app, args["store"], args["key"], args.get("claim"))
