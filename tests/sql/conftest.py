"""The same tests over SQLite and over PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TypeAlias

import pytest

from billow.sql import Database
from billow.units import Duration

MIGRATIONS = Path(__file__).parent / "migrations"

#: Makes a database; several of them are what several processes have.
Open: TypeAlias = Callable[..., Database]


@pytest.fixture(params=["sqlite", "postgres"])
def open_sql(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    url = ""
    if request.param == "postgres":
        import psycopg  # noqa: PLC0415 - only where there is a server

        url = request.getfixturevalue("postgres")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("drop schema public cascade; create schema public")
    with ExitStack() as stack:

        def make(
            migrations: Path | None = MIGRATIONS,
            pool: int = 4,
            patience: Duration = "5 s",
            held: Duration = "10 s",
        ) -> Database:
            made = Database(migrations, pool, patience, held)
            made.attach(lambda: tmp_path, url)
            stack.callback(made.close)
            return made

        yield make


@pytest.fixture
def db(open_sql: Open) -> Database:
    return open_sql()
