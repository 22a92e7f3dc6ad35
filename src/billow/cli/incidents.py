"""`billow incidents`: what is wrong, and who takes care."""

from __future__ import annotations

import json
from typing import Any

import click

from billow.cli.oncall import me
from billow.cli.out import ago, document, json_option, lines, say, table
from billow.cli.place import Place, place_options
from billow.cli.times import read_time, show_time
from billow.errors import BadInput
from billow.ops.incidents.desk import Desk
from billow.ops.pager.channels import incident_shape
from billow.ops.pager.opening import open_desk
from billow.ops.pager.roster import Roster
from billow.ports.incidents import Incident
from billow.units import seconds


def desk_of(place: Place) -> Desk:
    """The desk of a service."""
    return open_desk(place.home(), place.app())


@click.group(invoke_without_command=True)
@click.option("--all", "everything", is_flag=True, help="Resolved ones too.")
@click.option("--limit", "-n", default=20, help="At most so many; default 20.")
@place_options
@json_option
@click.pass_context
def incidents(
    ctx: click.Context, place: Place, everything: bool, limit: int, as_json: bool
) -> None:
    """List incidents; acknowledge, resolve, snooze, silence them."""
    ctx.obj = place
    if ctx.invoked_subcommand is not None:
        return
    desk = desk_of(place)
    found = desk.latest(limit) if everything else desk.open()[::-1][:limit]
    if as_json:
        lines(incident_shape(each) for each in found)
        return
    columns = ("number>", "state", "severity", "service", "summary", "since", "by")
    rows = (
        (i.number, state_of(i), i.severity, i.service, i.summary, ago(i.created), i.acked_by)
        for i in found
    )
    table(columns, rows, "nothing is wrong" if not everything else "no incidents")


@incidents.command()
@click.argument("number", type=int)
@place_options
@json_option
def show(place: Place, number: int, as_json: bool) -> None:
    """Show an incident, what happened, and who was told."""
    desk = desk_of(place)
    incident, events, notices = desk.get(number), desk.events(number), desk.notices(number)
    if as_json:
        told = [
            {k: v for k, v in each._asdict().items() if k not in ("incident", "contact")}
            for each in notices
        ]
        document(
            {
                **incident_shape(incident),
                "events": [each._asdict() for each in events],
                "notices": told,
            }
        )
        return
    say(f"#{incident.number} {state_of(incident)}: [{incident.severity}] {incident.summary}")
    say(f"{incident.service}, noticed by {incident.source}, {incident.signs} signs\n")
    rows = ((show_time(e.at), e.kind, e.who, e.text) for e in events)
    table(("when", "what", "who", "text"), rows, "nothing happened")


@incidents.command()
@click.argument("numbers", type=int, nargs=-1, required=True)
@click.option("--as", "who", default=None, metavar="PERSON", help="Who does; default is you.")
@place_options
@json_option
def ack(place: Place, numbers: tuple[int, ...], who: str | None, as_json: bool) -> None:
    """Take care of incidents: nobody else is paged for them."""
    desk = desk_of(place)
    _tell([desk.acknowledge(number, who or me()) for number in numbers], as_json)


@incidents.command()
@click.argument("numbers", type=int, nargs=-1, required=True)
@click.option("--as", "who", default=None, metavar="PERSON", help="Who does; default is you.")
@place_options
@json_option
def resolve(place: Place, numbers: tuple[int, ...], who: str | None, as_json: bool) -> None:
    """Say that incidents are over."""
    desk = desk_of(place)
    _tell([desk.close(number, who or me()) for number in numbers], as_json)


@incidents.command()
@click.argument("number", type=int)
@click.argument("length")
@place_options
@json_option
def snooze(place: Place, number: int, length: str, as_json: bool) -> None:
    """Page nobody for an incident for a LENGTH of time, such as "2 h"."""
    _tell([desk_of(place).snooze(number, seconds(length), me())], as_json)


@incidents.command()
@click.argument("number", type=int)
@click.argument("text")
@place_options
def note(place: Place, number: int, text: str) -> None:
    """Write something down with an incident."""
    desk_of(place).note(number, text, me())


