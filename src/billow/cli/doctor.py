"""`billow doctor`."""

from __future__ import annotations

from collections.abc import Iterator

import click

from billow.cli.out import console, document, json_option
from billow.cli.place import Place, place_options
from billow.doctor import Check, examine
from billow.errors import DeclarationError
from billow.settings import in_force

_STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red"}


@click.command()
@place_options
@json_option
def doctor(place: Place, as_json: bool) -> int:
    """Check this machine, with a cure for what is amiss.

    The exit status is 1 if a point fails; warnings do not count.
    """
    service = place.service()
    port = in_force("port").value
    own = service is not None and str(service.get("url", "")).endswith(f":{port}")
    checks = [*examine(place.folder, port, own), *_app(place)]
    if as_json:
        document({"checks": [check._asdict() for check in checks]})
    else:
        for check in checks:
            _show(check)
    return 1 if any(check.state == "fail" for check in checks) else 0


def _app(place: Place) -> Iterator[Check]:
    if place.target is None:
        yield Check("app", "ok", "none here; `billow up TARGET` says which to run")
        return
    try:
        app = place.app()
    except DeclarationError as problem:
        yield Check("app", "fail", problem.detail, "mend the app; `billow up` would not start")
        return
    functions = ", ".join(app.functions) or "none"
    yield Check("app", "ok", f"{app.name} ({place.target}); functions: {functions}")


def _show(check: Check) -> None:
    from rich.text import Text  # noqa: PLC0415 - JSON needs no rich

    line = Text.assemble((f"{check.state:<5}", _STYLES[check.state]), f"{check.name:<16}")
    console().print(line.append(check.found), soft_wrap=True)
    if check.cure:
        console().print(Text(f"     {'':<16}cure: {check.cure}", "bold"), soft_wrap=True)
