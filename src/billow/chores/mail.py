"""The chore `billow.mail`: send one mail, surely, and as rarely as can be more than once."""

from __future__ import annotations

import json
from dataclasses import replace
from email.headerregistry import Address
from pathlib import Path
from typing import Any, NamedTuple

from billow.app import App
from billow.errors import BadInput, Rejected, SettingError
from billow.home import Home
from billow.mail.address import check_address
from billow.mail.compose import one_line
from billow.mail.place import Inbox
from billow.mail.records import InboxMailer, Record, Records, State, key_of
from billow.mail.smtp import SmtpMailer
from billow.mail.templates import write
from billow.options import Retry
from billow.ports.mail import Handover, Letter, Mailer, Verdict
from billow.settings import in_force

#: Twelve tries in about 27 hours, then the dead letters.
RETRY = Retry(attempts=12, backoff="30 s", max_backoff="6 h")
#: The breaker that counts.
CALLS = "mail"

#: Mail that a person asked for just now: it is tried even if the address refused mail before.
ASKED_FOR = frozenset({"verify", "reset", "email"})

#: Who mail comes from while nothing is sent.
_NOBODY = Address("Billow", "billow", "localhost")
#: The owner of everything where there are no accounts, and where mail to it goes.
_LOCAL, _LOCAL_ADDRESS = "local", "local@localhost"


class NotSent(Exception):
    """The mail could not be handed over; it is tried again later."""


class Post(NamedTuple):
    """What mails are made and sent with."""

    mailer: Mailer
    sender: Address
    #: The app's own templates.
    templates: Path | None = None
    #: Whether nothing leaves this machine, so that owners need no address.
    inbox: bool = False
    #: What the service is called, and where people reach it.
    app: str = ""
    url: str = ""


def run(home: Home, app: App, args: dict[str, Any]) -> dict[str, Any]:
    """Send a mail by the settings in force; see `send`."""
    place, sender = in_force("mail").value, in_force("mail_from").value
    post = Post(
        InboxMailer(home), sender or _NOBODY, app.mail_templates, True, app.name, _site(home)
    )
    if isinstance(place, Inbox):
        return send(home, args, post)
    if not sender:
        raise SettingError("BILLOW_MAIL_FROM says whom mail comes from; set it to send mail")
    return send(home, args, post._replace(mailer=SmtpMailer(place), inbox=False))


def _site(home: Home) -> str:
    """Where people reach the service."""
    shown = home.journal.shown("service")
    return str(in_force("url").value or (shown and shown[0].get("url")) or "").rstrip("/")


def send(home: Home, args: dict[str, Any], post: Post) -> dict[str, Any]:
    """Send the mail that a job's arguments describe.

    A mail that a crash cut off after the server took it is sent again with the same Message-ID,
    unless it must not be sent twice: then it is held.

    Raises:
        NotSent: try again later.
        Rejected: it will never be sent.
    """
    records = Records(home)
    known = records.get(key_of(args["at"], args["id"]))
    if known is not None and known.state is State.SENT:
        return {"state": "sent"}
    record = known or _first(args)
    if args["once"] and _is_unsure(record, args):
        return _hold(records, record, args, "a try was cut off; it may have been sent")
    try:
        letter = _letter(home, args, post)
    except Undeliverable as problem:
        return _give_up(records, record, str(problem))
    record = replace(record, to=letter.to, subject=letter.subject, tries=record.tries + 1)
    if args["kind"] not in ASKED_FOR and (why := records.refusing(letter.to)):
        return _give_up(records, record, f"the address refused mail before: {why}")
    if args["once"]:
        record = _begin(records, record)
    return _settle(records, record, args, post.mailer.send(letter))


class Undeliverable(Exception):
    """There is nobody to send it to."""


def _first(args: dict[str, Any]) -> Record:
    return Record(
        args["id"], args["kind"], args["to"], args["subject"], State.WAITING, args["at"], 0.0
    )


def _is_unsure(record: Record, args: dict[str, Any]) -> bool:
    if record.state is State.HELD:
        return args.get("release") != record.version
    return record.state is State.SENDING


def _letter(home: Home, args: dict[str, Any], post: Post) -> Letter:
    to = args["to"] or _address_of(home, args["owner"], post.inbox)
    words = write(args["kind"], _filling(home, args, to, post), post.templates)
    return Letter(
        id=args["id"],
        sender=post.sender,
        to=to,
        subject=one_line(args["subject"] or words.subject),
        text=words.text,
        html=words.html,
        kind=args["kind"],
        at=args["at"],
        reply_to=args["reply_to"],
        unsubscribe=args["unsubscribe"],
    )


def _filling(home: Home, args: dict[str, Any], to: str, post: Post) -> dict[str, Any]:
    """What the template is filled with; a one-time code is made here, and kept nowhere."""
    context = {"app": post.app, "url": post.url, **args["context"]}
    context |= {"to": to, "subject": args["subject"]}
    if code_id := context.get("code_id"):
        from billow.accounts.codes import reveal  # noqa: PLC0415 - only apps with accounts need it

        context["code"] = reveal(home.accounts.key(), context["code_kind"], code_id).reveal()
    if str(context.get("link", "")).startswith("/"):
        context["link"] = post.url + context["link"]
    return context


def _address_of(home: Home, owner: str, inbox: bool) -> str:
    """An owner's address as it is now.

    Raises:
        Undeliverable: there is none, or nobody has shown that it is theirs.
    """
    account = home.accounts.look(lambda books: books.accounts.get(owner))
    if account is None:
        if owner == _LOCAL and inbox:
            return _LOCAL_ADDRESS
        raise Undeliverable(f"there is no account {owner}")
    if account.disabled_at is not None:
        raise Undeliverable("the account is disabled")
    if account.verified_at is None:
        raise Undeliverable("the account's address was never verified")
    try:
        return check_address(account.email)
    except BadInput as problem:
        raise Undeliverable(problem.detail) from None


def _begin(records: Records, record: Record) -> Record:
    """Note that a try begins, before it does; two tries at once cannot both."""
    records.put(replace(record, state=State.SENDING))
    begun = records.get(record.key)
    assert begun is not None
    return begun


def _settle(
    records: Records, record: Record, args: dict[str, Any], handover: Handover
) -> dict[str, Any]:
    verdict, detail = handover.verdict, handover.detail
    if verdict is Verdict.SENT:
        records.put(replace(record, state=State.SENT, detail=detail, args=""))
        records.unmark(record.to)
        return {"state": "sent", "to": record.to, "detail": detail}
    if verdict is Verdict.NEVER:
        if handover.bad_address:
            records.mark(record.to, detail)
        return _give_up(records, record, detail)
    if verdict is Verdict.UNSURE and args["once"]:
        return _hold(records, record, args, detail)
    records.put(replace(record, state=State.WAITING, detail=detail))
    raise NotSent(detail)


def _hold(records: Records, record: Record, args: dict[str, Any], why: str) -> dict[str, Any]:
    if record.state is not State.HELD:
        kept = {name: value for name, value in args.items() if name != "release"}
        text = json.dumps(kept, ensure_ascii=False)
        records.put(replace(record, state=State.HELD, detail=why, args=text))
    return {"state": "held", "detail": why}


def _give_up(records: Records, record: Record, why: str) -> dict[str, Any]:
    records.put(replace(record, state=State.FAILED, detail=why, args=""))
    raise Rejected(why)
