"""SQL text: one style of parameters for every database, and statements one at a time."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from functools import lru_cache

#: What may stand in SQL that is no parameter, or is one (`:name`).
_TOKENS = re.compile(
    r"""'(?:[^']|'')*'            # text
    | "(?:[^"]|"")*"              # a name
    | --[^\n]*                    # a comment
    | /\*.*?\*/
    | (?P<dollar>\$\w*\$).*?(?P=dollar)
    | ::                          # PostgreSQL's cast
    | (?<![\w:]):(?P<name>[A-Za-z_]\w*)
    | %""",
    re.VERBOSE | re.DOTALL,
)


@lru_cache(maxsize=1000)
def pyformat(sql: str) -> str:
    """SQL with `:name` as SQL with `%(name)s`, outside of texts, names and comments."""

    def change(found: re.Match[str]) -> str:
        name = found["name"]
        return f"%({name})s" if name else found[0].replace("%", "%%")

    return _TOKENS.sub(change, sql)


def statements(sql: str) -> Iterator[str]:
    """The statements of a script, for a database that takes one at a time."""
    gathered = ""
    for piece in re.split(r"(?<=;)", sql):
        gathered += piece
        if sqlite3.complete_statement(gathered):
            yield gathered
            gathered = ""
    if re.sub(r"--[^\n]*|/\*.*?\*/|\s", "", gathered, flags=re.DOTALL):
        yield gathered
