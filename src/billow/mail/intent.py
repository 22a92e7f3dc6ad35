"""The intent to send a mail: a job on `billow.mail`, submitted together with what it follows from.

Its idempotency key is made of the kind, the recipient and what the caller says the mail is about,
so that the same thing happening twice, or being recorded twice, makes one mail.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from billow.errors import BadInput
from billow.home import Home
from billow.mail.address import check_address
from billow.ports.ledger import Submission
from billow.units import KiB

#: The internal function that sends.
FUNCTION = "billow.mail"
#: Whose the jobs of the service itself are.
SERVICE = "billow"
#: Bytes of what a template is filled with.
LARGEST = 64 * KiB


class Manner(NamedTuple):
    """How a mail is sent."""

    #: Rather not at all than twice: if nobody knows whether a try succeeded, the mail is held for
    #: a person to decide.
    once: bool = False
    #: The address that answers go to.
    reply_to: str = ""
    #: https address where mail of this kind can be ended by one click.
    unsubscribe: str = ""


def mail_job(
    kind: str,
    *,
    about: str,
    at: float,
    to: str = "",
    owner: str = "",
    subject: str = "",
    context: Mapping[str, Any] | None = None,
    manner: Manner = Manner(),  # noqa: B008 - it cannot change
) -> Submission:
    """The job that sends a mail.

    Args:
        kind: what kind of mail; also the name of its template.
        about: what it is about, such as a job's id; the same kind, recipient and `about` make one
            mail, however often they are submitted.
        at: when that happened, UNIX seconds.
        to: the address to send to; or else
        owner: the account whose address it is sent to, as that is when it is sent.
        subject: if it should not be the template's.
        context: what the template is filled with.
        manner: how it is sent.

    Raises:
        BadInput: an address is none, or JSON cannot say the context.
    """
    if bool(to) == bool(owner):
        raise BadInput("a mail goes either to an address or to an owner")
    id_ = hashlib.sha256("\0".join((kind, to or owner, about)).encode()).hexdigest()[:32]
    args = {
        "id": id_,
        "kind": kind,
        "at": at,
        "to": to and check_address(to),
        "owner": owner,
        "subject": subject,
        "context": dict(context or {}),
        "once": manner.once,
        "reply_to": manner.reply_to and check_address(manner.reply_to),
        "unsubscribe": manner.unsubscribe and _check_link(manner.unsubscribe),
    }
    return Submission(FUNCTION, _encode(args), name=kind, owner=SERVICE, key=f"mail:{id_}")


def send_mail(home: Home, kind: str, *, about: str, **more: Any) -> str:
    """Submit the job of `mail_job` by itself, where there is nothing it belongs to; its id."""
    asked = mail_job(kind, about=about, at=home.clock.now(), **more)
    return home.ledger.submit([asked])[0].id


def _encode(args: Mapping[str, Any]) -> str:
    try:
        text = json.dumps(args, ensure_ascii=False, allow_nan=False)
        size = len(text.encode())
    except (TypeError, ValueError) as problem:
        raise BadInput(f"the mail cannot be written as JSON: {problem}") from None
    if size > LARGEST:
        raise BadInput(f"a mail is made of at most {LARGEST} bytes", limit=LARGEST)
    return text


def _check_link(link: str) -> str:
    parts = urlsplit(link)
    plain = link.isascii() and link.isprintable() and not set(' <>"\\') & set(link)
    if parts.scheme != "https" or not parts.hostname or not plain:
        raise BadInput("the address to unsubscribe is a plain https address")
    return link
