"""Contacts: the ways in which people on call are reached, set up by themselves or for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from billow.errors import BadInput, Error, NotFound
from billow.ops.incidents.people import FOLLOWERS
from billow.ops.pager.roster import KINDS, Roster
from billow.ports.incidents import Contact
from billow.settings import in_force
from billow.web.context import Context, context_of
from billow.web.pages.desk import Sent, answer, go, read
from billow.web.pages.duty import own_names, team
from billow.web.pages.incidents import name_of

#: Contacts that whoever does not run the service may have.
MOST = 20
#: What people call the kinds.
WORDS = {
    "mail": "Mail",
    "webhook": "Webhook",
    "pagerduty": "PagerDuty",
    "push": "Push",
    "sms": "Text message",
    "voice": "Call",
}


def routes() -> list[BaseRoute]:
    """Addresses of this page."""
    return [
        Route("/oncall/contacts", contacts_page, methods=["GET"], name="contacts"),
        Route("/oncall/contacts", change_contacts, methods=["POST"]),
    ]


async def contacts_page(request: Request) -> Response:
    """The contacts that one may see: all of them, or one's own."""
    return await _show(request)


async def change_contacts(request: Request) -> Response:
    """Add a contact, or do to one what a button says."""
    context, sent = context_of(request), await read(request)
    try:
        secret = await context.run(_change, context, sent, name_of(request, sent))
    except Error as problem:
        return await _show(request, problem, sent=sent)
    if secret:
        return await _show(request, secret=secret)
    return go("/oncall/contacts?told=saved")


def _change(context: Context, sent: Sent, who: str) -> str:
    """Do it; returns a secret that is to be shown this once, if there is any."""
    roster, people = Roster(context.home), _people(context)
    if sent.get("do") == "add":
        return _add(context, roster, people, sent)
    contact = roster.contact(sent.get("id", ""))
    if contact.person not in people and not context.visitor.runs_it:
        raise NotFound("there is no such contact")  # nor is it told whether there is
    match sent.get("do"):
        case "code":
            roster.send_code(contact.id)
        case "verify":
            roster.verify(contact.id, sent.get("code", ""))
        case "vouch" if context.visitor.runs_it:
            roster.verify(contact.id, roster.code(contact.id))
        case "off":
            roster.switch_contact(contact.id, f"switched off by {who}")
        case "on":
            roster.switch_contact(contact.id, "")
        case "remove":
            roster.remove_contact(contact.id)
        case _:
            raise BadInput("this button is not known")
    return ""


def _add(context: Context, roster: Roster, people: list[str], sent: Sent) -> str:
    person = sent.get("person", "")
    if person not in people:
        raise BadInput("choose somebody of a rota")
    theirs = sum(each.person == person for each in roster.contacts())
    if theirs >= MOST and not context.visitor.runs_it:
        raise BadInput(f"{MOST} ways to be reached are enough")
    made = roster.add_contact(
        person,
        sent.get("kind", ""),
        sent.get("address", ""),
        wait=sent.get("wait", "").strip() or 0,
        local=in_force("webhooks_local").value,
    )
    return made.secret


def _people(context: Context) -> list[str]:
    """Those whose contacts whoever asks may change.

    Raises:
        NotFound: nobody's.
    """
    if context.visitor.runs_it:
        return [*team(context.app), FOLLOWERS]
    own = own_names(context.app, context.visitor)
    if not own:
        raise NotFound("you are on no rota by your mail address")
    return own


def _model(context: Context) -> dict[str, Any]:
    people = _people(context)
    everybody = context.visitor.runs_it
    found = Roster(context.home).contacts()
    shown = [each for each in found if everybody or each.person in people]
    silent = _silent(people, found)
    return {"people": people, "contacts": shown, "silent": silent, "runs_it": everybody}


def _silent(people: list[str], found: list[Contact]) -> list[str]:
    """Those who cannot be reached at all."""
    usable = {each.person for each in found if each.verified is not None and not each.disabled}
    return [person for person in people if person not in usable and person != FOLLOWERS]


async def _show(
    request: Request,
    problem: Error | None = None,
    *,
    secret: str = "",
    sent: Mapping[str, str] | None = None,
) -> Response:
    context = context_of(request)
    model = await context.run(_model, context)
    adding = sent if sent is not None and sent.get("do") == "add" else {}
    filled = {name: adding.get(name, "") for name in ("person", "kind", "address", "wait")}
    more = {"secret": secret, "sent": filled, "kinds": KINDS, "words": WORDS}
    return await answer(request, "contacts", {**model, **more}, problem)
