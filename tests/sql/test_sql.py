"""What an app can do with its database, and what it cannot do wrong, on every kind of database."""

from __future__ import annotations

import asyncio
import gc
import logging
import multiprocessing
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import billow
from billow.errors import Conflict, DeclarationError, SettingError, Unavailable
from billow.settings import in_force
from billow.sql import ConstraintBroken, Database
from billow.sql.text import pyformat, statements
from billow.testing import memory_home
from tests.sql.conftest import MIGRATIONS, Open


def names(db: Database) -> list[str]:
    with db.read() as connection:
        return [row["name"] for row in connection.all("select name from things order by name")]


def add(db: Database, id: int, name: str) -> None:
    with db.write() as connection:
        connection.run("insert into things (id, name) values (:id, :name)", id=id, name=name)


# Statements


def test_rows_have_names_and_parameters_too(db: Database) -> None:
    with db.write() as connection:
        sql = "insert into things (id, name, size, data) values (:id, :name, :size, :data)"
        values = {"id": 1 << 40, "name": "ä%s :x", "size": 1_700_000_000.125, "data": None}
        assert connection.run(sql, **values) == 1
        more = [{**values, "id": n, "name": f"{n}"} for n in (1, 2)]
        assert connection.many(sql, more) == 2
    with db.read() as connection:
        found = connection.one(
            "select * from things where name like 'ä%' and name = :n", n="ä%s :x"
        )
        assert found == values
        assert connection.value("select count(*) from things") == 3
        assert connection.value("select name from things where id = :id", id=99) is None
        assert connection.one("select 1 as a where 1 = :two", two=2) is None
        assert connection.value("select cast(:a as text) || ':b'", a="x") == "x:b"
        assert connection.value("select value from counters where name = '100% :sure'") == 7


def test_what_parameters_hold_is_never_sql(db: Database) -> None:
    evil = "x'); drop table things; --"
    add(db, 1, evil)
    with db.read() as connection:
        assert connection.value("select id from things where name = :name", name=evil) == 1
        found = connection.all("select id from things where name = :n", n="' or 1=1 --")
    assert found == []
    assert names(db) == [evil]


def test_reading_cannot_write(db: Database) -> None:
    with pytest.raises(Exception, match=r"read.?only"), db.read() as connection:
        connection.run("insert into things (id, name) values (1, 'a')")
    assert names(db) == []


def test_a_block_that_raises_is_undone(db: Database) -> None:
    with pytest.raises(ZeroDivisionError), db.write() as connection:
        connection.run("insert into things (id, name) values (1, 'a')") // 0
    assert names(db) == []
    add(db, 1, "a")
    assert names(db) == ["a"]


def test_constraints_are_told_apart_from_trouble(db: Database) -> None:
    add(db, 1, "a")
    with pytest.raises(ConstraintBroken) as caught:
        add(db, 2, "a")
    assert caught.value.status == 409
    with pytest.raises(ConstraintBroken), db.write() as connection:
        connection.run("insert into parts values (99, 'w')")
    assert names(db) == ["a"]


def test_an_error_in_sql_leaves_the_connection_usable(db: Database) -> None:
    for _ in range(10):
        with pytest.raises(Exception, match="nothing"), db.write() as connection:
            connection.run("insert into nothing values (1)")
        with pytest.raises(Exception, match="nothing"), db.read() as connection:
            connection.all("select * from nothing")
    add(db, 1, "a")
    assert names(db) == ["a"]


@given(st.text(alphabet="a:'\"%-\n/*$ ", max_size=30))
def test_parameters_in_texts_and_comments_are_left_alone(text: str) -> None:
    quoted = "'" + text.replace("'", "''") + "'"
    assert pyformat(f"select {quoted}") == f"select {quoted}".replace("%", "%%")
    assert pyformat(f"select :one, {quoted}").startswith("select %(one)s, ")


def test_what_parameters_look_like() -> None:
    assert pyformat("a::text = :b and c = :b") == "a::text = %(b)s and c = %(b)s"
    assert pyformat("x -- :no\n + :yes") == "x -- :no\n + %(yes)s"
    assert pyformat("/* :no */ $$ :no $$ $a$ :no $a$ % 2") == (
        "/* :no */ $$ :no $$ $a$ :no $a$ %% 2"
    )


def test_a_script_is_cut_into_statements() -> None:
    script = "create table a (b text default ';'); -- c; d\ninsert into a values ('e');\n -- end\n"
    assert len(list(statements(script))) == 2
    assert list(statements(" ; ")) == [" ;"]


