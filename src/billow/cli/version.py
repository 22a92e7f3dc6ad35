"""`billow version`."""

from __future__ import annotations

import platform
import sqlite3

import click

from billow import __version__
from billow.cli.out import document, json_option, say


@click.command()
@json_option
def version(as_json: bool) -> None:
    """Say which version of Billow, Python and SQLite this is."""
    told = {
        "billow": __version__,
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }
    if as_json:
        document(told)
    else:
        say("  ".join(f"{name} {number}" for name, number in told.items()))
