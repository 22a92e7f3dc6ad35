"""A page of 5 ms of CPU on one server behind Billow's front."""

from __future__ import annotations

import time

import billow
from billow import site

app = billow.App("five")
app.web(billow.Web(min=1, max=1, per_account=1_000_000, per_client=1_000_000))


@app.page("/img/{rest:path}", who="anybody")
def image(request: site.Request, rest: str) -> str:
    """Works as long as 5 ms of a core take."""
    until = time.thread_time() + 0.005
    while time.thread_time() < until:
        pass
    return "ok"