# Pools


def test_connections_are_bounded_and_waiting_is_too(open_sql: Open) -> None:
    db = open_sql(pool=2, patience="1 s")
    with db.read(), db.read() as second:
        with pytest.raises(Unavailable, match=r"test_sql\.py:\d+ \(read") as caught, db.read():
            pass
        assert caught.value.extra["retry_after"] == 1
        assert second.value("select 1") == 1
        with db.write() as connection:
            connection.run("delete from things")
    with db.read() as connection:
        assert connection.value("select 1") == 1
    assert db.out == []


def test_many_threads_share_few_connections(open_sql: Open) -> None:
    db = open_sql(pool=2, patience="30 s")
    most = 0
    lock = threading.Lock()

    def work(number: int) -> int:
        nonlocal most
        with db.write() as connection:
            connection.run("update counters set value = value + 1")
        with db.read() as connection:
            with lock:
                most = max(most, sum(loan.kind == "read" for loan in db.out))
            return int(connection.value("select :n", n=number) or 0)

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(work, range(40))) == list(range(40))
    assert 1 <= most <= 2
    with db.read() as connection:
        assert connection.value("select value from counters where name = '100% :sure'") == 47


def test_a_connection_ends_with_its_block(db: Database) -> None:
    with db.read() as connection:
        pass
    with pytest.raises(Conflict, match="only inside"):
        connection.all("select 1")


def test_a_block_that_is_never_left_gives_its_connection_back(open_sql: Open) -> None:
    db = open_sql(pool=1, patience="5 s")
    for block in (db.read, db.write):
        manager = block()
        manager.__enter__()
        assert len(db.out) == 1
        del manager
        gc.collect()
        assert db.out == []
    with db.read() as connection:
        assert connection.value("select 1") == 1


def test_what_is_held_for_long_is_told_once(
    open_sql: Open, caplog: pytest.LogCaptureFixture
) -> None:
    db = open_sql(held="0 s")
    with caplog.at_level(logging.WARNING, "billow.sql"), db.read():
        for _ in range(3):
            with db.read():
                pass
    told = [record.__dict__["fields"] for record in caplog.records]
    here = [each for each in told if each["where"] == told[0]["where"]]
    assert told[0]["kind"] == "read"
    assert Path(__file__).name in told[0]["where"]
    assert len(here) == 1


def test_an_event_loop_is_not_made_to_wait(db: Database) -> None:
    async def handler() -> None:
        with db.read():
            pass

    with pytest.raises(Conflict, match="from a thread"):
        asyncio.run(handler())


def test_a_closed_database_opens_again(db: Database) -> None:
    add(db, 1, "a")
    db.close()
    assert names(db) == ["a"]


# Migrations


def apply(db: Database, folder: Path, **files: str) -> Database:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name.replace('__', '.').removeprefix('m')}.sql").write_text(text)
    return db


def test_each_kind_has_its_own_migrations(db: Database, request: pytest.FixtureRequest) -> None:
    with db.read() as connection:
        kind = connection.value("select name from kind")
    assert kind in request.node.name


def test_migrations_are_applied_once_and_in_order(open_sql: Open, tmp_path: Path) -> None:
    folder = tmp_path / "own"
    db = apply(open_sql(folder), folder, m0001_a="create table a (b bigint)")
    assert db.prepare() == []  # opening it had applied them
    apply(db, folder, m0003_c="insert into a values (2)", m0002_b="insert into a values (1)")
    again = open_sql(folder)
    with again.read() as connection:
        assert connection.all("select b from a") == [{"b": 1}, {"b": 2}]
        applied = connection.all("select number from billow_migrations order by number")
    assert [row["number"] for row in applied] == [1, 2, 3]


def test_a_changed_migration_is_refused(open_sql: Open, tmp_path: Path) -> None:
    folder = tmp_path / "own"
    apply(open_sql(folder), folder, m0001_a="create table a (b bigint)").prepare()
    apply(open_sql(folder), folder, m0001_a="create table a (b text)")
    with pytest.raises(DeclarationError, match="0001_a was changed"):
        open_sql(folder).prepare()


