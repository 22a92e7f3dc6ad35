"""The audit log: entries are added, never changed, and each seals all before it.

The seal is an HMAC by the home's key, so an entry that is altered, removed from the middle or made
up by somebody who can write the database, but does not have the key, is found by `verify`. Entries
cut off the end leave no trace in the log itself: note its head from time to time, and compare.
"""

from __future__ import annotations

import hmac
import json
from functools import partial
from typing import Any, NamedTuple

from billow.ports.accounts import Accounts, AuditEntry, Books

_PAGE = 500


class Report(NamedTuple):
    """What came of verifying the log."""

    entries: int
    #: The first entry whose seal does not hold; None if all hold.
    broken: int | None
    #: The last entry that holds, as "seq:mac"; empty if there is none.
    head: str


def note(
    books: Books, key: bytes, now: float, actor: str, action: str, subject: str, **detail: Any
) -> AuditEntry:
    """Add an entry, as part of the step that it tells of. `detail` must hold no secret."""
    last = books.audit.last()
    text = json.dumps(detail, ensure_ascii=True, separators=(",", ":"), sort_keys=True)
    seq, previous = (1, "") if last is None else (last.seq + 1, last.mac)
    bare = AuditEntry(seq, now, actor, action, subject, text, previous, "")
    entry = bare._replace(mac=_seal(key, bare))
    books.audit.add(entry)
    return entry


def verify(accounts: Accounts) -> Report:
    """Check the seals of all entries, from the first to the last."""
    key = accounts.key()
    count, seq, previous = 0, 0, ""
    while page := accounts.look(partial(_page, seq)):
        for entry in page:
            fits = entry.seq == seq + 1 and entry.previous == previous
            if not (fits and hmac.compare_digest(_seal(key, entry), entry.mac)):
                return Report(count, entry.seq, _head(seq, previous))
            count, seq, previous = count + 1, entry.seq, entry.mac
    return Report(count, None, _head(seq, previous))


def holds(accounts: Accounts, head: str) -> bool:
    """Whether a head noted earlier is still part of the log."""
    seq, _, mac = head.partition(":")
    if not (seq.isascii() and seq.isdecimal() and len(seq) < 19):
        return False
    entry = accounts.look(lambda books: books.audit.get(int(seq)))
    return entry is not None and entry.mac == mac


def _page(after: int, books: Books) -> list[AuditEntry]:
    return books.audit.find(after=after, limit=_PAGE)


def _head(seq: int, mac: str) -> str:
    return f"{seq}:{mac}" if seq else ""


def _seal(key: bytes, entry: AuditEntry) -> str:
    """A seal over every field but itself, in a form that can be read in one way only."""
    fields = json.dumps(entry[:-1], ensure_ascii=True, separators=(",", ":"))
    return hmac.digest(key, b"audit " + fields.encode(), "sha256").hex()
