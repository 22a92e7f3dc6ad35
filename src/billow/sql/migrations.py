"""Migrations: numbered files of SQL, each applied once, in order, by whoever comes first."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from billow.errors import DeclarationError
from billow.sql.backend import Backend, Raw

_NAME = re.compile(r"(\d{4})_([a-z0-9_]+)(\.post)?(?:\.(sqlite|postgres))?\.sql")
_TABLE = """create table if not exists billow_migrations (
    number bigint primary key, name text not null, digest text not null,
    applied double precision not null)"""


class Migration(NamedTuple):
    """A file of SQL."""

    number: int
    name: str
    #: Whether it must wait until no process with the code before it runs any more.
    post: bool
    sql: str

    @property
    def digest(self) -> str:
        """Tells whether it was changed."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def read_migrations(folder: Path, kind: str) -> list[Migration]:
    """The migrations of a folder for one kind of database, in order.

    Raises:
        DeclarationError: a file's name says nothing, or a number stands twice.
    """
    found: dict[int, Migration] = {}
    for path in sorted(folder.glob("*.sql")):
        named = _NAME.fullmatch(path.name)
        if named is None:
            raise DeclarationError(
                f"{path}: a migration is called 0001_words.sql, with .post, .sqlite or .postgres "
                "before .sql if it is that"
            )
        if named[4] not in (None, kind):
            continue
        number = int(named[1])
        if number in found:
            raise DeclarationError(f"{path}: there is another migration {number:04}")
        name = path.name.removesuffix(".sql")
        found[number] = Migration(number, name, named[3] is not None, path.read_text())
    return [found[number] for number in sorted(found)]


def migrate(backend: Backend, migrations: Iterable[Migration], *, post: bool) -> list[str]:
    """Apply what has not been applied yet; returns the names.

    Each is applied in a transaction together with the note that it was. Processes that come at the
    same time wait for each other.

    Args:
        backend: the database.
        migrations: in order.
        post: whether those that must wait for the code before them to be gone are applied as well.

    Raises:
        DeclarationError: one was changed after it had been applied, or cannot be applied.
    """
    raw, fine = backend.borrow(write=True), False
    try:
        applied = [each.name for each in migrations if _apply(backend, raw, each, post)]
        fine = True
    finally:
        backend.give_back(raw, write=True, broken=not fine)
    return applied


def _apply(backend: Backend, raw: Raw, migration: Migration, post: bool) -> bool:
    for statement in backend.begin_migration:
        raw.execute(statement)
    raw.execute(_TABLE)
    find = backend.text("select digest from billow_migrations where number = :number")
    known = raw.execute(find, {"number": migration.number}).fetchone()
    if known is not None and known["digest"] != migration.digest:
        raise DeclarationError(
            f"migration {migration.name} was changed after it had been applied; put it back, and "
            "write what is new into a further one"
        )
    wanted = known is None and (post or not migration.post)
    if wanted:
        _run(backend, raw, migration)
    raw.execute("commit")
    return wanted


def _run(backend: Backend, raw: Raw, migration: Migration) -> None:
    note = backend.text("insert into billow_migrations values (:number, :name, :digest, :applied)")
    values = {
        "number": migration.number,
        "name": migration.name,
        "digest": migration.digest,
        "applied": time.time(),
    }
    try:
        backend.script(raw, migration.sql)
        raw.execute(note, values)
    except Exception as problem:
        raise DeclarationError(
            f"migration {migration.name} cannot be applied: {problem}"
        ) from problem
