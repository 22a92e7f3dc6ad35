"""A letter as a message of the internet: headers nobody can add to, text and HTML."""

from __future__ import annotations

from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from billow.ports.mail import Letter

#: Characters of a subject.
MAX_SUBJECT = 200


def compose(letter: Letter) -> EmailMessage:
    """The message: the same headers at every try."""
    made = EmailMessage(SMTP)
    made["From"] = letter.sender
    made["To"] = Address(addr_spec=letter.to)
    made["Subject"] = one_line(letter.subject)
    made["Date"] = datetime.fromtimestamp(letter.at, UTC)
    made["Message-ID"] = letter.message_id
    made["Auto-Submitted"] = "auto-generated"
    if letter.reply_to:
        made["Reply-To"] = Address(addr_spec=letter.reply_to)
    if letter.unsubscribe:
        made["List-Unsubscribe"] = f"<{letter.unsubscribe}>"
        made["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    made.set_content(letter.text, cte="quoted-printable")
    if letter.html:
        made.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    return made


def one_line(text: str) -> str:
    """`text` in one line that can stand in a header; a long one is cut."""
    plain = "".join(char if char.isprintable() else " " for char in text)
    line = " ".join(plain.split())
    return line if len(line) <= MAX_SUBJECT else f"{line[: MAX_SUBJECT - 1]}…"
