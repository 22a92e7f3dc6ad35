"""`billow cache`: the renditions that are kept."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from billow.cli.out import ago, bar, document, json_option, lines, say, table
from billow.cli.place import Place, place_options
from billow.errors import BadInput, DeclarationError, Error, NotFound, Unavailable
from billow.flow.originals import attach
from billow.rendition import Rendition, Wanted
from billow.renditions import wire
from billow.renditions.client import RenderClient
from billow.renditions.files import CACHE, Kept, all_kept, path_of, remove
from billow.settings import in_force
from billow.units import human_size, size_in_bytes

#: Originals that are looked up at once, and renditions that are asked for at the same time.
_PAGE = 500
_AT_ONCE = 8
#: Seconds that one rendition may take while warming.
_PATIENCE = 120.0

_collection = click.option("--collection", metavar="NAME", help="Only those of a collection.")
_id = click.option("--id", type=int, metavar="N", help="Only those of the original with a number.")


@click.group(invoke_without_command=True)
@place_options
@json_option
@click.pass_context
def cache(ctx: click.Context, place: Place, as_json: bool) -> None:
    """Show how large the cache of renditions is; list, clear, evict, warm it."""
    ctx.obj = place
    if ctx.invoked_subcommand is None:
        _show_size(place, as_json)


@cache.command()
@place_options
@json_option
def size(place: Place, as_json: bool) -> None:
    """Show how much is in the cache, and how much may be."""
    _show_size(place, as_json)


@cache.command("list")
@_collection
@_id
@click.option("--limit", "-n", type=click.IntRange(min=1), help="At most so many; default 50.")
@place_options
@json_option
def list_(
    place: Place, collection: str | None, id: int | None, limit: int | None, as_json: bool
) -> None:
    """List renditions, those used last first."""
    found = sorted(_kept(place, collection, id), key=lambda kept: -kept.used)
    if as_json:
        lines(kept._asdict() for kept in found[:limit])
        return
    shown = found[: limit or 50]
    rows = ((k.collection, k.id, k.name, human_size(k.size), ago(k.used)) for k in shown)
    table(("collection", "id>", "rendition", "size>", "used"), rows, "nothing is kept")
    if len(shown) < len(found):
        say(f"\n{len(shown)} of {len(found)}; --limit N shows more, --json writes all")


@cache.command()
@_collection
@_id
@place_options
@json_option
def clear(place: Place, collection: str | None, id: int | None, as_json: bool) -> None:
    """Remove renditions: all of them, or those of a collection or an original.

    They are made again when they are asked for. What failed lately is tried again, too.
    """
    _remove(place, list(_kept(place, collection, id)), as_json)


@cache.command()
@click.option("--to", "to", metavar="SIZE", required=True, help="What is to stay, such as 500MiB.")
@place_options
@json_option
def evict(place: Place, to: str, as_json: bool) -> None:
    """Remove the renditions used least, until the rest has at most SIZE."""
    try:
        most = size_in_bytes(to)
    except DeclarationError as problem:
        raise BadInput(f"--to: {problem.detail}") from None
    found = sorted(_kept(place, None, None), key=lambda kept: -kept.used)
    sizes = itertools.accumulate(kept.size for kept in found)
    going = [kept for kept, total in zip(found, sizes, strict=True) if total > most]
    _remove(place, going, as_json)


@cache.command()
@click.argument("collection")
@click.argument("ids", nargs=-1, type=int, metavar="[ID...]")
@place_options
@json_option
def warm(place: Place, collection: str, ids: tuple[int, ...], as_json: bool) -> int:
    """Make the renditions of a COLLECTION that `warm=` of its declarations names.

    All originals, or those with the numbers ID. The service has to run.
    """
    if place.service() is None:
        raise Unavailable("the service does not run, so nobody could render; start it first")
    app = place.app()
    attach(app, place.home)
    chosen = app.collections.get(collection)
    if chosen is None:
        known = ", ".join(app.collections) or "none"
        raise NotFound(f"{app.name} has no collection {collection!r}; it has: {known}")
    renditions = [each for each in chosen.renditions.values() if each.warm is not None]
    if not renditions:
        raise BadInput(f"no rendition of {collection} declares warm=")
    numbers = list(ids or _numbers(chosen))
    root = place.folder / CACHE
    wanted = [w for w in _wanted(renditions, numbers) if not path_of(root, w).exists()]
    wrong = asyncio.run(_warm(place.folder, wanted))
    if as_json:
        failed = [{"id": w.id, "rendition": w.name, "error": e.problem()} for w, e in wrong]
        document({"originals": len(numbers), "made": len(wanted) - len(wrong), "failed": failed})
    else:
        for w, e in wrong:
            say(f"{w.id} {w.name}: {e.detail}")
        say(f"made {len(wanted) - len(wrong)} of {len(wanted)} renditions that were not kept yet")
    return 1 if wrong else 0


def _show_size(place: Place, as_json: bool) -> None:
    place.home()
    found = list(_kept(place, None, None))
    limit = in_force("cache_size").value
    total = sum(kept.size for kept in found)
    sums: dict[str, list[int]] = {}
    for kept in found:
        sums.setdefault(kept.collection, []).append(kept.size)
    told = {name: {"files": len(sizes), "bytes": sum(sizes)} for name, sizes in sums.items()}
    if as_json:
        facts = {"files": len(found), "bytes": total, "limit": limit, "collections": told}
        document(facts)
        return
    rows = ((name, len(sizes), human_size(sum(sizes))) for name, sizes in sums.items())
    table(("collection", "files>", "size>"), rows, "nothing is kept")
    say(f"\n{human_size(total)} of {human_size(limit)}")


def _kept(place: Place, collection: str | None, id: int | None) -> Iterator[Kept]:
    place.home()
    found = all_kept(place.folder / CACHE, collection)
    return (kept for kept in found if id is None or kept.id == id)


def _remove(place: Place, going: list[Kept], as_json: bool) -> None:
    root = place.folder / CACHE
    with bar("removing", len(going)) as on:
        gone = []
        for kept in going:
            if remove(root, kept):
                gone.append(kept)
            on(1)
    with contextlib.suppress(OSError), wire.connect(place.folder) as pool:
        pool.sendall(wire.scan())
    freed = sum(kept.size for kept in gone)
    if as_json:
        document({"files": len(gone), "bytes": freed})
    else:
        say(f"removed {len(gone)} files, {human_size(freed)}")


def _numbers(collection: Any) -> Iterator[int]:
    after = 0
    while page := collection.originals(after, _PAGE):
        yield from (original.id for original in page)
        after = page[-1].id


def _wanted(renditions: list[Rendition], numbers: list[int]) -> Iterator[Wanted]:
    for rendition in renditions:
        for id_ in numbers:
            yield from rendition.early(id_)


async def _warm(folder: Path, wanted: list[Wanted]) -> list[tuple[Wanted, Error]]:
    """Have renditions made; what could not be, and why."""
    client, turns = RenderClient(folder), asyncio.Semaphore(_AT_ONCE)
    wrong = []

    async def one(each: Wanted) -> None:
        async with turns:
            try:
                await client.render(each, _PATIENCE)
            except Error as problem:
                wrong.append((each, problem))
            on(1)

    with bar("rendering", len(wanted)) as on:
        await asyncio.gather(*map(one, wanted))
    await client.close()
    return wrong