@incidents.command()
@click.argument("key")
@click.argument("summary")
@click.option("--service", default=None, help="Whose people are called; default is the app's.")
@click.option(
    "--severity", type=click.Choice(("critical", "error", "warning", "info")), default="error"
)
@click.option("--source", default="command line", help="What noticed it.")
@place_options
@json_option
def trigger(
    place: Place,
    key: str,
    summary: str,
    service: str | None,
    severity: Any,
    source: str,
    as_json: bool,
) -> None:
    """Open an incident; while one with the same KEY is open, this adds to it."""
    desk = desk_of(place)
    name = service or desk.declared.app
    _tell([desk.trigger(name, key, summary, severity, source, {"by": me()})], as_json)


@incidents.command()
@click.option("--start", default="now", metavar="TIME", help="From when; default is now.")
@click.option("--for", "length", metavar="TIME", help="How long, such as 2h.")
@click.option("--match", multiple=True, metavar="FIELD=PATTERN", help="Only such incidents.")
@click.option("--maintenance", is_flag=True, help="It is maintenance: not counted as down time.")
@click.option("--why", default="", help="Why.")
@click.option("--end", metavar="ID", help="End one now.")
@place_options
@json_option
def silence(
    place: Place,
    *,
    start: str,
    length: str | None,
    match: tuple[str, ...],
    maintenance: bool,
    why: str,
    end: str | None,
    as_json: bool,
) -> None:
    """Let incidents page nobody for a while; without --for, list silences and maintenance."""
    roster, now = Roster(place.home()), place.home().clock.now()
    if end:
        roster.end_mute(end)
    elif length:
        begin = read_time(start, now)
        kind = "maintenance" if maintenance else "silence"
        roster.add_mute(kind, _patterns(match), begin, begin + seconds(length), why, me())
    found = roster.mutes()
    if as_json:
        lines({**each._asdict(), "match": json.loads(each.match)} for each in found)
        return
    rows = (
        (m.id, m.kind, show_time(m.start), show_time(m.end), m.match, m.why, m.who) for m in found
    )
    table(("id", "kind", "from", "to", "match", "why", "who"), rows, "nothing is silenced")


@incidents.command()
@click.option("--add", metavar="SERVICE", help="Make a key for events of a service.")
@click.option("--remove", metavar="ID", help="Let a key count no more.")
@place_options
@json_option
def keys(place: Place, add: str | None, remove: str | None, as_json: bool) -> None:
    """List the keys by which programs send events, as PagerDuty's Events API v2 has it."""
    roster = Roster(place.home())
    if add:
        made = roster.add_key(add)
        if as_json:
            document(made._asdict())
        else:
            say(f"{made.secret}\nshown this once; its id is {made.id}")
        return
    if remove:
        roster.remove_key(remove)
    found = roster.keys()
    if as_json:
        lines({"id": k.hash[:12], "service": k.service, "created": k.created} for k in found)
        return
    rows = ((k.hash[:12], k.service, f"{k.hint}…", ago(k.created)) for k in found)
    table(("id", "service", "key", "made"), rows, "no keys")


def state_of(incident: Incident) -> str:
    """An incident's state, with what it is besides."""
    extra = [each for each in incident.flags.split() if each != "paged"]
    if incident.snoozed is not None:
        extra.append("snoozed")
    if incident.muted:
        extra.append("muted")
    return incident.state + (f" ({', '.join(extra)})" if extra else "")


def _tell(found: list[Incident], as_json: bool) -> None:
    if as_json:
        lines(incident_shape(each) for each in found)
        return
    for each in found:
        say(f"#{each.number} {state_of(each)}: {each.summary}")


def _patterns(match: tuple[str, ...]) -> dict[str, str]:
    pairs = [each.partition("=") for each in match]
    if not all(name and equals for name, equals, _ in pairs):
        raise BadInput("write --match FIELD=PATTERN, such as severity=warning or key=disk*")
    return {name: pattern for name, _, pattern in pairs}
