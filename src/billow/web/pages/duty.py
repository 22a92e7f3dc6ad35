"""Who is on call now, and what nobody took care of yet, in few words for other pages."""

from __future__ import annotations

from billow.app import App
from billow.home import Home
from billow.ops.incidents.room import open_incidents
from billow.ops.pager.roster import Roster
from billow.ops.rota.schedule import on_call
from billow.web.pages import wording
from billow.web.pages.asked import Asked
from billow.web.visitor import Visitor


def on_duty(asked: Asked) -> list[tuple[str, str]]:
    """Each rota, and the people who are on call in it now."""
    now, roster = asked.home.clock.now(), Roster(asked.home)
    return [
        (rota.name, ", ".join(on_call(rota, roster.changes(rota.name), now)) or "nobody")
        for rota in asked.app.rotas.values()
    ]


def own_names(app: App, visitor: Visitor) -> list[str]:
    """The people of rotas that somebody who asks is, by the verified address of their account.

    Names can be chosen freely; an address was shown to be theirs.
    """
    who = visitor.who
    if who is None or who.account.verified_at is None:
        return []
    return [person for person in team(app) if person == who.account.email]


def team(app: App) -> list[str]:
    """The people of all rotas."""
    return list(dict.fromkeys(person for rota in app.rotas.values() for person in rota.team))


def troubles(home: Home) -> list[tuple[str, str]]:
    """What to say of open incidents, and where more is said."""
    found = home.incidents.look(open_incidents)
    alone = [each for each in found if each.state == "triggered" and not each.muted]
    if not found:
        return []
    said = wording.count(len(found), "incident") + " open"
    if alone:
        said += f", {len(alone)} of which nobody takes care yet"
    address = f"/incidents/{found[0].number}" if len(found) == 1 else "/incidents"
    return [(said, address)]
