"""The signatures of Standard Webhooks: made when sending, checked when receiving.

A message carries `webhook-id`, `webhook-timestamp` and `webhook-signature`. The last holds one or
more signatures with a space between: `v1,` and the base 64 of HMAC-SHA256 over
`<id>.<timestamp>.<body>`. While a secret is being changed, there is one signature for each.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from billow.errors import BadInput, Error
from billow.units import Duration, seconds

#: What a secret begins with, so that leaked ones are found.
PREFIX = "whsec_"
#: Bytes that a secret may have.
SHORTEST, LONGEST = 24, 64

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"

_UNIX = re.compile(r"[0-9]{1,12}", re.ASCII)
_EVENT_ID = re.compile(r"[!-~]{1,256}", re.ASCII)
#: Signatures that are looked at; an honest sender has as many as it has secrets.
_MOST_SIGNATURES = 16


class Unverified(Error):
    """The message does not come from whom it should, was changed, or is too old."""

    status = 400
    title = "Unverified webhook"


class Verified(NamedTuple):
    """A message that was checked. Remember `id`: the same id again is the same message."""

    id: str
    #: When it was sent, UNIX seconds.
    at: int


def sign(id: str, at: int, body: bytes, secrets: Sequence[str]) -> dict[str, str]:
    """The headers of a message sent at `at` (UNIX seconds), one signature for each secret.

    Raises:
        BadInput: a secret is none.
    """
    signatures = [f"v1,{_signature(id, str(at), body, secret)}" for secret in secrets]
    return {ID: id, TIMESTAMP: str(at), SIGNATURE: " ".join(signatures)}


def verify(
    body: bytes,
    headers: Mapping[str, str] | Iterable[tuple[str, str]],
    secrets: str | Sequence[str],
    *,
    now: float | None = None,
    tolerance: Duration = "5 min",
) -> Verified:
    """Check a message that was received; use its content only after this returns.

    Args:
        body: the bytes as they came, before anything reads them as JSON.
        headers: the request's headers, as a mapping or as pairs; names in any case.
        secrets: the endpoint's secret; several while it is being changed.
        now: the time in UNIX seconds, if not the machine's.
        tolerance: how far the message's time may be from `now`, either way.

    Raises:
        Unverified: it cannot be trusted.
        BadInput: a secret is none.
    """
    given = _read(headers)
    id_, text = given[ID], given[TIMESTAMP]
    if not _EVENT_ID.fullmatch(id_) or not _UNIX.fullmatch(text):
        raise Unverified("webhook-id or webhook-timestamp is not one")
    every = [secrets] if isinstance(secrets, str) else list(secrets)
    expected = [_signature(id_, text, body, secret).encode() for secret in every]
    if not _any_equal(expected, given[SIGNATURE]):
        raise Unverified("no signature fits")
    if abs((time.time() if now is None else now) - int(text)) > seconds(tolerance):
        raise Unverified("it was sent too long ago, or the clocks differ")
    return Verified(id_, int(text))


def new_secret(raw: bytes) -> str:
    """The text of a secret with these bytes.

    Raises:
        BadInput: there are too few or too many of them.
    """
    if not SHORTEST <= len(raw) <= LONGEST:
        raise BadInput(f"a webhook secret has {SHORTEST} to {LONGEST} bytes")
    return PREFIX + base64.b64encode(raw).decode()


def _read(headers: Mapping[str, str] | Iterable[tuple[str, str]]) -> dict[str, str]:
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    found: dict[str, str] = {}
    for name, value in pairs:
        if (label := name.lower()) in (ID, TIMESTAMP, SIGNATURE):
            if label in found:
                raise Unverified(f"the header {label} came twice")
            found[label] = value
    for label in (ID, TIMESTAMP, SIGNATURE):
        if label not in found:
            raise Unverified(f"the header {label} is missing")
    return found


def _any_equal(expected: Sequence[bytes], header: str) -> bool:
    """Whether any signature fits; takes the same time whichever does."""
    fits = False
    for each in header.split(" ")[:_MOST_SIGNATURES]:
        scheme, _, value = each.partition(",")
        if scheme == "v1":
            given = value.encode("utf-8", "replace")
            for wanted in expected:
                fits |= hmac.compare_digest(wanted, given)
    return fits


def _signature(id: str, at: str, body: bytes, secret: str) -> str:
    signed = b".".join([id.encode(), at.encode(), body])
    return base64.b64encode(hmac.digest(_key(secret), signed, hashlib.sha256)).decode()


def _key(secret: str) -> bytes:
    try:
        raw = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise BadInput("a webhook secret is whsec_ and base 64") from None
    if not SHORTEST <= len(raw) <= LONGEST:
        raise BadInput(f"a webhook secret has {SHORTEST} to {LONGEST} bytes")
    return raw
