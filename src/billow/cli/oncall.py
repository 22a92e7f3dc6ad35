"""`billow oncall`: who is on call, who comes next, and how to change that."""

from __future__ import annotations

import getpass
from typing import Any

import click

from billow.cli.out import document, json_option, lines, say, table
from billow.cli.place import Place, place_options
from billow.cli.times import read_time, show_time
from billow.errors import BadInput, NotFound
from billow.ops.pager.holes import Missed, unreachable
from billow.ops.pager.rotas import versions
from billow.ops.rota.changes import KINDS as CHANGES
from billow.ops.rota.changes import Change
from billow.ops.rota.history import shifts_by
from billow.ops.rota.ical import calendar
from billow.ops.rota.rota import Rota
from billow.ops.rota.schedule import Health, health, next_on_call, on_call, shifts
from billow.ops.rota.zone import find_zone
from billow.ports.incidents import Contact
from billow.units import human_time, seconds


def me() -> str:
    """Whoever types."""
    return getpass.getuser()


@click.group(invoke_without_command=True)
@place_options
@json_option
@click.pass_context
def oncall(ctx: click.Context, place: Place, as_json: bool) -> None:
    """Show who is on call now and next, in each rota; change it for a while."""
    ctx.obj = place
    if ctx.invoked_subcommand is not None:
        return
    home = place.home()
    now = home.clock.now()
    rows: list[dict[str, Any]] = []
    for rota in place.app().rotas.values():
        changes = _changes(place, rota.name)
        present = [each for each in shifts(rota, changes, now, now + 1) if each.start <= now]
        until = present[0].end if present else None
        who, following = on_call(rota, changes, now), next_on_call(rota, changes, now)
        rows.append({"rota": rota.name, "now": who, "until": until, "next": following})
    if as_json:
        lines(rows)
        return
    told = ((r["rota"], _people(r["now"]), _at(r["until"]), _people(r["next"])) for r in rows)
    table(("rota", "on call", "until", "next"), told, "the app declares no rota; see app.oncall")


@oncall.command("shifts")
@click.argument("rota", required=False)
@click.option("--from", "since", default="now", metavar="TIME", help="Begin of the list.")
@click.option("--for", "length", default="4 w", metavar="TIME", help="Its length; default 4 w.")
@place_options
@json_option
def shifts_(place: Place, rota: str | None, since: str, length: str, as_json: bool) -> None:
    """List the shifts of a ROTA."""
    chosen, now = _rota(place, rota), place.home().clock.now()
    begin = read_time(since, now, find_zone(chosen.zone))
    past, end = versions(place.home(), chosen), begin + seconds(length)
    found = shifts_by(past, _changes(place, chosen.name), begin, end)
    if as_json:
        lines({**each._asdict(), "rota": chosen.name} for each in found)
        return
    rows = ((show_time(s.start), show_time(s.end), _people(s.people), s.source) for s in found)
    table(("from", "to", "on call", "by"), rows, "nobody is on call in this time")


@oncall.command()
@click.argument("rota", required=False)
@place_options
@json_option
def gaps(place: Place, rota: str | None, as_json: bool) -> int:
    """Show gaps in the next 30 days, and how the next 52 weeks are shared.

    Whoever is on call within 14 days and cannot be reached is a gap, too.
    """
    from billow.ops.pager.opening import open_desk  # noqa: PLC0415 - imported when needed

    chosen, home = _rota(place, rota), place.home()
    found = health(chosen, _changes(place, chosen.name), home.clock.now())
    missed = open_desk(home, place.app()).look(lambda room: unreachable(room, chosen))
    if as_json:
        people = [each._asdict() for each in missed]
        document({**found._asdict(), "rota": chosen.name, "unreachable": people})
    else:
        _say_health(found, missed)
    return 1 if found.gaps or missed else 0


@oncall.command()
@click.argument("rota")
@click.argument("kind", type=click.Choice(CHANGES))
@click.argument("start")
@click.argument("end")
@click.argument("person", required=False, default="")
@click.option("--for", "other", default="", metavar="PERSON", help="Whoever is relieved.")
@click.option("--priority", type=int, default=0, help="Of changes at one time the highest counts.")
@place_options
@json_option
def override(
    place: Place,
    *,
    rota: str,
    kind: str,
    start: str,
    end: str,
    person: str,
    other: str,
    priority: int,
    as_json: bool,
) -> None:
    """Change a ROTA from START to END: override, replace, add, remove, swap or temporary."""
    chosen, now = _rota(place, rota), place.home().clock.now()
    zone = find_zone(chosen.zone)
    begin = read_time(start, now, zone)
    finish = read_time(end, begin if end.startswith("+") else now, zone)
    wanted = Change("", chosen.name, kind, begin, finish, person, other, priority, me(), now)
    _show_change(_roster(place).add_change(wanted), as_json)


@oncall.command()
@click.argument("id")
@click.argument("person")
@place_options
@json_option
def swap(place: Place, id: str, person: str, as_json: bool) -> None:
    """Let PERSON take the swap ID that somebody asks for."""
    _show_change(_roster(place).take_swap(id, person), as_json)


