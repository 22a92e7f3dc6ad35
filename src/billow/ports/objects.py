"""Objects: files by store and key. What arrives can set off copies and jobs, in the same step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol, TypeAlias

from billow.ports.ledger import Accepted, Submission


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """An object, without its bytes."""

    store: str
    key: str
    size: int
    sha256: str
    type: str = "application/octet-stream"
    #: What the client called it, made safe.
    name: str = ""
    owner: str = "local"
    metadata: Mapping[str, str] = field(default_factory=dict)
    #: UNIX seconds.
    created: float = 0.0


class Copy(NamedTuple):
    """Copy what arrived to another store, under the same key."""

    store: str


#: What an arriving object sets off. Pure: called inside the step that records the object.
ArrivalRule: TypeAlias = Callable[[ObjectInfo], list[Copy | Submission]]


class Staged(NamedTuple):
    """Durable bytes that no object refers to yet.

    They become one by `put` within half an hour; what stays without is swept away after an hour.
    """

    blob: str
    size: int
    sha256: str


class Stored(NamedTuple):
    """An object that is durable, and the jobs that its arrival made, in this store or copies."""

    info: ObjectInfo
    jobs: list[Accepted]


class Objects(Protocol):
    """All objects of a service."""

    def put(
        self,
        store: str,
        data: Iterable[bytes] | BinaryIO | Staged,
        *,
        key: str | None = None,
        name: str = "",
        type: str = "application/octet-stream",
        owner: str = "local",
        metadata: Mapping[str, str] | None = None,
        limit: int | None = None,
        sha256: str | None = None,
    ) -> Stored:
        """Store an object; when it returns, bytes, row, copies and jobs are all durable.

        Without `key` it gets a new one: an id, a slash and the safe name. An existing key is
        replaced as a whole. Nothing remains of a put that fails. A put whose jobs all exist
        already, by their idempotency keys, is a repetition: it gives those jobs and stores nothing.
        Bytes that were staged are used up, whatever becomes of the put.

        Raises:
            TooLarge: more than `limit` bytes came.
            BadInput: the bytes do not have the given `sha256`, or the key is impossible
                (empty, over 1 KiB, control characters, an empty or dotted segment).
            Conflict: an idempotency key of a job was used for something else.
            Unavailable: the store is full or cannot be written, or the bytes were staged too long
                ago.
        """
        ...

    def stage(self, data: Iterable[bytes] | BinaryIO, limit: int | None = None) -> Staged:
        """Make bytes durable without an object; `put` or the effect `Keep` makes them one.

        Raises:
            TooLarge: more than `limit` bytes came.
            Unavailable: the store is full or cannot be written.
        """
        ...

    def unstage(self, staged: Staged) -> None:
        """Forget bytes that were staged, unless they became an object."""
        ...

    def head(self, store: str, key: str) -> ObjectInfo | None:
        """An object's facts."""
        ...

    def read(self, store: str, key: str, start: int = 0, end: int | None = None) -> Iterable[bytes]:
        """The bytes from `start` to before `end`, in blocks.

        Raises:
            NotFound: no such object.
            BadInput: the range lies outside of the object.
        """
        ...

    def version(self, store: str, key: str) -> str | None:
        """Names an object's present content; another `put` or `Keep`, another version."""
        ...

    def path(self, store: str, key: str) -> Path | None:
        """The object as a local file that must not be changed; None if there is no such object."""
        ...

    def stores(self) -> list[str]:
        """Stores that hold something, sorted."""
        ...

    def usage(self) -> dict[str, tuple[int, int]]:
        """How many objects each store has, and how many bytes they are together."""
        ...

    def owned(self, owner: str, limit: int = 100) -> list[ObjectInfo]:
        """Some objects of an owner, in any store and order."""
        ...

    def list(
        self, store: str, prefix: str = "", after: str | None = None, limit: int = 100
    ) -> list[ObjectInfo]:
        """Objects whose key begins with `prefix`, by key, from the first greater than `after`."""
        ...

    def copy(self, store: str, key: str, to_store: str, to_key: str | None = None) -> Stored:
        """Copy an object with its metadata; an arrival in `to_store`.

        Raises:
            NotFound: no such object.
        """
        ...

    def delete(self, store: str, key: str, version: str | None = None) -> bool:
        """Delete an object; False if there was none. Copies stay.

        With `version` it is deleted only if that is still its version.
        """
        ...

    def sweep(self, grace: float = 3600.0) -> int:
        """Remove bytes that no object refers to and that are older than `grace` seconds.

        They are left by puts that were cut off. Returns how many files went.
        """
        ...
