"""The originals of a collection, in the object store under their numbers."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO

from billow.app import App
from billow.collection import Collection, Original
from billow.errors import BadInput, NotFound, Rejected
from billow.home import Home
from billow.ports.objects import ObjectInfo
from billow.rendition import Wanted
from billow.renditions import asking
from billow.renditions.files import CACHE, place_of
from billow.upload import Upload

#: The table that has the last number given, by store.
NUMBERS = "billow-numbers"

#: Digits of a number in a key, so that keys are in the order of the numbers. SQLite's largest
#: integer has 19.
_DIGITS = 19
_BEYOND: int = 10**_DIGITS


def attach(app: App, home: Callable[[], Home]) -> None:
    """Let the collections and the database of an app be used with what `home` gives."""
    for collection in app.collections.values():
        collection.attach(Originals(collection, home))
    if app.database is not None:
        app.database.attach(lambda: home().folder)


def key_of(id: int) -> str:
    """The key of the object that holds original `id`."""
    return f"{id:0{_DIGITS}}"


class Originals:
    """The shelf of one collection.

    Args:
        collection: whose it is.
        home: gives the home that keeps it; called when it is first needed.
    """

    def __init__(self, collection: Collection, home: Callable[[], Home]) -> None:
        self._collection = collection
        self._store = collection.store
        self._home = home

    def add(self, data: Iterable[bytes] | BinaryIO, name: str, owner: str) -> Original:
        """Take the next number, then keep the original under it.

        Should the second not succeed, the number stays unused.
        """
        home = self._home()
        number = home.tables.add(NUMBERS, self._store, "last", 1)
        limit = self._collection.accepts.max_size
        stored = home.objects.put(
            self._store, data, key=key_of(number), name=name, owner=owner, limit=limit
        )
        return _original(stored.info)

    def get(self, id: int) -> Original:
        """The facts of an original."""
        info = self._home().objects.head(self._store, key_of(id)) if _possible(id) else None
        if info is None:
            raise self._missing(id)
        return _original(info)

    def path(self, id: int) -> Path:
        """An original as a file."""
        path = self._home().objects.path(self._store, key_of(id)) if _possible(id) else None
        if path is None:
            raise self._missing(id)
        return path

    def originals(self, after: int, limit: int) -> list[Original]:
        """Originals by number."""
        start = key_of(after) if _possible(after) else None
        return [
            _original(info) for info in self._home().objects.list(self._store, "", start, limit)
        ]

    def delete(self, id: int) -> bool:
        """Delete an original, then all that was made of it.

        Renditions that a crash leaves go when the cache is put in order.
        """
        home = self._home()
        found = _possible(id) and home.objects.delete(self._store, key_of(id))
        if home.folder is not None and _possible(id):
            made = place_of(home.folder / CACHE, self._collection.name, id)
            shutil.rmtree(made, ignore_errors=True)
        return found

    def render(self, wanted: Wanted, within: float) -> bytes:
        """The bytes of a rendition."""
        folder = self._home().folder
        if folder is not None:
            return asking.render(folder, wanted, within)
        rendition = self._collection.renditions[wanted.rendition]
        try:
            made = rendition.call(**rendition.arguments(wanted, self.upload(wanted.id)))
        except Rejected as wrong:
            raise BadInput(wrong.detail) from None
        assert isinstance(made, bytes)
        return made

    def warm(self, wanted: list[Wanted]) -> None:
        """Have renditions made ahead; a home in memory has nobody who would."""
        folder = self._home().folder
        if folder is not None:
            asking.warm(folder, wanted)

    def upload(self, id: int) -> Upload:
        """An original as a function gets it.

        Raises:
            NotFound: there is none of this number, or it was deleted.
        """
        path, found = self.path(id), self.get(id)
        return Upload(path, found.name, found.size, found.sha256, self._store, key_of(id))

    def _missing(self, id: int) -> NotFound:
        return NotFound(f"{self._collection.name} has no original {id}")


def _possible(id: int) -> bool:
    return 0 < id < _BEYOND


def _original(info: ObjectInfo) -> Original:
    return Original(int(info.key), info.name, info.size, info.sha256, info.owner, info.created)
