"""The ways out: each hands a parcel over, and says how that went."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.headerregistry import Address
from typing import Any, Protocol

from billow.errors import BadInput
from billow.mail.compose import one_line
from billow.ops.pager import pagerduty
from billow.ops.pager.outbox import Parcel
from billow.ops.pager.words import ABOUT_ROTAS, Words
from billow.ports.incidents import Incident
from billow.ports.mail import Handover, Letter, Mailer, Verdict
from billow.webhooks.address import Forbidden, read_url
from billow.webhooks.post import Answer, Poster
from billow.webhooks.signature import sign

_GONE = (400, 401, 403, 404, 405, 410, 413, 415, 422)


class Channel(Protocol):
    """A way out."""

    def send(self, parcel: Parcel, words: Words) -> Handover:
        """Hand a parcel over; whatever goes wrong is in what comes back."""
        ...


@dataclass(frozen=True, slots=True)
class MailChannel:
    """By mail; `place` gives the address that an inbox shows for people without one."""

    mailer: Mailer
    sender: Address

    def send(self, parcel: Parcel, words: Words) -> Handover:
        """Send a mail."""
        contact = parcel.contact
        to = contact.address if contact.kind == "mail" else f"{_local(contact.person)}@localhost"
        at = parcel.notices[0].created
        kind = f"incident-{parcel.kind}"
        subject = one_line(words.subject)
        letter = Letter(parcel.id, self.sender, to, subject, words.text, kind=kind, at=at)
        return self.mailer.send(letter)


@dataclass(frozen=True, slots=True)
class WebhookChannel:
    """By a signed request, as Standard Webhooks has it."""

    poster: Poster

    def send(self, parcel: Parcel, words: Words) -> Handover:
        """Post a message; its id is the same at every try."""
        message = {
            "type": f"incident.{parcel.kind}",
            "person": parcel.contact.person,
            "text": words.text,
            "summary": words.subject,
            "incidents": [incident_shape(each) for each in parcel.incidents],
            "pages": [each.key for each in parcel.notices],
        }
        body = json.dumps(message, ensure_ascii=False).encode("utf-8", "replace")
        signed = sign(parcel.id, int(self.poster.now()), body, [parcel.contact.secret])
        headers = {"Content-Type": "application/json", "User-Agent": "Billow-Pager/1", **signed}
        try:
            target = read_url(parcel.contact.address, self.poster.local)
        except Forbidden as problem:
            return Handover(Verdict.NEVER, problem.detail)
        return _meaning(self.poster.post(target, headers, body))


@dataclass(frozen=True, slots=True)
class PagerDutyChannel:
    """By PagerDuty's Events API v2."""

    poster: Poster
    app: str
    #: Where people reach the service.
    url: str = ""
    events: str = pagerduty.URL

    def send(self, parcel: Parcel, words: Words) -> Handover:
        """Send an event."""
        del words
        contact = parcel.contact
        if parcel.kind in ABOUT_ROTAS:
            return Handover(Verdict.NEVER, "PagerDuty has no events for what is about a rota")
        if parcel.kind == "test" or not parcel.incidents:
            key = parcel.id
            made = pagerduty.test_event(contact.person, contact.address, self.app, key)
        else:
            incident = parcel.incidents[0]
            made = pagerduty.event(incident, parcel.kind, contact.address, self.app, self.url)
        headers = {"Content-Type": "application/json", "User-Agent": "Billow-Pager/1"}
        try:
            target = read_url(self.events, self.poster.local)
        except BadInput as problem:
            return Handover(Verdict.NEVER, problem.detail)
        answer = self.poster.post(target, headers, pagerduty.encode(made))
        return pagerduty.verdict(answer.status, answer.reason)


@dataclass(frozen=True, slots=True)
class AppriseChannel:
    """By the library apprise, which knows a hundred services."""

    notify: Callable[[str, str, str], bool]

    def send(self, parcel: Parcel, words: Words) -> Handover:
        """Pass a message on."""
        try:
            taken = self.notify(parcel.contact.address, words.subject, words.text)
        except Exception as problem:  # a library of a hundred services
            return Handover(Verdict.LATER, f"{type(problem).__name__} in apprise")
        if taken:
            return Handover(Verdict.SENT, "passed on by apprise")
        return Handover(Verdict.LATER, "apprise could not pass it on")


@dataclass(frozen=True, slots=True)
class Missing:
    """A way that is not set up."""

    why: str

    def send(self, parcel: Parcel, words: Words) -> Handover:
        """Say why it cannot be used."""
        del parcel, words
        return Handover(Verdict.NEVER, self.why)


def incident_shape(incident: Incident) -> dict[str, Any]:
    """An incident for programs."""
    return {
        "number": incident.number,
        "service": incident.service,
        "key": incident.key,
        "state": incident.state,
        "severity": incident.severity,
        "summary": incident.summary,
        "source": incident.source,
        "details": json.loads(incident.details),
        "signs": incident.signs,
        "created": incident.created,
        "changed": incident.changed,
        "acked_by": [each for each in incident.acked_by.split(",") if each],
        "acked": incident.acked,
        "resolved": incident.resolved,
        "snoozed": incident.snoozed,
        "muted": incident.muted,
        "flags": incident.flags.split(),
    }


def by_kind(
    mail: Channel, inbox: Channel, webhook: Channel, pagerduty: Channel, apprise: Channel
) -> Mapping[str, Channel]:
    """The ways out by the kinds of contacts."""
    return {
        "mail": mail,
        "inbox": inbox,
        "webhook": webhook,
        "pagerduty": pagerduty,
        **dict.fromkeys(("push", "sms", "voice"), apprise),
    }


def _meaning(answer: Answer) -> Handover:
    if answer.ok:
        return Handover(Verdict.SENT, f"answered {answer.status}")
    never = answer.status in _GONE
    return Handover(Verdict.NEVER if never else Verdict.LATER, answer.reason)


def _local(person: str) -> str:
    """A person as the first part of an address that exists nowhere."""
    return "".join(c for c in person.partition("@")[0] if c.isalnum() or c in ".-_") or "somebody"
