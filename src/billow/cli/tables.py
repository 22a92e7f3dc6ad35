"""`billow tables`: what functions wrote."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator

import click

from billow.cli.out import document, json_option, lines, say
from billow.cli.out import table as show_table
from billow.cli.place import Place, place_options
from billow.errors import NotFound
from billow.home import Home
from billow.ports.tables import Item

_PAGE = 500


@click.command()
@click.argument("table", required=False)
@click.argument("key", required=False)
@click.option("--prefix", default="", help="Only items whose key begins with this.")
@click.option(
    "--limit", "-n", type=click.IntRange(min=1), help="At most so many; default 20, or all as JSON."
)
@place_options
@json_option
def tables(
    place: Place, table: str | None, key: str | None, prefix: str, limit: int | None, as_json: bool
) -> None:
    """Show what functions wrote to tables.

    Without arguments the list of tables; else the items of one TABLE, or the one under KEY.
    """
    home = place.home()
    if table is None:
        _list_tables(home, as_json)
    elif key is None:
        _list_items(home, table, prefix, limit, as_json)
    elif item := home.tables.get(table, key):
        document({"key": item.key, "version": item.version, "value": item.value})
    else:
        raise NotFound(f"table {table!r} has no item {key!r}")


def _list_tables(home: Home, as_json: bool) -> None:
    rows = [(name, home.tables.count(name)) for name in home.tables.names()]
    if as_json:
        lines({"table": name, "items": count} for name, count in rows)
    else:
        show_table(("table", "items>"), rows, "no tables")


def _list_items(home: Home, table: str, prefix: str, limit: int | None, as_json: bool) -> None:
    if table not in home.tables.names():
        known = ", ".join(home.tables.names()) or "none"
        raise NotFound(f"there is no table {table!r}; there are: {known}")
    found = _items(home, table, prefix)
    if as_json:
        items = itertools.islice(found, limit)
        lines({"key": i.key, "version": i.version, "value": i.value} for i in items)
        return
    limit = limit or 20
    rows = [
        (item.key, item.version, json.dumps(item.value, ensure_ascii=False))
        for item in itertools.islice(found, limit)
    ]
    show_table(("key", "version>", "value"), rows, "no items")
    if len(rows) == limit:
        say("\nthe first; --limit N shows more, --json writes all")


def _items(home: Home, table: str, prefix: str) -> Iterator[Item]:
    after = None
    while page := home.tables.query(table, prefix, after, _PAGE):
        yield from page
        after = page[-1].key
