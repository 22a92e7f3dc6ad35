"""What became of each mail, which addresses refuse mail, and the letters that an inbox holds."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from billow.errors import NotFound
from billow.home import Home
from billow.mail.intent import FUNCTION, SERVICE
from billow.ports.ledger import Submission
from billow.ports.mail import Handover, Letter, Verdict
from billow.ports.tables import ABSENT

MAILS, REFUSING, INBOX = "billow-mail", "billow-mail-refusing", "billow-inbox"

#: Seconds that records are kept, and letters that an inbox holds.
KEEP = 30 * 86400.0
INBOX_SIZE = 500
#: What is deleted at once: each mail makes room for the next.
_ROOM = 3


class State(StrEnum):
    """How far a mail is."""

    #: A try is under way, or was cut off; only kept for mail that must not be sent twice.
    SENDING = "sending"
    #: It is tried again later.
    WAITING = "waiting"
    SENT = "sent"
    #: It may have been sent, and must not be sent twice: a person decides.
    HELD = "held"
    #: It will not be sent: refused for good, or there is no address.
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Record:
    """A mail and what became of it."""

    id: str
    kind: str
    to: str
    subject: str
    state: State
    #: UNIX seconds: what it tells about happened; this state began.
    at: float
    changed: float
    detail: str = ""
    tries: int = 0
    #: The job's arguments, while it is held.
    args: str = ""
    version: int = ABSENT

    @property
    def key(self) -> str:
        """Its place in the table: the latest first."""
        return key_of(self.at, self.id)


def key_of(at: float, id: str) -> str:
    """The key of a mail, counted down from far ahead, so that the latest come first."""
    return f"{1e14 - at * 1000:015.0f}-{id}"


class Records:
    """The records in a home."""

    def __init__(self, home: Home) -> None:
        self._tables = home.tables
        self._clock = home.clock

    def get(self, key: str) -> Record | None:
        """What is known of a mail."""
        item = self._tables.get(MAILS, key)
        return None if item is None else _record(item.value, item.version)

    def latest(self, after: str | None = None, limit: int = 50) -> list[Record]:
        """Mails, the latest first, from the first after the key `after`."""
        found = self._tables.query(MAILS, "", after, limit)
        return [_record(item.value, item.version) for item in found]

    def put(self, record: Record) -> None:
        """Write a record; durable when it returns.

        Raises:
            Conflict: someone else wrote it since `record.version`.
        """
        facts = asdict(record) | {"state": record.state.value, "changed": self._clock.now()}
        version = facts.pop("version")
        self._tables.put(MAILS, record.key, facts, expect=version)
        self._forget_old()

    def refusing(self, address: str) -> str:
        """Why mail to an address is pointless; empty if it is not."""
        item = self._tables.get(REFUSING, address.lower())
        return "" if item is None else str(item.value["detail"])

    def mark(self, address: str, detail: str) -> None:
        """Remember that an address refuses mail."""
        facts = {"detail": detail, "at": self._clock.now()}
        self._tables.put(REFUSING, address.lower(), facts)

    def unmark(self, address: str) -> bool:
        """Forget it: the address takes mail again. False if it was not marked."""
        return self._tables.delete(REFUSING, address.lower())

    def letter(self, key: str) -> dict[str, Any] | None:
        """A letter in the inbox."""
        item = self._tables.get(INBOX, key)
        return None if item is None else item.value

    def keep(self, letter: Letter) -> None:
        """Put a letter into the inbox; the same letter again replaces it."""
        facts = {"to": letter.to, "from": str(letter.sender), "subject": letter.subject}
        facts |= {"text": letter.text, "html": letter.html, "message_id": letter.message_id}
        self._tables.put(INBOX, key_of(letter.at, letter.id), {**facts, "at": letter.at})
        found = self._tables.query(INBOX, limit=INBOX_SIZE)
        if len(found) == INBOX_SIZE:
            for item in self._tables.query(INBOX, after=found[-1].key, limit=_ROOM):
                self._tables.delete(INBOX, item.key)

    def _forget_old(self) -> None:
        """Delete some records that nothing happened to for long."""
        before = self._clock.now() - KEEP
        for item in self._tables.query(MAILS, after=key_of(before, "~"), limit=_ROOM):
            if item.value["changed"] < before:
                self._tables.delete(MAILS, item.key)


def release(home: Home, key: str) -> None:
    """Send a mail that is held after all: a person decided so.

    Raises:
        NotFound: no such mail is held.
    """
    record = Records(home).get(key)
    if record is None or record.state is not State.HELD:
        raise NotFound("no such mail is held")
    args = json.dumps(json.loads(record.args) | {"release": record.version}, ensure_ascii=False)
    again = f"mail:{record.id}:{record.version}"
    home.ledger.submit([Submission(FUNCTION, args, record.kind, None, SERVICE, again)])


class InboxMailer:
    """Sends nothing: letters go to the inbox in the home."""

    def __init__(self, home: Home) -> None:
        self._records = Records(home)

    def send(self, letter: Letter) -> Handover:
        """Keep a letter."""
        self._records.keep(letter)
        return Handover(Verdict.SENT, "kept in the inbox")


def _record(facts: dict[str, Any], version: int) -> Record:
    return Record(**{**facts, "state": State(facts["state"]), "version": version})
