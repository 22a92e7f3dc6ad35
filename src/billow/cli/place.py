"""Which service a verb is about: its app, and the folder where it keeps its data."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from billow.errors import BadInput, NotFound
from billow.service_file import read_service
from billow.settings import in_force, setting, settings_file
from billow.settings_file import FILE

if TYPE_CHECKING:
    from billow.app import App
    from billow.flow.client import Client
    from billow.home import Home

#: The folder's name beside the app, unless told otherwise.
FOLDER = ".billow"


@dataclass(frozen=True, slots=True)
class Place:
    """An app (None if none was found) and its folder."""

    target: str | None
    folder: Path

    def app(self) -> App:
        """The app, loaded.

        Raises:
            NotFound: no app was found.
            DeclarationError: it cannot be loaded.
        """
        from billow.loading import load_app  # noqa: PLC0415 - most verbs need no app

        if self.target is None:
            raise NotFound(
                f"there is no app.py here; name the app by --app or {setting('app').env}"
            )
        return load_app(self.target)

    def home(self) -> Home:
        """The home of a service that has run here before.

        Raises:
            NotFound: the folder does not exist, so there is nothing to show.
        """
        from billow.home import open_home  # noqa: PLC0415 - help and usage need no home

        if not (self.folder / "core.db").exists():
            raise NotFound(
                f"no service keeps its data in {self.folder}; start one by `billow up`, or name "
                f"another folder by --folder or {setting('folder').env}"
            )
        return open_home(self.folder)

    def acting(self) -> Home:
        """The same, with what steps of jobs set off by the app's declarations, if there is one.

        Raises:
            NotFound: the folder does not exist.
            DeclarationError: the app cannot be loaded.
        """
        home = self.home()
        return home if self.target is None else self.client().home

    def client(self) -> Client:
        """A client of the app, whose folder is made if needed."""
        from billow.flow.client import connect  # noqa: PLC0415 - most verbs need none

        return connect(self.app(), self.folder)

    def service(self) -> dict[str, Any] | None:
        """What the running service tells of itself; None if none runs here."""
        told = read_service(self.folder)
        return told if told and _alive(told.get("pid")) else None


def find_place(app: str | None = None, folder: str | None = None) -> Place:
    """The place that the options, the settings and the present directory amount to.

    From then on the file of settings there counts, in processes that are started from here too.

    Raises:
        BadInput: a path holds a NUL character.
        SettingError: the file of settings is wrong.
    """
    _adopt_settings(app)
    wanted, kept = in_force("app", app), in_force("folder", folder)
    if "\0" in f"{wanted.value}{kept.value}":
        raise BadInput("a path cannot hold a NUL character")
    target: str | None = wanted.value
    if wanted.source == "default" and not Path(wanted.value).exists():
        target = None
    place = Path(kept.value) if kept.value else _beside(target)
    if target is None and (told := read_service(place)):
        target = told.get("target")
    return Place(target, place)


def place_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a verb --app and --folder, and hand it the `Place` they amount to.

    A verb below another, such as `dead show`, takes the other's place if it is given none itself.
    """

    @click.option("--app", metavar="APP", help=setting("app").help)
    @click.option("--folder", metavar="DIR", help=setting("folder").help)
    @functools.wraps(command)
    def with_place(*args: Any, app: str | None, folder: str | None, **kwargs: Any) -> Any:
        above = click.get_current_context().obj
        inherited = isinstance(above, Place) and app is None and folder is None
        place = above if inherited else find_place(app, folder)
        return command(*args, place=place, **kwargs)

    return with_place


def use_settings(path: str) -> None:
    """Let the file of settings at `path` count.

    Raises:
        SettingError: it cannot be read, or has a name that is no setting.
    """
    _export(setting("config").env, str(Path(path).absolute()))
    settings_file()


def _adopt_settings(app: str | None) -> None:
    """Let the file of settings count: the one that is named, or the one beside the app."""
    name = setting("config").env
    if not os.environ.get(name):
        target = str(in_force("app", app).value)
        found = _folder(target) / FILE
        if "\0" in target or not found.is_file():
            return
        _export(name, str(found.absolute()))
    written = settings_file()
    for variable, value in written.env.items() if written else ():
        if variable not in os.environ:
            _export(variable, value)


def _export(name: str, value: str) -> None:
    """Set a variable for this command and what it starts."""
    os.environ[name] = value
    context = click.get_current_context(silent=True)
    if context is not None:
        context.find_root().call_on_close(functools.partial(os.environ.pop, name, None))


def _beside(target: str | None) -> Path:
    return Path(FOLDER) if target is None else _folder(target) / FOLDER


def _folder(target: str) -> Path:
    """The folder that an app is in; the present one if it is a module's name."""
    path = Path(target)
    if "\0" in target or not path.exists():
        return Path()
    return path if path.is_dir() else path.parent


def _alive(pid: Any) -> bool:
    return isinstance(pid, int) and Path(f"/proc/{pid}").exists()