def test_a_migration_that_fails_leaves_nothing(open_sql: Open, tmp_path: Path) -> None:
    folder = tmp_path / "own"
    apply(
        open_sql(folder), folder, m0001_a="create table a (b bigint); insert into none values (1)"
    )
    with pytest.raises(DeclarationError, match="0001_a cannot be applied"):
        open_sql(folder).prepare()
    apply(open_sql(folder), folder, m0001_a="create table a (b text)")
    db = open_sql(folder)
    with db.write() as connection:
        connection.run("insert into a values ('x')")


def test_what_must_wait_for_the_code_before_waits(open_sql: Open, tmp_path: Path) -> None:
    folder = tmp_path / "own"
    apply(
        open_sql(folder),
        folder,
        m0001_a="create table a (b bigint, old bigint)",
        m0002_drop__post="alter table a drop column old",
        m0003_c="alter table a add column new bigint",
    )
    db = open_sql(folder)
    with db.write() as connection:
        connection.run("insert into a (b, old, new) values (1, 2, 3)")
    assert db.prepare() == []
    assert db.prepare(post=True) == ["0002_drop.post"]
    with db.read() as connection:
        assert connection.one("select * from a") == {"b": 1, "new": 3}


def test_processes_that_start_together_migrate_once(open_sql: Open) -> None:
    many = [open_sql(patience="60 s") for _ in range(4)]
    start = threading.Barrier(4)

    def begin(db: Database) -> list[str]:
        start.wait(10)
        return db.prepare()

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(begin, many)) == [[]] * 4
    with many[0].read() as connection:
        assert connection.value("select count(*) from kind") == 1
        assert connection.value("select count(*) from billow_migrations") == 3


@pytest.mark.parametrize("name", ["1_a.sql", "0001.sql", "0001_A.sql", "0001_a.mysql.sql"])
def test_a_name_that_says_nothing_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("select 1")
    db = Database(tmp_path, 1, 1, 1)
    db.attach(lambda: None)
    with pytest.raises(DeclarationError, match=r"is called 0001_words\.sql"):
        db.prepare()


def test_a_number_stands_once(tmp_path: Path) -> None:
    for name in ("0001_a.sql", "0001_b.sql"):
        (tmp_path / name).write_text("select 1")
    db = Database(tmp_path, 1, 1, 1)
    db.attach(lambda: None)
    with pytest.raises(DeclarationError, match="another migration 0001"):
        db.prepare()


# Declarations and places


def test_an_app_declares_its_database_once() -> None:
    app = billow.App("a")
    db = app.sql(migrations=MIGRATIONS)
    with pytest.raises(DeclarationError, match="one database"):
        app.sql()
    with pytest.raises(Conflict, match="memory_home"):
        db.prepare()
    memory_home(app)
    add(db, 1, "a")
    assert names(db) == ["a"]
    memory_home(app)
    assert names(db) == []
    db.close()


@pytest.mark.parametrize("more", [{"pool": 0}, {"patience": 0}, {"migrations": Path("x")}])
def test_what_cannot_work_is_not_declared(more: dict[str, object]) -> None:
    with pytest.raises(DeclarationError):
        billow.App("a").sql(**more)  # type: ignore[arg-type]


def test_the_address_is_a_secret() -> None:
    env = {"BILLOW_SQL_URL": "postgresql://me:hush@db/app"}
    found = in_force("sql_url", environment=env)
    assert "hush" not in str(found.shown)
    with pytest.raises(SettingError) as caught:
        in_force("sql_url", environment={"BILLOW_SQL_URL": "mysql://me:hush@db/app"})
    assert "hush" not in str(caught.value)


def test_a_server_that_is_not_there_is_told_at_once(tmp_path: Path) -> None:
    db = Database(None, 2, "1 s", "1 s")
    db.attach(lambda: tmp_path, f"postgresql://billow:hush@/postgres?host={tmp_path}")
    with pytest.raises(Unavailable, match="BILLOW_SQL_URL") as caught:
        db.prepare()
    assert "hush" not in str(caught.value)


def _count_up(db: Database, times: int) -> None:
    for _ in range(times):
        with db.write() as connection:
            connection.run("update counters set value = value + 1")


def test_processes_write_side_by_side(open_sql: Open) -> None:
    db = open_sql(patience="60 s")
    db.prepare()
    fork = multiprocessing.get_context("fork")
    others = [fork.Process(target=_count_up, args=(db, 20)) for _ in range(3)]
    for other in others:
        other.start()
    for other in others:
        other.join(60)
    assert [other.exitcode for other in others] == [0, 0, 0]
    with db.read() as connection:
        assert connection.value("select value from counters where name = '100% :sure'") == 67
