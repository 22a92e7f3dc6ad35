"""What the service keeps: queues with their messages, tables with their items, stores."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from billow.errors import NotFound
from billow.web.pages.asked import Asked
from billow.web.pages.view import show

#: Things on a page, and messages shown of a queue.
PAGE = 50
_PEEKED = 20


def routes() -> list[BaseRoute]:
    """Addresses of this screen."""
    return [
        Route("/data", data_page, methods=["GET"], name="data"),
        Route("/data/queues/{name}", queue_page, methods=["GET"], name="queue"),
        Route("/data/tables/{name}", table_page, methods=["GET"], name="table"),
        Route("/data/stores/{name}", store_page, methods=["GET"], name="store"),
    ]


async def data_page(request: Request) -> Response:
    """All queues, tables and stores."""
    return await show(request, "data", build)


async def queue_page(request: Request) -> Response:
    """A queue's oldest messages."""
    return await show(request, "queue", build_queue)


async def table_page(request: Request) -> Response:
    """A table's items by key."""
    return await show(request, "table", build_table)


async def store_page(request: Request) -> Response:
    """A store's objects by key."""
    return await show(request, "store", build_store)


def build(asked: Asked) -> dict[str, Any]:
    """What the page shows."""
    functions = [(f, asked.home.ledger.counts(f.name)) for f in asked.app.functions.values()]
    names = sorted({*asked.home.queues.names(), *asked.app.subscribed})
    return {
        "job_queues": functions,
        "topics": list(asked.app.topics.values()),
        "queues": [(name, asked.home.queues.counts(name)) for name in names],
        "tables": [(name, asked.home.tables.count(name)) for name in asked.home.tables.names()],
        "stores": sorted({*asked.app.stores, *asked.home.objects.stores()}),
    }


def build_queue(asked: Asked) -> dict[str, Any]:
    """A queue's counts and its oldest messages.

    Raises:
        NotFound: there is no such queue.
    """
    name = asked.query["name"]
    if name not in {*asked.home.queues.names(), *asked.app.subscribed}:
        raise NotFound(f"there is no queue {name[:60]!r}")
    messages = [(m, _readable(m.body)) for m in asked.home.queues.peek(name, _PEEKED)]
    return {"name": name, "counts": asked.home.queues.counts(name), "messages": messages}


def build_table(asked: Asked) -> dict[str, Any]:
    """A page of a table's items.

    Raises:
        NotFound: there is no such table.
    """
    name = asked.query["name"]
    if name not in asked.home.tables.names():
        raise NotFound(f"there is no table {name[:60]!r}")
    items = asked.home.tables.query(name, after=asked.query.get("after") or None, limit=PAGE + 1)
    more = items[PAGE - 1].key if len(items) > PAGE else None
    return {
        "name": name,
        "total": asked.home.tables.count(name),
        "items": items[:PAGE],
        "more": more,
    }


def build_store(asked: Asked) -> dict[str, Any]:
    """A page of a store's objects.

    Raises:
        NotFound: there is no such store.
    """
    name = asked.query["name"]
    if name not in asked.app.stores and name not in asked.home.objects.stores():
        raise NotFound(f"there is no store {name[:60]!r}")
    found = asked.home.objects.list(name, after=asked.query.get("after") or None, limit=PAGE + 1)
    more = found[PAGE - 1].key if len(found) > PAGE else None
    store = asked.app.stores.get(name)
    return {
        "name": name,
        "objects": found[:PAGE],
        "more": more,
        "copies": store.copies if store else [],
    }


def _readable(body: str) -> str:
    """A message's body, as indented JSON if it is JSON."""
    try:
        return json.dumps(json.loads(body), ensure_ascii=False, indent=2)
    except ValueError:
        return body
