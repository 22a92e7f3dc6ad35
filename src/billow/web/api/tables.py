"""Tables and their items."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from billow.errors import NotFound
from billow.web.api.endpoint import PREFIX, Answer, Endpoint, Parameter, Query
from billow.web.api.shapes import NEXT, item_shape, list_of, ref
from billow.web.context import Context, context_of
from billow.web.replies import reply


async def list_tables(request: Request, _: Query) -> Response:
    """All tables with their number of items."""
    context = context_of(request)

    def look() -> list[dict[str, object]]:
        tables = context.home.tables
        return [{"name": name, "items": tables.count(name)} for name in tables.names()]

    return reply({"tables": await context.run(look)})


async def list_items(request: Request, query: Query) -> Response:
    """Items of a table, by key; `next` leads to the following page."""
    context, table = context_of(request), request.path_params["table"]
    await _need(context, table)
    limit, prefix = query["limit"], query["prefix"]
    find = context.home.tables.query
    items = await context.run(find, table, prefix, query["after"], limit + 1)
    more = None
    if len(items) > limit:
        place = urlencode({"prefix": prefix, "after": items[limit - 1].key, "limit": limit})
        more = f"{PREFIX}/tables/{table}?{place}"
    return reply({"items": [item_shape(item) for item in items[:limit]], "next": more})


async def get_item(request: Request, _: Query) -> Response:
    """One item. Its ETag is its version."""
    context = context_of(request)
    table, key = request.path_params["table"], request.path_params["key"]
    item = await context.run(context.home.tables.get, table, key)
    if item is None:
        raise NotFound(f"the table {table[:80]!r} has no item {key[:80]!r}")
    return reply(item_shape(item), headers={"ETag": f'"{item.version}"'})


async def _need(context: Context, table: str) -> None:
    if table not in await context.run(context.home.tables.names):
        raise NotFound(f"there is no table {table[:80]!r}")


ENDPOINTS = [
    Endpoint(
        "GET",
        f"{PREFIX}/tables",
        list_tables,
        {200: Answer("All tables", {"application/json": list_of("Table")})},
    ),
    Endpoint(
        "GET",
        f"{PREFIX}/tables/{{table}}",
        list_items,
        {200: Answer("A page of items", {"application/json": list_of("Item", next=NEXT)})},
        parameters=(
            Parameter("prefix", "Only keys that begin with this", default=""),
            Parameter("after", "Only keys greater than this"),
            Parameter(
                "limit", "Items on a page", {"type": "integer", "minimum": 1, "maximum": 1000}, 100
            ),
        ),
        problems=(404,),
    ),
    Endpoint(
        "GET",
        f"{PREFIX}/tables/{{table}}/{{key:path}}",
        get_item,
        {200: Answer("The item", {"application/json": ref("Item")}, {"ETag": "Its version"})},
        problems=(404,),
    ),
]
