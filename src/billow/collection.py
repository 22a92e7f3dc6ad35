"""A collection: originals that people give, each under a number of its own."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

from billow.errors import Conflict
from billow.options import File
from billow.owner import LOCAL


class Original(NamedTuple):
    """What a collection knows of one of its originals."""

    #: Its number: unique in the collection, ascending, and never given again.
    id: int
    #: What it was called when it came, made safe.
    name: str
    #: Bytes.
    size: int
    #: SHA-256 of the bytes in hexadecimal.
    sha256: str
    #: The account's id; "local" where there are no accounts.
    owner: str
    #: When it came, UNIX seconds.
    created: float


class Shelf(Protocol):
    """Where the originals of one collection are kept; see `Collection` for what its parts do."""

    def add(self, data: Iterable[bytes] | BinaryIO, name: str, owner: str) -> Original:
        """Keep an original."""
        ...

    def get(self, id: int) -> Original:
        """The facts of an original."""
        ...

    def path(self, id: int) -> Path:
        """An original as a file."""
        ...

    def originals(self, after: int, limit: int) -> list[Original]:
        """Originals by number."""
        ...

    def delete(self, id: int) -> bool:
        """Delete an original."""
        ...


class Collection:
    """Made by `app.collection(...)`. It can be used wherever the service runs, and in tests.

    Calls block, as they read and write the disk: an `async` function calls them in a thread. Who
    may see or change what is for the app to decide.
    """

    def __init__(self, name: str, store: str, accepts: File) -> None:
        self.name = name
        #: Name of the store that the originals are kept in.
        self.store = store
        self.accepts = accepts
        self._shelf: Shelf | None = None

    def __repr__(self) -> str:
        return f"<Collection {self.name}>"

    def attach(self, shelf: Shelf) -> None:
        """Say where the originals are kept. Billow does this when the service starts."""
        self._shelf = shelf

    def add(self, data: Iterable[bytes] | BinaryIO, name: str, owner: str = LOCAL) -> int:
        """Keep an original; it is durable when this returns its new number.

        Args:
            data: an open file, or blocks of bytes.
            name: what it is called; its ending must be an accepted one.
            owner: the id of the account that it belongs to.

        Raises:
            NotAccepted: the name says that it is of another kind.
            TooLarge: more bytes came than are accepted.
            Unavailable: the disk is full or cannot be written.
        """
        self.accepts.check(name)
        return self._kept.add(data, name, owner).id

    def get(self, id: int) -> Original:
        """What is known of an original.

        Raises:
            NotFound: there is none of this number, or it was deleted.
        """
        return self._kept.get(id)

    def open(self, id: int) -> BinaryIO:
        """An original, opened for reading bytes.

        Raises:
            NotFound: there is none of this number, or it was deleted.
        """
        return self.path(id).open("rb")

    def path(self, id: int) -> Path:
        """An original as a file that must not be changed, and may vanish when it is deleted.

        Raises:
            NotFound: there is none of this number, or it was deleted.
        """
        return self._kept.path(id)

    def originals(self, after: int = 0, limit: int = 100) -> list[Original]:
        """Originals by number, the first greater than `after`."""
        return self._kept.originals(after, limit)

    def delete(self, id: int) -> bool:
        """Delete an original and everything made of it; False if there was none."""
        return self._kept.delete(id)

    @property
    def _kept(self) -> Shelf:
        if self._shelf is None:
            raise Conflict(
                f"collection {self.name!r} can be used only inside of the running service, or "
                "after billow.testing.memory_home(app)"
            )
        return self._shelf
