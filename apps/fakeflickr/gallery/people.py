"""The people who have photos, as others see them."""

from __future__ import annotations

from typing import NamedTuple

from billow.site import Visitor
from billow.sql import Connection, Database
from gallery.words import slug_of


class Person(NamedTuple):
    """Somebody who has photos, and how many of them whoever asks may see."""

    owner: str
    name: str
    slug: str
    joined: float
    photos: int = 0


class People:
    """Everybody who has ever uploaded something."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def enter(self, visitor: Visitor, now: float) -> None:
        """Note somebody, or what they are called now."""
        name = visitor.name or "Somebody"
        with self._db.write() as connection:
            known = connection.one("select name from people where owner = :o", o=visitor.owner)
            if known is None:
                connection.run(
                    "insert into people values (:owner, :name, :slug, :now)",
                    owner=visitor.owner, name=name, slug=_free(connection, name), now=now,
                )  # fmt: skip
            elif visitor.name and known["name"] != name:
                connection.run(
                    "update people set name = :name where owner = :owner",
                    name=name, owner=visitor.owner,
                )  # fmt: skip

    def forget(self, owner: str) -> None:
        """Forget somebody who has no photos."""
        with self._db.write() as connection:
            connection.run("delete from people where owner = :owner", owner=owner)

    def find(self, slug: str) -> Person | None:
        """Somebody by their address."""
        with self._db.read() as connection:
            row = connection.one("select * from people where slug = :slug", slug=slug)
        return None if row is None else Person(**row)

    def slug(self, owner: str) -> str:
        """Somebody's address; "" if they have none yet."""
        with self._db.read() as connection:
            found = connection.value("select slug from people where owner = :owner", owner=owner)
        return found or ""

    def seen(self, owner: str) -> list[Person]:
        """Everybody of whom `owner` (or nobody, "") can see a photo, by name."""
        with self._db.read() as connection:
            rows = connection.all(
                "select people.*, count(*) as photos from people join photos using (owner) "
                "where photos.visibility >= :least or photos.owner = :owner "
                "group by people.owner, people.name, people.slug, people.joined "
                "order by lower(people.name), people.owner",
                least=1 if owner else 2, owner=owner,
            )  # fmt: skip
        return [Person(**row) for row in rows]


def _free(connection: Connection, name: str) -> str:
    """An address that nobody has."""
    slug, count = slug_of(name), 1
    while connection.one("select 1 as taken from people where slug = :slug", slug=slug):
        count += 1
        slug = f"{slug_of(name)}-{count}"
    return slug
