"""One-time codes: good for one thing, once, for a while.

A code is made from the home's key and an id, so the job that mails it needs to carry the id only
and no secret stands in any table or list: whoever sends it calls `reveal`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from billow.accounts.secret import Secret, derive, digest
from billow.ids import new_id
from billow.ports.accounts import Books, Code

#: Somebody who signed up; resetting a password; a new address; a log-in by OpenID Connect.
VERIFY, RESET, EMAIL, OIDC = "verify", "reset", "email", "oidc"


def reveal(key: bytes, kind: str, id: str) -> Secret:
    """The code with this id.

    Args:
        key: the home's (`home.accounts.key()`).
        kind: what the code is good for.
        id: as `issue` returned it.
    """
    return derive(key, f"code {kind} {id}")


def issue(
    books: Books,
    key: bytes,
    kind: str,
    subject: str,
    now: float,
    lifetime: float,
    data: Mapping[str, Any] | None = None,
) -> str:
    """Make a code; returns its id."""
    id_ = new_id()
    text = json.dumps(dict(data or {}), separators=(",", ":"))
    hash_ = digest(reveal(key, kind, id_))
    books.codes.add(Code(hash_, kind, subject, text, now, now + lifetime))
    return id_


def peek(books: Books, kind: str, code: Secret, now: float) -> Code | None:
    """What a code is good for, if it still is."""
    found = books.codes.get(digest(code))
    return found if found is not None and found.kind == kind and now < found.expires else None


def take(books: Books, kind: str, code: Secret, now: float) -> Code | None:
    """As `peek`, and the code is used up."""
    found = peek(books, kind, code, now)
    if found is not None:
        books.codes.remove(found.hash)
    return found


def drop(books: Books, subject: str, *kinds: str) -> None:
    """Make the codes of these kinds (all if none are given) of an account or address void."""
    for each in books.codes.find(subject=subject):
        if not kinds or each.kind in kinds:
            books.codes.remove(each.hash)
