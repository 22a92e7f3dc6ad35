"""`billow heartbeat`: signs of life that must come, or somebody is told."""

from __future__ import annotations

import secrets
from typing import Any

import click

from billow.cli.incidents import desk_of
from billow.cli.out import ago, document, json_option, lines, say, table
from billow.cli.place import Place, place_options
from billow.ops.incidents import heartbeats
from billow.ops.pager.opening import site
from billow.ops.pager.roster import digest
from billow.ports.incidents import Heartbeat
from billow.units import human_time, seconds


@click.group(invoke_without_command=True)
@place_options
@json_option
@click.pass_context
def heartbeat(ctx: click.Context, place: Place, as_json: bool) -> None:
    """List heartbeats: backups, cron jobs, other services that must call in every so often."""
    ctx.obj = place
    if ctx.invoked_subcommand is not None:
        return
    found = desk_of(place).look(lambda room: room.books.heartbeats.find())
    if as_json:
        lines(_shape(each) for each in found)
        return
    rows = ((h.name, h.service, human_time(h.every), ago(h.last) or "never") for h in found)
    table(("name", "service", "every", "last"), rows, "no heartbeats")


@heartbeat.command()
@click.argument("name")
@click.option("--every", required=True, metavar="TIME", help="How often it must come.")
@click.option("--service", default=None, help="Whose people are called; default is the app's.")
@click.option(
    "--severity", type=click.Choice(("critical", "error", "warning", "info")), default="error"
)
@place_options
@json_option
def add(
    place: Place, name: str, every: str, service: str | None, severity: str, as_json: bool
) -> None:
    """Expect a heartbeat; shows, this once, the address that it is to call."""
    desk = desk_of(place)
    token, now = secrets.token_urlsafe(24), desk.home.clock.now()
    made = Heartbeat(
        name, digest(token), service or desk.declared.app, severity, seconds(every), now
    )
    desk.change(lambda room: heartbeats.add(room, made))
    address = f"{site(desk.home)}/api/v1/heartbeats/{token}"
    if as_json:
        document({**_shape(made), "address": address})
    else:
        say(address)


@heartbeat.command()
@click.argument("name")
@place_options
def remove(place: Place, name: str) -> None:
    """Expect a heartbeat no more."""
    desk_of(place).change(lambda room: heartbeats.remove(room, name))


def _shape(each: Heartbeat) -> dict[str, Any]:
    return {key: value for key, value in each._asdict().items() if key != "hash"}
