"""Mail: a letter, and how handing it over went."""

from __future__ import annotations

from dataclasses import dataclass
from email.headerregistry import Address
from enum import StrEnum
from typing import NamedTuple, Protocol


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail, ready to be sent. All texts are plain; the driver makes headers of them."""

    #: The same at every try: it becomes the Message-ID, by which servers drop repetitions.
    id: str
    sender: Address
    #: A checked address.
    to: str
    subject: str
    text: str
    html: str = ""
    #: What kind of mail it is, such as `verify` or `message`.
    kind: str = "message"
    #: UNIX seconds: when what it tells about happened.
    at: float = 0.0
    #: A checked address that answers should go to, if not the sender's.
    reply_to: str = ""
    #: An https address where the recipient can end mail of this kind with one click.
    unsubscribe: str = ""

    @property
    def message_id(self) -> str:
        """The Message-ID header."""
        return f"<{self.id}@{self.sender.domain}>"


class Verdict(StrEnum):
    """What to do about a letter after a try to send it."""

    #: The server has it.
    SENT = "sent"
    #: It surely has it not; try again.
    LATER = "later"
    #: It may have it: the connection broke after the whole letter was passed on.
    UNSURE = "unsure"
    #: It will never take it.
    NEVER = "never"


class Handover(NamedTuple):
    """How a try went."""

    verdict: Verdict
    #: In words, with what the server said.
    detail: str = ""
    #: Whether the recipient's address itself was refused, so that more mail there is pointless.
    bad_address: bool = False


class Mailer(Protocol):
    """A way to send mail."""

    def send(self, letter: Letter) -> Handover:
        """Hand a letter over; whatever goes wrong is in what comes back."""
        ...
