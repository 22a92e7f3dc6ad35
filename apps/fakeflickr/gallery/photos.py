"""All photos: what is known of them, and who may see which."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from billow import site
from billow.sql import Connection, Database
from gallery.links import AlbumLinks, Links
from gallery.photo import Level, Photo, Visibility

#: Photos with whose they are.
SELECT = "select photos.*, people.name as by, people.slug from photos join people using (owner) "
_TAGS = "select tag, count(*) as photos from tags join photos on photos.id = tags.photo"
#: What somebody may see; `least` is 2 for those who are not known.
SEEN = "(photos.visibility >= :least or photos.owner = :owner)"


class Viewer(NamedTuple):
    """Who looks: an account's id or "", and the links that they have followed."""

    owner: str = ""
    tokens: tuple[str, ...] = ()

    @property
    def scope(self) -> dict[str, Any]:
        """The parameters of what they may see."""
        return {"owner": self.owner, "least": Visibility.MEMBERS if self.owner else 2}


class Page(NamedTuple):
    """Some photos, the latest first, and where those after and before them begin."""

    photos: list[Photo]
    older: int | None
    newer: int | None


class Photos:
    """The photos of everybody. Whose they are and who looks is asked in every statement."""

    def __init__(self, db: Database, links: Links, album_links: AlbumLinks) -> None:
        self._db = db
        self._links = (links, album_links)

    def get(self, id: int, viewer: Viewer, now: float) -> tuple[Photo, Level] | None:
        """A photo, and what `viewer` may do with it; None if there is none that they may see."""
        photo = self.find(id)
        if photo is None:
            return None
        level = self._level(photo, viewer, now)
        return None if level is Level.NONE else (photo, level)

    def find(self, id: int) -> Photo | None:
        """A photo, for the site itself: whoever may see it."""
        with self._db.read() as connection:
            row = connection.one(SELECT + "where photos.id = :id", id=id)
        return None if row is None else Photo.of(row)

    def own(self, id: int, owner: str) -> Photo:
        """A photo of somebody's own.

        Raises:
            NotFound: there is none.
        """
        with self._db.read() as connection:
            row = connection.one(
                SELECT + "where photos.id = :id and photos.owner = :owner", id=id, owner=owner
            )
        if row is None:
            raise site.NotFound("there is no such photo of yours")
        return Photo.of(row)

    def page(
        self,
        viewer: Viewer,
        *,
        before: int | None = None,
        after: int | None = None,
        by: str = "",
        tag: str = "",
        limit: int = 40,
    ) -> Page:
        """Photos that `viewer` may see.

        Args:
            viewer: who looks.
            before: older than this one.
            after: newer than this one.
            by: of this person only.
            tag: with this tag only.
            limit: how many.
        """
        where, values = [SEEN], {**viewer.scope, "limit": limit + 1}
        if by:
            where.append("photos.owner = :by")
            values["by"] = by
        if tag:
            where.append("photos.id in (select photo from tags where tag = :tag)")
            values["tag"] = tag
        edge = after if after is not None else before
        if edge is not None:
            where.append("photos.id > :edge" if after is not None else "photos.id < :edge")
            values["edge"] = edge
        order = "asc" if after is not None else "desc"
        sql = f"{SELECT} where {' and '.join(where)} order by photos.id {order} limit :limit"
        with self._db.read() as connection:
            found = [Photo.of(row) for row in connection.all(sql, **values)]
        return _cut(found, limit, edge is not None, after is not None)

    def beside(self, photo: Photo, viewer: Viewer) -> tuple[Photo | None, Photo | None]:
        """The photos before and after one among those of the same person."""
        newer = self.page(viewer, after=photo.id, by=photo.owner, limit=1).photos
        older = self.page(viewer, before=photo.id, by=photo.owner, limit=1).photos
        return (newer[0] if newer else None), (older[0] if older else None)

    def same(self, owner: str, sha256: str) -> int | None:
        """The number of somebody's photo that has the same bytes."""
        with self._db.read() as connection:
            found: int | None = connection.value(
                "select id from photos where owner = :owner and sha256 = :sha256",
                owner=owner, sha256=sha256,
            )  # fmt: skip
        return found

    def add(self, values: Mapping[str, Any], tags: Iterable[str]) -> None:
        """Note a new photo.

        Raises:
            ConstraintBroken: its owner has one with the same bytes.
        """
        names = ", ".join(values)
        places = ", ".join(f":{name}" for name in values)
        with self._db.write() as connection:
            connection.run(f"insert into photos ({names}) values ({places})", **values)  # noqa: S608
            _tag(connection, int(values["id"]), tags)

    def change(
        self, id: int, owner: str, values: Mapping[str, Any], tags: Iterable[str] | None
    ) -> None:
        """Change a photo of somebody's own.

        Args:
            id: which one.
            owner: whose.
            values: columns and what stands in them now.
            tags: all its tags; None leaves them as they are.

        Raises:
            NotFound: they have none of this number.
        """
        parts = ", ".join([*(f"{name} = :{name}" for name in values), "id = id"])
        with self._db.write() as connection:
            sql = f"update photos set {parts} where id = :id and owner = :owner"  # noqa: S608
            if not connection.run(sql, **values, id=id, owner=owner):
                raise site.NotFound("there is no such photo of yours")
            if tags is not None:
                connection.run("delete from tags where photo = :id", id=id)
                _tag(connection, id, tags)

    def remove(self, id: int) -> None:
        """Forget a photo, its tags and its links; its original is looked for again."""
        with self._db.write() as connection:
            connection.run("delete from photos where id = :id", id=id)
            connection.run(
                "update marks set value = :before where name = 'tidy' and value > :before",
                before=id - 1,
            )

    def looked_through(self) -> int:
        """Up to which number there are no originals without a photo."""
        with self._db.read() as connection:
            return int(connection.value("select value from marks where name = 'tidy'"))

    def lost(self, ids: Sequence[int]) -> list[int]:
        """Those of some numbers, in order, that have no photo; so far all is looked through now."""
        with self._db.write() as connection:
            rows = connection.all(
                "select id from photos where id between :first and :last",
                first=ids[0], last=ids[-1],
            )  # fmt: skip
            connection.run("update marks set value = :last where name = 'tidy'", last=ids[-1])
        return sorted(set(ids) - {row["id"] for row in rows})

    def tags(self, id: int) -> list[str]:
        """The tags of a photo."""
        with self._db.read() as connection:
            rows = connection.all("select tag from tags where photo = :id order by tag", id=id)
        return [row["tag"] for row in rows]

    def all_tags(self, viewer: Viewer, limit: int = 300) -> list[tuple[str, int]]:
        """The tags of what `viewer` may see, and how many photos each has."""
        with self._db.read() as connection:
            rows = connection.all(
                f"{_TAGS} where {SEEN} group by tag order by photos desc, tag limit :limit",
                **viewer.scope,
                limit=limit,
            )
        return [(row["tag"], row["photos"]) for row in rows]

    def _level(self, photo: Photo, viewer: Viewer, now: float) -> Level:
        if viewer.owner and photo.owner == viewer.owner:
            return Level.WRITE
        seen = photo.visibility >= viewer.scope["least"]
        own = Level.NONE if not seen else Level.DOWNLOAD if photo.download else Level.READ
        if own is Level.DOWNLOAD or not viewer.tokens:
            return own
        return max(own, *(each.level(photo.id, viewer.tokens, now) for each in self._links))


def _tag(connection: Connection, id: int, tags: Iterable[str]) -> None:
    connection.many("insert into tags values (:tag, :id)", [{"tag": t, "id": id} for t in tags])


def _cut(found: list[Photo], limit: int, inside: bool, forward: bool) -> Page:
    """A page of what was found, one more than is shown; `inside` if it does not begin at an end."""
    more, kept = len(found) > limit, found[:limit]
    if forward:
        kept.reverse()
    if not kept:
        return Page([], None, None)
    older = kept[-1].id if (more or forward) else None
    newer = kept[0].id if (inside and (more or not forward)) else None
    return Page(kept, older, newer)
