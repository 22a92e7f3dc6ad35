"""The file of settings, `billow.toml`: read, checked for names that are no settings, as plain text.

    speed = 60
    url = "https://gas.example.org"
    stripe_key_file = "secrets/stripe-key"   # the first line of another file

    [env]                                    # for the app's own code
    GAS_REFERENCES = "/srv/references"

Paths in it are relative to it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from billow.errors import SettingError

#: What the file is called if nobody says otherwise; it lies beside the app.
FILE = "billow.toml"
#: The ending of a name that stands for the first line of a file.
FROM_FILE = "_file"
#: The table of variables for the app's own code.
_ENV = "env"
#: A setting that a command reads is a line, not a document.
_MOST = 64 * 1024


class Written(NamedTuple):
    """What a file of settings says."""

    path: Path
    #: Text by name, as it would stand in the environment.
    settings: Mapping[str, str]
    #: Variables for the app's own code.
    env: Mapping[str, str]


def read_file(path: str) -> Written:
    """What the file of settings at `path` says; names are not looked at.

    Raises:
        SettingError: it cannot be read, is no TOML, or holds what no setting can be.
    """
    try:
        facts = Path(path).stat()
    except (OSError, ValueError) as problem:
        raise SettingError(f"the file of settings {path} cannot be read: {_why(problem)}") from None
    return _parse(path, facts.st_mtime_ns, facts.st_size)


@lru_cache(maxsize=8)
def _parse(path: str, changed: int, size: int) -> Written:  # noqa: ARG001 - what it depends on
    try:
        if size > _MOST:
            raise SettingError(f"the file of settings {path} is larger than 64 KiB")
        told = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeError, tomllib.TOMLDecodeError) as problem:
        raise SettingError(f"the file of settings {path} cannot be read: {_why(problem)}") from None
    env = told.pop(_ENV, {})
    if not isinstance(env, dict):
        raise SettingError(f"{path}: {_ENV} is a table: [{_ENV}] and a line for each variable")
    place = Path(path).absolute()
    return Written(
        place,
        MappingProxyType({name: _text(place, name, value) for name, value in told.items()}),
        MappingProxyType({name: _text(place, name, value) for name, value in env.items()}),
    )


def check_names(written: Written, known: Collection[str], nearest: Any) -> None:
    """Raises SettingError if the file has a name that is no setting; says the nearest."""
    for name in written.settings:
        if name not in known:
            raise SettingError(
                f"{written.path} has {name!r}, which is no setting{nearest(name, known)}"
            )
    for name in written.env:
        if name.startswith("BILLOW_"):
            raise SettingError(
                f"{written.path}: [{_ENV}] is for the app's own variables; write {name} above it, "
                f"as {name.removeprefix('BILLOW_').lower()}"
            )


def first_line(path: str | Path, told_by: str) -> str:
    """The first line of a file that holds a secret.

    Raises:
        SettingError: it cannot be read; the message has no word of it.
    """
    try:
        with Path(path).open(encoding="utf-8") as file:
            return file.readline(_MOST).rstrip("\r\n")
    except (OSError, ValueError) as problem:
        raise SettingError(f"{told_by}: {path} cannot be read: {_why(problem)}") from None


def _text(path: Path, name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, (str, int, float)):
        return str(value)
    raise SettingError(f"{path}: {name} is text, a number, true or false")


def _why(problem: Exception) -> str:
    return getattr(problem, "strerror", None) or str(problem)
