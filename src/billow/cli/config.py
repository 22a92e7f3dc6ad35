"""`billow config`: the settings in force."""

from __future__ import annotations

import click

from billow.cli.out import document, json_option, say, table
from billow.cli.place import find_place
from billow.settings import SETTINGS, in_force, setting


@click.command()
@click.option("--app", metavar="APP", help=setting("app").help)
@click.option("--folder", metavar="DIR", help=setting("folder").help)
@json_option
def config(app: str | None, folder: str | None, as_json: bool) -> None:
    """Show the settings in force, and where each comes from."""
    place = find_place(app, folder)
    options = {"app": app, "folder": folder}
    held = [in_force(row.name, options.get(row.name)) for row in SETTINGS]
    if as_json:
        document(
            {
                "settings": [
                    {
                        "name": one.setting.name,
                        "value": one.shown,
                        "source": one.source,
                        "env": one.setting.env,
                        "default": one.setting.default,
                        "help": one.setting.help,
                    }
                    for one in held
                ],
                "app": place.target,
                "folder": str(place.folder),
            }
        )
        return
    rows = [
        (one.setting.name, one.shown, one.source, one.setting.env, one.setting.help) for one in held
    ]
    table(("setting", "value", "from", "environment", "meaning"), rows, "no settings")
    say()
    say(f"app here     {place.target or 'none found'}")
    say(f"folder here  {place.folder}")
