"""A connection, for as long as its block lasts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from billow.errors import Conflict
from billow.sql.backend import Raw

#: Values by the names of columns.
Row: TypeAlias = dict[str, Any]


class Connection:
    """What `with db.read() as connection:` gives. Parameters are written `:name` in the SQL.

    Values are text, whole numbers, numbers, bytes and None. Everything raises `ConstraintBroken` if
    a constraint does not hold, and `Unavailable` if the database cannot do it now.
    """

    def __init__(
        self, raw: Raw, text: Callable[[str], str], translate: Callable[[Exception], Exception]
    ) -> None:
        self._raw: Raw | None = raw
        self._text = text
        self._translate = translate

    def run(self, sql: str, **values: Any) -> int:
        """Run a statement; returns how many rows it changed."""
        return int(self._execute(sql, values).rowcount)

    def many(self, sql: str, rows: Iterable[Mapping[str, Any]]) -> int:
        """Run a statement for each of `rows`; returns how many rows that changed."""
        return sum(int(self._execute(sql, row).rowcount) for row in rows)

    def all(self, sql: str, **values: Any) -> list[Row]:
        """All rows that a statement gives."""
        return [dict(row) for row in self._execute(sql, values).fetchall()]

    def one(self, sql: str, **values: Any) -> Row | None:
        """The first row that a statement gives, if it gives any."""
        row = self._execute(sql, values).fetchone()
        return None if row is None else dict(row)

    def value(self, sql: str, **values: Any) -> Any:
        """The first column of the first row; None if there is no row."""
        row = self.one(sql, **values)
        return None if row is None else next(iter(row.values()))

    def end(self) -> Raw | None:
        """Make it unusable; returns the connection below, the first time."""
        raw, self._raw = self._raw, None
        return raw

    def _execute(self, sql: str, values: Mapping[str, Any]) -> Any:
        if self._raw is None:
            raise Conflict("a connection is used only inside of the block that it was given to")
        try:
            # Without values, PostgreSQL's driver would not undo the doubling of `%`.
            return self._raw.execute(self._text(sql), values)
        except Exception as problem:
            meaning = self._translate(problem)
            if meaning is problem:
                raise
            raise meaning from problem
