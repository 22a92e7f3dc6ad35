"""Links that show a photo to whoever has them."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from typing import NamedTuple

from billow.sql import Database
from gallery.photo import Level

#: The cookie that keeps the links somebody has followed, and how many of them.
COOKIE = "fakeflickr_links"
KEPT = 10


class Link(NamedTuple):
    """A link, which cannot be read back: only its digest is kept."""

    hash: str
    photo: int
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
    """All links."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def make(self, photo: int, level: Level, note: str, now: float, expires: float) -> str:
        """A new link; what it returns is in the address, and is kept nowhere."""
        token = secrets.token_urlsafe(24)
        with self._db.write() as connection:
            connection.run(
                "insert into links values (:hash, :photo, :level, :note, :now, :expires, 0)",
                hash=digest(token), photo=photo, level=int(level), note=note, now=now,
                expires=expires,
            )  # fmt: skip
        return token

    def of(self, photo: int) -> list[Link]:
        """The links to a photo, the latest first."""
        with self._db.read() as connection:
            rows = connection.all(
                "select * from links where photo = :photo order by made desc", photo=photo
            )
        return [Link(**{**row, "level": Level(row["level"])}) for row in rows]

    def follow(self, token: str, now: float) -> Link | None:
        """The link that `token` is from, if it still leads anywhere; that it was used is noted."""
        with self._db.write() as connection:
            row = connection.one(
                "update links set uses = uses + 1 where hash = :hash and (expires = 0 or "
                "expires > :now) returning *",
                hash=digest(token), now=now,
            )  # fmt: skip
        return None if row is None else Link(**{**row, "level": Level(row["level"])})

    def level(self, photo: int, tokens: Iterable[str], now: float) -> Level:
        """What these links allow to do with a photo."""
        best = Level.NONE
        with self._db.read() as connection:
            for token in tokens:
                found = connection.value(
                    "select level from links where hash = :hash and photo = :photo and "
                    "(expires = 0 or expires > :now)",
                    hash=digest(token), photo=photo, now=now,
                )  # fmt: skip
                best = max(best, Level(found or 0))
        return best

    def end(self, photo: int, hash: str) -> None:
        """End a link to a photo, now."""
        with self._db.write() as connection:
            connection.run(
                "delete from links where photo = :photo and hash = :hash", photo=photo, hash=hash
            )
