"""A collection: originals that people give, each under a number of its own."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, Protocol

from billow.errors import Conflict, DeclarationError
from billow.options import File, Limits
from billow.owner import LOCAL
from billow.rendition import LIMITS, Allow, Rendition, Terms, Wanted, Who
from billow.units import Duration, seconds


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

    def render(self, wanted: Wanted, within: float) -> bytes:
        """The bytes of a rendition."""
        ...

    def warm(self, wanted: list[Wanted]) -> None:
        """Have renditions made ahead."""
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
        self.renditions: dict[str, Rendition] = {}
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

    def render(
        self, rendition: Rendition, id: int, *, within: Duration = "60 s", **params: Any
    ) -> bytes:
        """A rendition for the app's own use, made if need be, in the pool with its limits.

        `allow` and `values` are for visitors; they are not asked here. In a home in memory the
        function is simply called.

        Args:
            rendition: of this collection; of several formats the last.
            id: the original's number.
            within: how long to wait for it.
            params: the function's arguments.

        Raises:
            BadInput: the arguments do not fit the function, or nothing can be made of the original.
            NotFound: there is no such original.
            Unavailable: too much waits, or it takes too long.
        """
        wanted = rendition.wanted(id, params, rendition.last_format)
        return self._kept.render(wanted, seconds(within))

    def warm(self, id: int) -> None:
        """Have what `warm=` of the renditions names made soon, when the pool has time for it.

        Nobody waits for it, and nobody is told if it fails: whoever asks finds it, or has it made.
        """
        found = [wanted for each in self.renditions.values() for wanted in each.early(id)]
        if found:
            self._kept.warm(found)

    def rendition(
        self,
        path: str,
        *,
        allow: Allow | None = None,
        values: Mapping[str, Container[Any]] | None = None,
        formats: tuple[str, ...] = (),
        who: Who = "user",
        give_up_after: Duration = "60 s",
        limits: Limits | None = None,
        salt: str | None = None,
        warm: Callable[[int], Iterable[Mapping[str, Any]]] | None = None,
    ) -> Callable[[Callable[..., Any]], Rendition]:
        """Declare what a function makes of an original at an address; see docs/renditions.md.

        The function has a parameter annotated `billow.Upload` and returns bytes. It is called once
        for each set of arguments, however many ask, in a process apart with `limits`; what it
        returned is kept, for as long as there is room.

        Args:
            path: such as "/img/{size:int}/{id:int}.jpg"; its ending says what the bytes are.
            allow: called with a `billow.rendition.Asked`, `id` and, by name, the address's other
                parts; returns the arguments that the address does not say, None if this one may
                not have it, or raises an error. A coroutine function runs in the event loop.
            values: which values a part of the address may have, such as `{"size": (240, 1440)}`.
            formats: such as ("avif", "webp", "jpeg"): the first that the browser takes is what the
                function's parameter `format` gets; the last is for those that say nothing.
            who: who may ask at all, where there are accounts.
            give_up_after: how long somebody waits; then they are told to come again.
            limits: what one rendering may use.
            salt: names the code that makes it; another salt makes everything anew. If not given,
                the digest of the file that the function stands in.
            warm: given an original's number, the sets of arguments that are made before anybody
                asks, by `collection.warm(id)` and `billow cache warm`; a set may say the `format`.

        Raises:
            DeclarationError: it cannot work; the message says why.
        """

        def declare(call: Callable[..., Any]) -> Rendition:
            terms = Terms(
                allow,
                values or {},
                formats,
                who,
                give_up_after,
                limits or LIMITS,
                salt,
                warm,
            )
            made = Rendition(call, self.name, path, terms)
            if made.name in self.renditions:
                raise DeclarationError(f"rendition {made.name!r} is declared twice")
            self.renditions[made.name] = made
            return made

        return declare

    @property
    def _kept(self) -> Shelf:
        if self._shelf is None:
            raise Conflict(
                f"collection {self.name!r} can be used only inside of the running service, or "
                "after billow.testing.memory_home(app)"
            )
        return self._shelf
