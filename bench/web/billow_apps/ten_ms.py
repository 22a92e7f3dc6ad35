"""A page of about 10 ms that answers 20 KB, on three servers of Billow's pool."""

from __future__ import annotations

import asyncio
import os

import billow
from billow import site

BODY = os.urandom(20_000).hex()[:20_000]

app = billow.App("ten")
app.web(billow.Web(min=3, max=3, per_account=1_000_000))


@app.page("/img/{rest:path}", who="anybody")
async def image(request: site.Request, rest: str) -> str:
    """Waits as for a database, then answers."""
    await asyncio.sleep(0.01)
    return BODY
