"""`billow config`: the settings in force."""

from __future__ import annotations

import click

from billow.cli.out import document, json_option, say, table
from billow.cli.place import find_place, use_settings
from billow.settings import InForce, in_force, setting, settings_file
from billow.settings_table import SETTINGS


@click.command()
@click.option("--config", "file", metavar="FILE", help=setting("config").help)
@click.option("--app", metavar="APP", help=setting("app").help)
@click.option("--folder", metavar="DIR", help=setting("folder").help)
@json_option
def config(file: str | None, app: str | None, folder: str | None, as_json: bool) -> None:
    """Show the settings in force, and where each comes from."""
    named = in_force("config", file)
    if file is not None:
        use_settings(file)
    place = find_place(app, folder)
    options = {"app": app, "folder": folder}
    held = [in_force(row.name, options.get(row.name)) for row in SETTINGS]
    written = settings_file()
    own = sorted(written.env) if written else []
    if written and named.source == "default":
        named = InForce(named.setting, str(written.path), "beside the app")
    held[0] = named
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
                "file": str(written.path) if written else None,
                "env": own,
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
    say(f"file here    {written.path if written else 'none'}")
    if own:
        say(f"and sets     {', '.join(own)}")
