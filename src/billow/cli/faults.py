"""`billow drill faults`: whether a service helps itself, and calls somebody if it cannot."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import click

from billow.cli.out import document, json_option, say, warn
from billow.errors import BadInput


@click.command()
@click.option("--report", "place", metavar="DIR", help="Keep logs and report here; empty or new.")
@json_option
def faults(place: str | None, as_json: bool) -> int:
    """Hang, leak, fill up, cut off and flood a service, and see what it does about it.

    A small service of its own is started, and everything happens at once: a web server hangs, a
    worker leaks, the disk fills up (root only), the mail server and a service that is called are
    dead, and much work comes. The exit status is 1 if it was not well again, was available to less
    than 95 % of all looks, lost anything, or called too few or too many.
    """
    from billow.drill.faults.drill import drill  # noqa: PLC0415 - the help needs no drill

    folder = Path(place or tempfile.mkdtemp(prefix="billow-drill-"))
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadInput(f"{folder} is not empty; a drill needs a folder of its own")
    report = drill(folder, warn)
    told = report.document()
    (folder / "report.json").write_text(json.dumps(told, indent=2) + "\n")
    (folder / "report.txt").write_text("\n".join(report.lines()) + "\n")
    if as_json:
        document(told)
    else:
        for line in report.lines():
            say(line)
        say(f"files     {folder}")
    return 0 if report.passed else 1
