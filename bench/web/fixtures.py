"""What every contender serves: 200 pictures of about 100 KB, and 40,000 rows on whose they are."""

from __future__ import annotations

import hashlib
import hmac
import random
import sqlite3
from pathlib import Path

PICTURES = 200
ROWS = 40_000
#: Photos that pictures are made of, and their width; 4:3 or so.
PHOTOS, PHOTO_WIDTH = 4, 4000
#: Who asks, until when the session is good, and what sessions are signed with.
USER, UNTIL = 1, 4_000_000_000
KEY = b"0123456789abcdef0123456789abcdef"


def make(folder: Path) -> None:
    """Write pictures and database into a new folder."""
    chance = random.Random(7)
    (folder / "cache").mkdir(parents=True)
    for number in range(1, PICTURES + 1):
        noise = chance.randbytes(chance.randint(80_000, 120_000))
        (folder / "cache" / f"{number}.jpg").write_bytes(b"\xff\xd8\xff\xe0" + noise + b"\xff\xd9")
    with sqlite3.connect(folder / "photos.db") as database:
        database.execute("pragma journal_mode=wal")
        database.execute("create table photos(id integer primary key, owner, private, path, etag)")
        database.executemany("insert into photos values (?, ?, ?, ?, ?)", rows(folder))
    database.close()


def rows(folder: Path) -> list[tuple[int, int, int, str, str]]:
    """A row for each photo: number, owner, whether it is private, path, entity tag."""
    return [
        (number, USER, number % 3 == 0, str(folder / "cache" / f"{number}.jpg"), f"{number:08x}")
        for number in range(1, ROWS + 1)
    ]


def paths() -> list[str]:
    """What is asked for."""
    return [f"/img/1440/{number}.jpg" for number in range(1, PICTURES + 1)]


def make_photos(folder: Path) -> None:
    """Write photo-like pictures of 12 megapixels, if they are not there yet."""
    from tools.make_photos import encode, make  # noqa: PLC0415 - FakeFlickr's

    target = folder / "photos"
    if not target.exists():
        target.mkdir()
        for seed in range(PHOTOS):
            (target / f"{seed}.jpg").write_bytes(encode(make(seed, PHOTO_WIDTH).picture))


def hot_paths() -> list[str]:
    """Pictures that are made before the measurement."""
    return [f"/img/{size}/{n}.jpg" for n in range(1, PHOTOS + 1) for size in range(1440, 1465)]


def cold_paths() -> list[str]:
    """Pictures that nobody has asked for yet."""
    return [f"/img/{size}/{n}.jpg" for n in range(1, PHOTOS + 1) for size in range(400, 1440)]


def session() -> str:
    """A session's cookie: user, expiry, signature."""
    message = f"{USER}.{UNTIL}"
    return f"{message}.{hmac.new(KEY, message.encode(), hashlib.sha256).hexdigest()}"
