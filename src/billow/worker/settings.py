"""The command line of a worker."""

from __future__ import annotations

import getopt
from typing import NamedTuple

from billow.errors import SettingError

USAGE = """\
usage: python -m billow.worker --app FILE_OR_FOLDER --function NAME --folder DIR --id ID
                               [--lifeline FD] [--status FD] [--lease SECONDS] [--speed N]

  --app       the app: a file, a folder with an app.py, or package.module:name
  --function  the function whose jobs to run
  --folder    the service's folder
  --id        the worker's name; never reused
  --lifeline  descriptor of a pipe; when it ends, the worker finishes its job and leaves
  --status    descriptor that gets a JSON line at every change
  --lease     seconds that a job stays reserved without a sign of life (default 10)
  --speed     how many times faster the time passes until files are archived (default 1)
"""


class Settings(NamedTuple):
    """What a worker is told when it starts."""

    app: str
    function: str
    folder: str
    id: str
    lifeline: int | None = None
    status: int | None = None
    #: Seconds.
    lease: float = 10.0
    speed: float = 1.0


def read_settings(arguments: list[str]) -> Settings:
    """The settings on a command line.

    Raises:
        SettingError: one is unknown, missing or impossible.
    """
    try:
        pairs, rest = getopt.getopt(arguments, "", [f"{name}=" for name in Settings._fields])
    except getopt.GetoptError as problem:
        raise SettingError(problem.msg) from None
    given = {name[2:]: value for name, value in pairs}
    for name in ("app", "function", "folder", "id"):
        if name not in given:
            raise SettingError(f"--{name} is missing")
    if rest:
        raise SettingError(f"{rest[0]!r} is not a setting")
    lease = _number(given, "lease")
    if lease is not None and not 0.3 <= lease <= 3600:
        raise SettingError(f"--lease {lease:g}: must be 0.3 to 3600 seconds")
    speed = _number(given, "speed")
    if speed is not None and not 0 < speed <= 10_000:
        raise SettingError(f"--speed {speed:g}: must be above 0 and at most 10000")
    return Settings(
        given["app"],
        given["function"],
        given["folder"],
        given["id"],
        _descriptor(given, "lifeline"),
        _descriptor(given, "status"),
        10.0 if lease is None else lease,
        1.0 if speed is None else speed,
    )


def _number(given: dict[str, str], name: str) -> float | None:
    try:
        return float(given[name]) if name in given else None
    except ValueError:
        raise SettingError(f"--{name} {given[name]}: not a number") from None


def _descriptor(given: dict[str, str], name: str) -> int | None:
    if name not in given:
        return None
    if not given[name].isdecimal():
        raise SettingError(f"--{name} {given[name]}: not a file descriptor")
    return int(given[name])
