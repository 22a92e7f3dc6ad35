"""Uploads that go straight to the store: with a signed form, or in parts that can be resumed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple, Protocol

from billow.errors import BadInput, Conflict
from billow.ports.objects import Stored
from billow.units import GiB, MiB, human_size

#: S3's bounds: bytes of a part (the last may be smaller), and parts of an upload.
MIN_PART = 5 * MiB
MAX_PART = 5 * GiB
MAX_PARTS = 10_000
#: Seconds after which an upload that nobody completed is swept away.
LIFETIME = 86400.0


class SigningKey(NamedTuple):
    """What forms and addresses are signed with."""

    #: Names the key in what it signed.
    id: str
    secret: str
    #: UNIX seconds.
    made: float
    region: str = "local"

    def __repr__(self) -> str:
        return f"<SigningKey {self.id}>"


class Part(NamedTuple):
    """A durable part of an upload. Parts are numbered from 1."""

    number: int
    size: int
    sha256: str

    @property
    def etag(self) -> str:
        """Names the part's content when the upload is completed."""
        return f'"{self.sha256}"'


class Named(NamedTuple):
    """A part as who completes an upload names it."""

    number: int
    etag: str


@dataclass(frozen=True, slots=True)
class Multipart:
    """An upload in parts. All parts have `part_size` bytes, but the last has what is left."""

    id: str
    store: str
    key: str
    #: Bytes of the whole.
    size: int
    part_size: int
    name: str = ""
    type: str = "application/octet-stream"
    owner: str = "local"
    metadata: Mapping[str, str] = field(default_factory=dict)
    #: UNIX seconds: begun; became an object.
    created: float = 0.0
    completed: float | None = None

    @property
    def count(self) -> int:
        """How many parts it has."""
        return max(1, math.ceil(self.size / self.part_size))

    def length(self, number: int) -> int:
        """Bytes of a part.

        Raises:
            BadInput: there is no part of this number.
        """
        if not 1 <= number <= self.count:
            raise BadInput(f"parts are numbered 1 to {self.count}, not {number}")
        return min(self.part_size, self.size - (number - 1) * self.part_size)


class Uploads(Protocol):
    """Where signed uploads go, and the keys they are signed with."""

    def signing_keys(self) -> list[SigningKey]:
        """The key that signs, then those whose signatures still count."""
        ...

    def address(self, store: str) -> str:
        """Where forms for `store` are posted; its objects are below. May be without a host."""
        ...

    def put_once(
        self,
        store: str,
        data: Iterable[bytes] | BinaryIO,
        *,
        key: str,
        name: str = "",
        type: str = "application/octet-stream",
        owner: str = "local",
        metadata: Mapping[str, str] | None = None,
        limit: int | None = None,
    ) -> Stored:
        """Store an object whose key is new, or that has the same bytes already.

        Otherwise as `Objects.put`.

        Raises:
            Conflict: there is an object of this key with other bytes.
            TooLarge, BadInput, Unavailable: see `Objects.put`.
        """
        ...

    def create(
        self,
        store: str,
        key: str,
        *,
        size: int,
        part_size: int,
        name: str = "",
        type: str = "application/octet-stream",
        owner: str = "local",
        metadata: Mapping[str, str] | None = None,
    ) -> Multipart:
        """Begin an upload in parts.

        Raises:
            BadInput: the key is impossible, or the sizes are outside of S3's bounds.
        """
        ...

    def get(self, id: str) -> Multipart | None:
        """An upload, completed or not, until it is swept away."""
        ...

    def unfinished(self, owner: str) -> list[Multipart]:
        """The unfinished uploads of an owner, newest first."""
        ...

    def put_part(
        self, id: str, number: int, data: Iterable[bytes] | BinaryIO, sha256: str | None = None
    ) -> Part:
        """Store a part, or replace it; it is durable when this returns.

        Raises:
            NotFound: there is no such upload.
            Conflict: it is completed.
            TooLarge: more bytes than the part has.
            BadInput: fewer bytes, or not the given SHA-256, or no such part.
            Unavailable: the store is full or cannot be written.
        """
        ...

    def parts(self, id: str) -> Sequence[Part]:
        """The parts that are there, by number; none once it is completed."""
        ...

    def complete(self, id: str, named: Sequence[Named]) -> Stored:
        """Make the parts one object: its row, copies and jobs in one step, and only once.

        Completing again what is completed gives the object, without jobs.

        Raises:
            NotFound: there is no such upload, or its object was deleted.
            BadInput: the parts named are not all of them, in order.
            Conflict: a part named is not there with this content, or the key is taken.
            Unavailable: the store is full or cannot be written.
        """
        ...

    def abort(self, id: str) -> bool:
        """Give up an unfinished upload with its parts; False if there was none."""
        ...

    def sweep(self, age: float = LIFETIME) -> int:
        """Forget uploads that were begun more than `age` seconds ago; returns how many."""
        ...


def check_sizes(size: int, part_size: int) -> None:
    """Check the sizes of an upload in parts.

    Raises:
        BadInput: they are outside of S3's bounds.
    """
    if not MIN_PART <= part_size <= MAX_PART:
        raise BadInput(f"a part has {human_size(MIN_PART)} to {human_size(MAX_PART)}")
    if not 0 <= size <= part_size * MAX_PARTS:
        raise BadInput(f"an upload has at most {MAX_PARTS} parts")


def check_named(upload: Multipart, held: Iterable[Part], named: Sequence[Named]) -> list[Part]:
    """The parts that make up an upload, if those named are right.

    Raises:
        BadInput: they are not all of them, in order.
        Conflict: one is not there with this content.
    """
    if [part.number for part in named] != list(range(1, upload.count + 1)):
        raise BadInput(f"name the parts 1 to {upload.count}, each once and in order")
    there = {part.number: part for part in held}
    for number, etag in named:
        if number not in there:
            raise Conflict(f"part {number} has not been uploaded", part=number)
        if there[number].etag.strip('"') != etag.strip('"'):
            raise Conflict(f"part {number} was uploaded with another content", part=number)
    return [there[number] for number, _ in named]
