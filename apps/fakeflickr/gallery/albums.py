"""Albums: photos of one person under a title, in an order of their own."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import NamedTuple

from billow import site
from billow.sql import Connection, Database
from gallery.links import AlbumLinks
from gallery.photo import Photo
from gallery.photos import SEEN, SELECT, Viewer

#: Albums of one person, and photos in one of them.
MOST_ALBUMS, MOST_PHOTOS = 200, 500

_ALBUMS = f"""select albums.*, people.name as by, people.slug, (
    select count(*) from album_photos join photos on photos.id = album_photos.photo
    where album_photos.album = albums.id and {SEEN}
) as photos from albums join people using (owner) """  # noqa: S608
_INSIDE = f"{SELECT} join album_photos on album_photos.photo = photos.id "


class Album(NamedTuple):
    """An album, and how many of its photos whoever asks may see without a link to it."""

    id: str
    owner: str
    title: str
    made: float
    by: str
    slug: str
    photos: int


class Albums:
    """The albums of everybody.

    Somebody else's album is there for whoever may see one of its photos, or has a link to it.
    """

    def __init__(self, db: Database, links: AlbumLinks) -> None:
        self._db = db
        self._links = links

    def make(self, owner: str, title: str, now: float) -> str:
        """A new album of somebody who is among the people; its id.

        Raises:
            BadInput: they have too many.
        """
        id_ = secrets.token_urlsafe(9)
        with self._db.write() as connection:
            count = "select count(*) from albums where owner = :owner"
            if connection.value(count, owner=owner) >= MOST_ALBUMS:
                raise site.BadInput(f"you may have {MOST_ALBUMS} albums")
            connection.run(
                "insert into albums values (:id, :owner, :title, :now)",
                id=id_, owner=owner, title=title, now=now,
            )  # fmt: skip
        return id_

    def own(self, id: str, owner: str) -> Album:
        """An album of somebody's own.

        Raises:
            NotFound: there is none.
        """
        sql = _ALBUMS + "where albums.id = :id and albums.owner = :owner"
        with self._db.read() as connection:
            row = connection.one(sql, **{**Viewer(owner).scope, "id": id})
        if row is None:
            raise site.NotFound("there is no such album of yours")
        return Album(**row)

    def see(self, id: str, viewer: Viewer, now: float) -> tuple[Album, list[Photo]]:
        """An album, and those of its photos that `viewer` may see.

        Raises:
            NotFound: there is no album that they may see.
        """
        whole = bool(viewer.tokens) and self._links.open(id, viewer.tokens, now)
        with self._db.read() as connection:
            row = connection.one(_ALBUMS + "where albums.id = :id", id=id, **viewer.scope)
            if row is not None:
                album = Album(**row)
                if whole or album.photos or album.owner == viewer.owner:
                    return album, self._photos(connection, id, viewer, whole)
        raise site.NotFound("there is no such album, or it is not for you to see")

    def of(self, owner: str, viewer: Viewer) -> list[Album]:
        """Somebody's albums, the latest first; of others' those with something to see."""
        sql = _ALBUMS + "where albums.owner = :of order by albums.made desc, albums.id"
        with self._db.read() as connection:
            rows = connection.all(sql, of=owner, **viewer.scope)
        return [Album(**row) for row in rows if row["photos"] or owner == viewer.owner]

    def cover(self, id: str, viewer: Viewer, limit: int = 3) -> list[Photo]:
        """The first photos of an album that `viewer` may see without a link."""
        with self._db.read() as connection:
            return self._photos(connection, id, viewer, False, limit)

    def _photos(
        self,
        connection: Connection,
        id: str,
        viewer: Viewer,
        whole: bool,
        limit: int = MOST_PHOTOS,
    ) -> list[Photo]:
        seen = "" if whole else f"and {SEEN} "
        sql = f"{_INSIDE} where album_photos.album = :id {seen}order by place limit :limit"
        values = {} if whole else viewer.scope
        return [Photo.of(row) for row in connection.all(sql, id=id, limit=limit, **values)]

    def rename(self, id: str, owner: str, title: str) -> None:
        """Give an album of somebody's own another title."""
        with self._db.write() as connection:
            _need(connection, id, owner)
            connection.run("update albums set title = :title where id = :id", title=title, id=id)

    def remove(self, id: str, owner: str) -> None:
        """Forget an album and the links to it; its photos stay."""
        with self._db.write() as connection:
            _need(connection, id, owner)
            connection.run("delete from albums where id = :id", id=id)

    def add(self, id: str, owner: str, photos: Iterable[int]) -> None:
        """Put photos of somebody's own at the end of their album; the rest is passed over.

        Raises:
            BadInput: there would be too many.
        """
        with self._db.write() as connection:
            _need(connection, id, owner)
            places = _places(connection, id)
            last = max(places.values(), default=0)
            mine = "select 1 from photos where id = :photo and owner = :owner"
            for photo in dict.fromkeys(photos):
                if photo in places or not connection.value(mine, photo=photo, owner=owner):
                    continue
                if len(places) == MOST_PHOTOS:
                    raise site.BadInput(f"an album may have {MOST_PHOTOS} photos")
                last += 1
                places[photo] = last
                connection.run(
                    "insert into album_photos values (:id, :photo, :place)",
                    id=id, photo=photo, place=last,
                )  # fmt: skip

    def take_out(self, id: str, owner: str, photo: int) -> None:
        """Take a photo out of an album; the photo itself stays."""
        with self._db.write() as connection:
            _need(connection, id, owner)
            connection.run(
                "delete from album_photos where album = :id and photo = :photo", id=id, photo=photo
            )

    def move(self, id: str, owner: str, photo: int, by: int) -> None:
        """Move a photo one place towards the beginning (-1) or the end (1), if there is one."""
        with self._db.write() as connection:
            _need(connection, id, owner)
            places = _places(connection, id)
            order = list(places)
            if photo not in places or not 0 <= order.index(photo) + by < len(order):
                return
            other = order[order.index(photo) + by]
            for one, place in ((photo, places[other]), (other, places[photo])):
                connection.run(
                    "update album_photos set place = :place where album = :id and photo = :photo",
                    place=place, id=id, photo=one,
                )  # fmt: skip


def _need(connection: Connection, id: str, owner: str) -> None:
    sql = "select 1 from albums where id = :id and owner = :owner"
    if not connection.value(sql, id=id, owner=owner):
        raise site.NotFound("there is no such album of yours")


def _places(connection: Connection, id: str) -> dict[int, int]:
    """The places of an album's photos, in their order."""
    rows = connection.all(
        "select photo, place from album_photos where album = :id order by place", id=id
    )
    return {row["photo"]: row["place"] for row in rows}
