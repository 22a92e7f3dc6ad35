"""The desk and the pager's ways out, as the settings of this machine have them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from email.headerregistry import Address
from typing import Any

from billow.app import App
from billow.errors import BadInput
from billow.home import Home
from billow.mail.address import check_address
from billow.mail.place import Inbox
from billow.mail.records import InboxMailer
from billow.mail.smtp import SmtpMailer
from billow.ops.incidents.desk import Desk
from billow.ops.pager import pagerduty
from billow.ops.pager.channels import (
    AppriseChannel,
    Channel,
    MailChannel,
    Missing,
    PagerDutyChannel,
    WebhookChannel,
    by_kind,
)
from billow.ops.pager.outbox import Parcel
from billow.ops.pager.roster import Roster
from billow.ops.pager.words import Words, words
from billow.ports.incidents import Contact
from billow.settings import in_force
from billow.webhooks.post import Poster

_NOBODY = Address("Billow", "billow", "localhost")


def open_desk(home: Home, app: App) -> Desk:
    """The desk of a service on this machine."""
    return Desk(home, app, fallback(isinstance(in_force("mail").value, Inbox)))


def fallback(inbox: bool) -> Callable[[str], Sequence[Contact]]:
    """Contacts of people who have none of their own.

    Args:
        inbox: whether mail goes to the console's Mail page, where anybody can be written to;
            otherwise only people who are called by their address can.
    """

    def contacts(person: str) -> Sequence[Contact]:
        if inbox:
            return [Contact(f"inbox of {person}", person, "inbox", "", 0.0, 0.0, 0.0)]
        try:
            address = check_address(person)
        except BadInput:
            return []
        return [Contact(f"address {address}", person, "mail", address, 0.0, 0.0, 0.0)]

    return contacts


def open_channels(home: Home, app: App) -> Mapping[str, Channel]:
    """The ways out, by kind of contact."""
    place, sender = in_force("mail").value, in_force("mail_from").value
    inbox = MailChannel(InboxMailer(home), sender or _NOBODY)
    mail: Channel = inbox
    if not isinstance(place, Inbox):
        ready = MailChannel(SmtpMailer(place), sender) if sender else None
        mail = ready or Missing("BILLOW_MAIL_FROM says whom mail comes from; set it")
    poster = Poster(local=in_force("webhooks_local").value)
    events = in_force("pagerduty_events").value or pagerduty.URL
    return by_kind(
        mail,
        inbox,
        WebhookChannel(poster),
        PagerDutyChannel(poster, app.name, site(home), events),
        _apprise(),
    )


def open_words(home: Home, app: App) -> Callable[[Parcel], Words]:
    """What messages of a service say."""
    roster = Roster(home)

    def say(parcel: Parcel) -> Words:
        code = roster.code(parcel.contact.id) if parcel.kind == "code" else ""
        return words(parcel, app.name, site(home), code)

    return say


def site(home: Home) -> str:
    """Where people reach the service; "" if that is not known."""
    shown = home.journal.shown("service")
    told: Any = in_force("url").value or (shown and shown[0].get("url")) or ""
    return str(told).rstrip("/")


def _apprise() -> Channel:
    try:
        import apprise  # noqa: PLC0415 - brought by an extra
    except ModuleNotFoundError:
        return Missing("push, sms and voice need `pip install billow[ops]`")

    def notify(address: str, title: str, body: str) -> bool:
        way = apprise.Apprise()
        return bool(way.add(address)) and bool(way.notify(title=title, body=body))

    return AppriseChannel(notify)
