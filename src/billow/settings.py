"""The settings in force on a machine; `billow.settings_table` lists them.

What an app *is* stands in its Python file. Settings say where and how it runs here. The first of
these that says something counts: the command's option, the environment, the file of settings, the
default.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from billow import settings_values as values
from billow.errors import SettingError
from billow.settings_file import FROM_FILE, Written, check_names, first_line, read_file
from billow.settings_table import PREFIX, SETTINGS, Setting


class InForce(NamedTuple):
    """A setting's value, and where it comes from: `option`, `environment`, `file` or `default`."""

    setting: Setting
    value: Any
    source: str

    @property
    def shown(self) -> Any:
        """The value as it may be shown: plain, and without passwords."""
        plain = isinstance(self.value, (str, int, float))
        return self.value if plain and not self.setting.secret else str(self.value)


_BY_NAME = {setting.name: setting for setting in SETTINGS}


def setting(name: str) -> Setting:
    """A row of the table.

    Raises:
        SettingError: there is none of this name; the message names the nearest.
    """
    try:
        return _BY_NAME[name]
    except KeyError:
        raise SettingError(f"there is no setting {name!r}{_nearest(name, _BY_NAME)}") from None


def in_force(
    name: str, option: Any = None, environment: Mapping[str, str] | None = None
) -> InForce:
    """A setting's value: `option` if given, else the environment's, the file's, or the default.

    Raises:
        SettingError: the value is impossible; the message names it and where it came from.
    """
    row = setting(name)
    around = os.environ if environment is None else environment
    if option is not None:
        return InForce(row, _read(row, str(option), f"--{name}"), "option")
    told = _text(row, around, row.env, "_FILE", Path())
    if told is not None:
        return InForce(row, _read(row, told, row.env), "environment")
    if name != "config" and (written := settings_file(around)) is not None:
        told = _text(row, written.settings, name, FROM_FILE, written.path.parent)
        if told is not None:
            value = _read(row, _placed(row, told, written), f"{written.path}: {name}")
            return InForce(row, value, "file")
    return InForce(row, _read(row, row.default, "default"), "default")


def secret_texts(environment: Mapping[str, str] | None = None) -> set[str]:
    """What the settings hold that must never be seen: each secret, and the passwords in them.

    Raises:
        SettingError: a file that holds one cannot be read.
    """
    around = os.environ if environment is None else environment
    written = settings_file(around)
    found: set[str] = set()
    for row in SETTINGS:
        if row.secret:
            text = _text(row, around, row.env, "_FILE", Path())
            if text is None and written is not None:
                text = _text(row, written.settings, row.name, FROM_FILE, written.path.parent)
            found |= values.secrets_in(text or "")
    return found


def settings_file(environment: Mapping[str, str] | None = None) -> Written | None:
    """What the file of settings says that the environment names, every name of it checked.

    Raises:
        SettingError: it cannot be read, or has a name that is no setting.
    """
    around = os.environ if environment is None else environment
    path = around.get(_BY_NAME["config"].env)
    if not path:
        return None
    written = read_file(path)
    check_names(written, _names(lambda row: row.name, FROM_FILE) - {"config"}, _nearest)
    return written


def check_environment(environment: Mapping[str, str] | None = None) -> None:
    """Raises SettingError if a BILLOW_ variable is not in the table; names the nearest."""
    known = _names(lambda row: row.env, FROM_FILE.upper())
    for name in sorted(os.environ if environment is None else environment):
        if name.startswith(PREFIX) and name not in known:
            raise SettingError(
                f"the environment has {name}, which is no setting"
                f"{_nearest(name, known)}; see `billow config`"
            )


def _names(called: Callable[[Setting], str], ending: str) -> set[str]:
    """What settings may be called: secrets also with an ending, for a file that holds them."""
    plain: Iterable[str] = map(called, SETTINGS)
    return {*plain, *(called(row) + ending for row in SETTINGS if row.secret)}


def _text(
    row: Setting, told: Mapping[str, str], name: str, ending: str, folder: Path
) -> str | None:
    """What `told` says of a setting: itself, or the first line of the file it names for it."""
    text, kept = told.get(name), told.get(name + ending) if row.secret else None
    if kept is None:
        return text
    if text is not None:
        raise SettingError(f"{name} and {name}{ending} are both given; one is enough")
    return first_line(folder / kept, name + ending)


def _placed(row: Setting, text: str, written: Written) -> str:
    """A path of the file of settings as it is from here; other text as it is."""
    beside = written.path.parent / text
    is_module = row.name == "app" and not beside.exists()
    return str(beside) if row.path and text and not is_module else text


def _read(row: Setting, text: str, where: str) -> Any:
    try:
        return row.read(text)
    except ValueError as problem:
        told = where if row.secret else f"{where}={text!r}"
        raise SettingError(f"{told} is impossible: {problem}") from None


def _nearest(name: str, known: Any) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"; did you mean {near[0]}?" if near else ""
