"""The cold tier: files that are seldom needed, kept elsewhere and cheaply.

It is another place and another format: compressed, with a checksum of what is stored and one of
what it was made of, and with a catalogue of its own. What is there cannot be read at once: it is
asked for, and can be read when its time has come, sooner or later by the tier of retrieval.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import BinaryIO, NamedTuple, Protocol

from billow.errors import Conflict, Error, Unavailable
from billow.ports.objects import ObjectInfo


class Tier(StrEnum):
    """How soon a file is wanted back."""

    #: In a few minutes, as far as there is capacity.
    EXPEDITED = "expedited"
    #: In a few hours.
    STANDARD = "standard"


#: Seconds from asking for a file until it can be read.
WAITS: Mapping[Tier, float] = {Tier.EXPEDITED: 180.0, Tier.STANDARD: 4 * 3600.0}

#: Expedited retrievals that may wait at the same time.
EXPEDITED_AT_ONCE = 100


class Damaged(Error):
    """The bytes are not those that were stored; they are not served."""

    title = "Damaged"


class NotReady(Conflict):
    """The file was not asked for, or its time has not come."""

    title = "Not ready"


class NoCapacity(Unavailable):
    """No more expedited retrievals now; the standard tier takes any number."""

    title = "No capacity"


class Frozen(NamedTuple):
    """A file in the cold tier."""

    store: str
    key: str
    #: Bytes, SHA-256, type, name and owner of the file as it was and will be again.
    size: int
    sha256: str
    type: str
    name: str
    owner: str
    #: Names this file as it was last put here; another `put`, another claim.
    claim: str
    #: UNIX seconds: when it came here; when it can be read, if it was asked for; when it was
    #: found damaged.
    created: float
    ready: float | None = None
    damaged: float | None = None
    #: Bytes that it takes here.
    packed: int = 0


class Cold(Protocol):
    """All files of a service that are cold. Every method is atomic, and durable when it returns."""

    def put(self, info: ObjectInfo, data: Iterable[bytes] | BinaryIO) -> Frozen:
        """Keep a copy of an object, under its store and key.

        A copy of the same content that is there and not known as damaged stays; its claim is
        renewed, and nobody's former claim counts any more.

        Raises:
            Damaged: `data` does not have the size and SHA-256 of `info`; nothing remains.
            Unavailable: the store is full or cannot be written.
        """
        ...

    def verify(self, store: str, key: str) -> Frozen:
        """Read all of a file back and compare it with both checksums. No waiting for that.

        Raises:
            NotFound: there is no such file.
            Damaged: it is not what was stored; that is noted.
        """
        ...

    def head(self, store: str, key: str) -> Frozen | None:
        """A file's facts."""
        ...

    def overdue(self, before: float, limit: int = 100) -> list[Frozen]:
        """Files that could be read since before `before` (UNIX seconds), and still are here.

        The longest overdue come first; those known as damaged are left out.
        """
        ...

    def list(
        self, store: str, prefix: str = "", after: str | None = None, limit: int = 100
    ) -> list[Frozen]:
        """Files whose key begins with `prefix`, by key, from the first greater than `after`."""
        ...

    def ask(self, store: str, key: str, tier: Tier, speed: float = 1.0) -> Frozen:
        """Ask for a file; `ready` says when it can be read. What was asked for sooner stays so.

        Args:
            store: the file's store.
            key: the file's key.
            tier: how soon it is wanted.
            speed: how many times faster than on the wall clock the waiting passes.

        Raises:
            NotFound: there is no such file.
            NoCapacity: too many expedited retrievals are waiting.
        """
        ...

    def read(self, store: str, key: str) -> Iterable[bytes]:
        """The file as it was, in blocks. It is verified as a whole before the first of them.

        Raises:
            NotFound: there is no such file.
            NotReady: it cannot be read yet.
            Damaged: it is not what was stored; that is noted.
        """
        ...

    def delete(self, store: str, key: str, claim: str) -> bool:
        """Delete a file, if `claim` is still its claim; False if not, or if there was none."""
        ...

    def sweep(self, grace: float = 3600.0) -> int:
        """Remove bytes that belong to no file and are older than `grace` seconds; how many."""
        ...
