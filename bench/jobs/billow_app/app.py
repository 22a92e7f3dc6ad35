"""The benchmark's jobs as a Billow app.

It has a folder of its own because an app's folder is put on `sys.path`, where the modules beside
it would hide the libraries they are named after.
"""

from __future__ import annotations

from typing import Any

import billow
from bench.jobs import payload

app = billow.App("bench")


@app.function()
def no_op(given: dict[str, Any]) -> dict[str, Any]:
    """The job that is timed."""
    return payload.no_op(given)


@app.function()
def short(given: dict[str, Any]) -> dict[str, Any]:
    """The kill test's job."""
    return payload.short(given)
