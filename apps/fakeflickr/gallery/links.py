"""Links that show a photo or an album to whoever has them."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, TypeAlias

from billow.sql import Database
from gallery.photo import Level

#: The cookie that keeps the links somebody has followed, and how many of them.
COOKIE = "fakeflickr_links"
KEPT = 10

#: What a link is to: a photo's number or an album's id.
Subject: TypeAlias = int | str
_VALID = "hash = :hash and (expires = 0 or expires > :now)"


class Link(NamedTuple):
    """A link, which cannot be read back: only its digest is kept."""

    hash: str
    to: Subject
    level: Level
    note: str
    made: float
    #: 0 is never.
    expires: float
    uses: int


def digest(token: str) -> str:
    """What is kept of what is in a link."""
    return hashlib.sha256(token.encode()).hexdigest()


def tokens_in(cookie: str) -> list[str]:
    """The links that a browser has followed, the latest first."""
    return [token for token in cookie.split(".")[:KEPT] if 0 < len(token) <= 64]


class Links:
    """All links to photos."""

    _table, _to = "links", "photo"
    #: The links that show a photo.
    _showing = "links where photo = :photo"

    def __init__(self, db: Database) -> None:
        self._db = db

    def make(self, to: Subject, level: Level, note: str, now: float, expires: float) -> str:
        """A new link; what it returns is in the address, and is kept nowhere."""
        token = secrets.token_urlsafe(24)
        with self._db.write() as connection:
            connection.run(
                f"insert into {self._table} values (:hash, :to, :level, :note, :now, :expires, 0)",  # noqa: S608
                hash=digest(token), to=to, level=int(level), note=note, now=now, expires=expires,
            )  # fmt: skip
        return token

    def of(self, to: Subject) -> list[Link]:
        """The links to something, the latest first."""
        sql = f"select * from {self._table} where {self._to} = :to order by made desc"  # noqa: S608
        with self._db.read() as connection:
            return [self._link(row) for row in connection.all(sql, to=to)]

    def follow(self, token: str, now: float) -> Link | None:
        """The link that `token` is from, if it still leads anywhere; that it was used is noted."""
        sql = f"update {self._table} set uses = uses + 1 where {_VALID} returning *"  # noqa: S608
        with self._db.write() as connection:
            row = connection.one(sql, hash=digest(token), now=now)
        return None if row is None else self._link(row)

    def level(self, photo: int, tokens: Iterable[str], now: float) -> Level:
        """What these links allow to do with a photo."""
        best = Level.NONE
        sql = f"select level from {self._showing} and {_VALID}"  # noqa: S608
        with self._db.read() as connection:
            for token in tokens:
                found = connection.value(sql, hash=digest(token), photo=photo, now=now)
                best = max(best, Level(found or 0))
        return best

    def end(self, to: Subject, hash: str) -> None:
        """End a link, now."""
        sql = f"delete from {self._table} where {self._to} = :to and hash = :hash"  # noqa: S608
        with self._db.write() as connection:
            connection.run(sql, to=to, hash=hash)

    def _link(self, row: Mapping[str, Any]) -> Link:
        facts = {name: row[name] for name in Link._fields if name not in ("to", "level")}
        return Link(**facts, to=row[self._to], level=Level(row["level"]))


class AlbumLinks(Links):
    """All links to albums; each shows the photos that are in the album at that time."""

    _table, _to = "album_links", "album"
    _showing = "album_links join album_photos using (album) where photo = :photo"

    def open(self, album: str, tokens: Iterable[str], now: float) -> bool:
        """Whether one of these links is to this album."""
        sql = f"select 1 from album_links where album = :album and {_VALID}"  # noqa: S608
        with self._db.read() as connection:
            return any(
                connection.value(sql, album=album, hash=digest(token), now=now) for token in tokens
            )