@oncall.command("changes")
@click.option("--remove", metavar="ID", help="Take a change back.")
@place_options
@json_option
def changes_(place: Place, remove: str | None, as_json: bool) -> None:
    """List the changes that are not over; take one back."""
    roster, now = _roster(place), place.home().clock.now()
    if remove:
        roster.remove_change(remove)
    found = [each for each in roster.changes() if each.end > now]
    if as_json:
        lines(each._asdict() for each in found)
        return
    rows = (
        (c.id, c.rota, c.kind, show_time(c.start), show_time(c.end), c.person or "–", c.other)
        for c in found
    )
    table(("id", "rota", "kind", "from", "to", "person", "for"), rows, "no changes")


@oncall.command()
@click.argument("rota", required=False)
@click.option("--person", default="", help="Only this person's shifts.")
@click.option("--for", "length", default="52 w", metavar="TIME", help="How far; default 52 w.")
@place_options
def ical(place: Place, rota: str | None, person: str, length: str) -> None:
    """Write the shifts of a ROTA as a calendar (RFC 5545)."""
    chosen, now = _rota(place, rota), place.home().clock.now()
    found = shifts(chosen, _changes(place, chosen.name), now, now + seconds(length))
    click.echo(calendar(chosen.name, found, now, person), nl=False)


@oncall.command()
@click.argument("who", nargs=-1, metavar="[PERSON KIND ADDRESS | ID]")
@click.option("--wait", default="0", metavar="TIME", help="Use it only so long after a page.")
@click.option("--verified", is_flag=True, help="You vouch for it: no code is sent.")
@click.option("--verify", metavar="CODE", help="Verify the contact ID.")
@click.option("--off", metavar="WHY", help="Switch the contact ID off.")
@click.option("--on", "do", flag_value="on", help="Switch the contact ID on.")
@click.option("--remove", "do", flag_value="remove", help="Remove the contact ID.")
@place_options
@json_option
def contact(
    place: Place,
    *,
    who: tuple[str, ...],
    wait: str,
    verified: bool,
    verify: str | None,
    off: str | None,
    do: str | None,
    as_json: bool,
) -> None:
    """Show how people are reached; add PERSON KIND ADDRESS.

    KIND is mail, webhook, pagerduty, push, sms or voice.
    """
    from billow.settings import in_force  # noqa: PLC0415 - only needed here

    roster, id_ = _roster(place), who[0] if len(who) == 1 else ""
    if verify is not None:
        roster.verify(id_, verify)
    elif off is not None:
        roster.switch_contact(id_, f"switched off by {me()}: {off}")
    elif do == "on":
        roster.switch_contact(id_, "")
    elif do == "remove":
        roster.remove_contact(id_)
    elif who:
        if len(who) != 3:
            raise BadInput("write PERSON KIND ADDRESS")
        local = in_force("webhooks_local").value
        made = roster.add_contact(*who, wait=wait, vouched=verified, local=local)
        if as_json:
            document(made._asdict())
            return
        say(made.id + (f"\nsigned with {made.secret}" if made.secret else ""))
        return
    _show_contacts(roster.contacts(), as_json)


def _show_contacts(found: list[Contact], as_json: bool) -> None:
    if as_json:
        lines(_contact_shape(each) for each in found)
        return
    rows = ((c.id, c.person, c.kind, human_time(c.wait), _standing(c)) for c in found)
    table(("id", "person", "kind", "after", "standing"), rows, "no contacts")


def _contact_shape(each: Contact) -> dict[str, Any]:
    shown = ("id", "person", "kind", "wait", "created", "verified", "disabled")
    return {name: getattr(each, name) for name in shown}


def _standing(each: Contact) -> str:
    return each.disabled or ("verified" if each.verified is not None else "not verified")


def _roster(place: Place) -> Any:
    from billow.ops.pager.roster import Roster  # noqa: PLC0415 - imported when needed

    return Roster(place.home())


def _changes(place: Place, rota: str) -> list[Change]:
    found: list[Change] = _roster(place).changes(rota)
    return found


def _rota(place: Place, name: str | None) -> Rota:
    """The rota of that name; the only one, if none is named.

    Raises:
        NotFound: there is none, or several and none is named.
    """
    rotas = place.app().rotas
    if name is None and len(rotas) == 1:
        return next(iter(rotas.values()))
    if name is None or name not in rotas:
        raise NotFound(f"name one of the app's rotas: {', '.join(rotas) or 'it has none'}")
    return rotas[name]


def _show_change(change: Change, as_json: bool) -> None:
    if as_json:
        document(change._asdict())
        return
    who = change.person or ("whoever takes it" if change.kind == "swap" else "nobody")
    span = f"{show_time(change.start)} to {show_time(change.end)}"
    say(f"{change.id}: {change.kind} {who}, {span}")


def _say_health(found: Health, missed: list[Missed]) -> None:
    for start, end in found.gaps:
        say(f"nobody from {show_time(start)} to {show_time(end)}")
    for person, at, why in missed:
        say(f"{person} is on call from {show_time(at)} and cannot be reached: {why}")
    say(f"covered {found.coverage:.1%} of the next 30 days; score {found.score} of 100")
    total = sum(found.load.values()) or 1.0
    rows = ((who, human_time(load), f"{load / total:.0%}") for who, load in found.load.items())
    table(("person", "next 52 weeks>", "share>"), rows, "nobody")


def _people(people: Any) -> str:
    return ", ".join(people) or "nobody"


def _at(at: float | None) -> str:
    return "" if at is None else show_time(at)
