"""The signature of Stripe's webhooks: `t=<unix time>,v1=<hex>` over the time and the raw body."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from billow.accounts.secret import Secret
from billow.errors import Error

#: Seconds by which the time of signing may differ from ours, either way.
TOLERANCE = 300
#: Longer than Stripe's header is with several signatures.
_MAX_HEADER = 2000


class NotGenuine(Error):
    """A message does not bear the provider's signature, or bears an old one."""

    status = 400
    title = "Not genuine"


def check(body: bytes, headers: Sequence[str], secret: Secret, now: float) -> None:
    """Make sure that the provider sent these very bytes, and lately.

    Args:
        body: as it came.
        headers: every `Stripe-Signature` header of the request.
        secret: one or, while it changes, several apart by spaces.
        now: UNIX seconds.

    Raises:
        NotGenuine: it did not; never says which secret was near.
    """
    if len(headers) != 1 or len(headers[0]) > _MAX_HEADER:
        raise NotGenuine("a webhook has one Stripe-Signature header")
    time, given = _read(headers[0])
    signed = time.encode() + b"." + body
    wanted = [hmac.digest(each, signed, hashlib.sha256).hex() for each in _keys(secret)]
    fits = [hmac.compare_digest(one.encode(), two.encode()) for one in wanted for two in given]
    if not any(fits):
        raise NotGenuine("the webhook's signature is not right")
    if abs(now - int(time)) > TOLERANCE:
        raise NotGenuine(f"the webhook was signed more than {TOLERANCE} s before or after now")


def sign(body: bytes, secret: Secret, time: int) -> str:
    """The header that `check` takes; with a signature by each secret."""
    signed = f"{time}.".encode() + body
    made = (hmac.digest(each, signed, hashlib.sha256).hex() for each in _keys(secret))
    return ",".join([f"t={time}", *(f"v1={each}" for each in made)])


def _keys(secret: Secret) -> list[bytes]:
    return [each.encode() for each in secret.reveal().split()]


def _read(header: str) -> tuple[str, list[str]]:
    """The time, as it was signed, and the signatures of the one scheme that is trusted."""
    parts = [part.strip().partition("=") for part in header.split(",")]
    times = [value for name, _, value in parts if name == "t"]
    if len(times) != 1 or not (times[0].isascii() and times[0].isdecimal() and len(times[0]) < 12):
        raise NotGenuine("the webhook's signature has no time that can be read")
    return times[0], [value for name, _, value in parts if name == "v1"]
