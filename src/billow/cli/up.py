"""`billow up`: run a service here."""

from __future__ import annotations

import sys
import threading
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from billow.cli.place import find_place, use_settings
from billow.errors import NotFound
from billow.settings import in_force, setting
from billow.settings_table import SETTINGS

if TYPE_CHECKING:
    from billow.app import App
    from billow.keeper import View


@click.command()
@click.argument("target", required=False)
@click.option("--config", metavar="FILE", help=setting("config").help)
@click.option("--folder", metavar="DIR", help=setting("folder").help)
@click.option("--host", metavar="HOST", help=setting("host").help)
@click.option("--port", metavar="PORT", help=setting("port").help)
@click.option("--speed", metavar="TIMES", help=setting("speed").help)
@click.option("--grace", metavar="TIME", help=setting("grace").help)
@click.option("--plain", is_flag=True, help="One line for each event, also on a terminal.")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON for each event.")
@click.option("--open", "browse", is_flag=True, help="Open the console in a browser.")
def up(
    *,
    target: str | None,
    config: str | None,
    folder: str | None,
    plain: bool,
    as_json: bool,
    browse: bool,
    **options: str | None,
) -> None:
    """Run the service that TARGET declares, until Ctrl-C.

    TARGET is a file, a folder with an app.py, or package.module:name; default is the setting
    `app`. What was accepted before and is not finished is done now.
    """
    if config is not None:
        use_settings(config)
    place = find_place(target, folder)
    host, port, speed, grace = (
        in_force(name, options[name]).value for name in ("host", "port", "speed", "grace")
    )
    for row in SETTINGS:
        in_force(row.name)  # what is wrong is said here, and not in the log of some process
    if place.target is None:
        raise NotFound("there is no app.py here; say which app to run: billow up TARGET")
    app = place.app()

    from billow.keeper import run  # noqa: PLC0415 - usage errors need no keeper

    view = _view(app, plain=plain, as_json=as_json)
    if browse:
        _open_when_up(view)
    run(
        absolute(place.target),
        place.folder.absolute(),
        host=host,
        port=port,
        speed=speed,
        grace=grace,
        view=view,
    )


def absolute(target: str) -> str:
    """`target` so that it means the same in every directory."""
    return str(Path(target).absolute()) if Path(target).exists() else target


def _view(app: App, *, plain: bool, as_json: bool) -> View:
    if as_json:
        from billow.cli.lines import JsonView  # noqa: PLC0415 - usage errors need no view

        return JsonView()
    if plain or not sys.stdout.isatty():
        from billow.keeper import PlainView  # noqa: PLC0415

        return PlainView()
    from billow.cli.live import LiveView  # noqa: PLC0415 - drawing needs rich

    return LiveView(app)


def _open_when_up(view: View) -> None:
    started = view.started

    def start_and_open(service: Any) -> None:
        started(service)
        threading.Thread(target=webbrowser.open, args=(service["url"],), daemon=True).start()

    view.started = start_and_open  # type: ignore[method-assign]
