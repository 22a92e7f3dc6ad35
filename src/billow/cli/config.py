"""`billow config`: the settings in force."""

from __future__ import annotations

import click

from billow.cli.out import document, json_option, say, table
from billow.cli.place import Place, place_options
from billow.settings import SETTINGS, in_force


@click.command()
@place_options
@json_option
def config(place: Place, as_json: bool) -> None:
    """Show the settings in force, and where each comes from."""
    held = [in_force(row.name) for row in SETTINGS]
    if as_json:
        document(
            {
                "settings": [
                    {
                        "name": one.setting.name,
                        "value": one.value,
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
        (one.setting.name, one.value, one.source, one.setting.env, one.setting.help) for one in held
    ]
    table(("setting", "value", "from", "environment", "meaning"), rows, "no settings")
    say()
    say(f"app here     {place.target or 'none found'}")
    say(f"folder here  {place.folder}")
