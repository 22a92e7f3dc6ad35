"""The library: originals, what is known of them, and how they come and go."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, TypeAlias, TypeVar

from pictures import KINDS

from billow import site
from billow.collection import Collection
from billow.sql import ConstraintBroken, Database
from gallery.albums import Albums
from gallery.links import AlbumLinks, Links
from gallery.metadata import Metadata
from gallery.people import People
from gallery.photo import Level, Photo, Visibility
from gallery.photos import Photos, Viewer
from gallery.words import CAPTION, OVERLAY, line, tags_in

T = TypeVar("T")

#: Tells what an original, by its number, says of itself; raises BadInput if it cannot be shown.
Read: TypeAlias = Callable[[int], Metadata]

#: Originals looked at by each call of `tidy`, and seconds that taking one in may last.
_LOOKED_AT, _UNDER_WAY = 50, 3600.0
#: What people may say of a photo; nothing else of it is theirs to set.
FIELDS = ("caption", "tags", "overlay", "rotation", "visibility", "download")


class Wishes(NamedTuple):
    """What somebody says of a photo; None is not said."""

    caption: str | None = None
    tags: list[str] | None = None
    overlay: str | None = None
    rotation: int | None = None
    visibility: Visibility | None = None
    download: bool | None = None

    @property
    def columns(self) -> dict[str, str | int]:
        """The columns of a photo that this changes."""
        said = {name: getattr(self, name) for name in FIELDS if name != "tags"}
        return {
            name: value if isinstance(value, str) else int(value)
            for name, value in said.items()
            if value is not None
        }


def wishes(fields: Mapping[str, str]) -> Wishes:
    """What the fields of a form say.

    Raises:
        BadInput: a field is unknown, or its value impossible.
    """
    for name in fields:
        if name not in FIELDS:
            raise site.BadInput(f"there is no field {name[:40]!r}; there are: {', '.join(FIELDS)}")
    return Wishes(
        caption=line(fields["caption"], CAPTION, "caption") if "caption" in fields else None,
        tags=tags_in(fields["tags"]) if "tags" in fields else None,
        overlay=line(fields["overlay"], OVERLAY, "line") if "overlay" in fields else None,
        rotation=_one_of(fields, "rotation", {"0": 0, "90": 90, "180": 180, "270": 270}),
        visibility=_one_of(fields, "visibility", {v.name.lower(): v for v in Visibility}),
        download=_one_of(fields, "download", {"0": False, "1": True, "on": True}),
    )


def _one_of(fields: Mapping[str, str], name: str, values: Mapping[str, T]) -> T | None:
    if name not in fields:
        return None
    if fields[name] not in values:
        raise site.BadInput(f"{name} is one of {', '.join(values)}")
    return values[fields[name]]


class AlreadyThere(site.Conflict):
    """They have a photo with the same bytes; `extra["photo"]` is its number."""

    title = "Already there"


class Arrived(NamedTuple):
    """An original that was taken in and belongs to no photo yet."""

    id: int
    metadata: Metadata


class Library:
    """Everything that pages work with.

    Args:
        db: where all but the originals is.
        originals: of the photos.
        read: tells what an original says of itself.
    """

    def __init__(self, db: Database, originals: Collection, read: Read) -> None:
        self.originals = originals
        self._read = read
        self.people = People(db)
        self.links = Links(db)
        self.album_links = AlbumLinks(db)
        self.photos = Photos(db, self.links, self.album_links)
        self.albums = Albums(db, self.album_links)

    def keep(
        self, blocks: Iterator[bytes], name: str, visitor: site.Visitor, said: Wishes
    ) -> Photo:
        """Take in a photo. Its original is on the disk, and it is known, when this returns.

        Raises:
            NotAccepted, TooLarge: it is no picture that can be shown.
            AlreadyThere: they have it already.
            Unavailable: nobody has time to look at it now.
        """
        return self.enter(self.take(blocks, name, visitor), visitor, said)

    def take(self, blocks: Iterator[bytes], name: str, visitor: site.Visitor) -> Arrived:
        """Take in an original, which becomes a photo by `enter` within the hour, or goes.

        Raises:
            NotAccepted, TooLarge, AlreadyThere, Unavailable: as `keep`.
        """
        self.tidy(time.time())
        id_ = self.originals.add(blocks, name, visitor.owner)
        try:
            sha256 = self.originals.get(id_).sha256
            if (same := self.photos.same(visitor.owner, sha256)) is not None:
                raise AlreadyThere("you have this photo already", photo=same)
            return Arrived(id_, self._read(id_))
        except site.BadInput as problem:
            self.drop(id_)
            allowed = [kind.type for kind in KINDS.values()]
            raise site.NotAccepted(problem.detail, allowed=allowed) from problem
        except BaseException:
            self.drop(id_)
            raise

    def drop(self, id: int) -> None:
        """Let go of an original that does not become a photo."""
        self.originals.delete(id)

    def enter(self, arrived: Arrived, visitor: site.Visitor, said: Wishes) -> Photo:
        """Make an original a photo.

        Raises:
            AlreadyThere: they have it already.
        """
        try:
            self._note(arrived, visitor, said)
        except BaseException:
            self.drop(arrived.id)
            raise
        self.originals.warm(arrived.id)
        return self.photos.own(arrived.id, visitor.owner)

    def see(self, id: int, viewer: Viewer) -> tuple[Photo, Level]:
        """A photo, and what `viewer` may do with it.

        Raises:
            NotFound: there is none that they may see.
        """
        found = self.photos.get(id, viewer, time.time())
        if found is None:
            raise site.NotFound("there is no such photo, or it is not for you to see")
        return found

    def change(self, id: int, owner: str, said: Wishes) -> Photo:
        """Change what is said of a photo of somebody's own.

        Raises:
            NotFound: they have none of this number.
        """
        self.photos.change(id, owner, said.columns, said.tags)
        if {"rotation", "overlay"} & set(said.columns):
            self.originals.warm(id)
        return self.photos.own(id, owner)

    def remove(self, photo: Photo) -> None:
        """Delete a photo with everything that belongs to it, for good."""
        self.photos.remove(photo.id)
        self.originals.delete(photo.id)

    def tidy(self, now: float) -> None:
        """Delete originals that no photo belongs to: a server was killed before, or in between.

        Each call looks at the next few; those that have just come are left alone.
        """
        after = self.photos.looked_through()
        found = self.originals.originals(after=after, limit=_LOOKED_AT)
        old = [each.id for each in found if each.created < now - _UNDER_WAY]
        for id_ in self.photos.lost(old) if old else ():
            self.originals.delete(id_)

    def forget(self, owner: str) -> None:
        """Delete everything of somebody who has left. It may be done again at any time."""
        viewer = Viewer(owner)
        while found := self.photos.page(viewer, by=owner).photos:
            for photo in found:
                self.remove(photo)
        self.people.forget(owner)

    def _note(self, arrived: Arrived, visitor: site.Visitor, said: Wishes) -> None:
        original, now = self.originals.get(arrived.id), time.time()
        self.people.enter(visitor, now)
        unsaid = Wishes("", [], "", 0, Visibility.PRIVATE, download=False)
        values = {
            **unsaid.columns,
            **said.columns,
            **arrived.metadata._asdict(),
            "id": original.id,
            "owner": visitor.owner,
            "name": original.name,
            "bytes": original.size,
            "sha256": original.sha256,
            "uploaded": now,
        }
        try:
            self.photos.add(values, said.tags or ())
        except ConstraintBroken:  # the same file came twice at the same time
            same = self.photos.same(visitor.owner, original.sha256)
            raise AlreadyThere("you have this photo already", photo=same) from None
