"""Verifying signed forms and addresses: whatever is not exactly what was signed is refused."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote

from billow.errors import BadInput, Error
from billow.flow import sigv4
from billow.flow.presign import CHECKSUM, META, URL_SECONDS, Asked, sign_url
from billow.home import Home
from billow.ports.uploads import SigningKey

#: How far a signature's time may lie ahead, seconds.
_AHEAD = 900.0
#: Fields that the policy cannot cover.
_UNCOVERED = {"policy", "x-amz-signature"}


class NotSigned(Error):
    """A signature is missing, false or expired, or does not cover what was asked for."""

    status = 403
    title = "Not signed for this"


class Terms(NamedTuple):
    """What a signed form says about the upload it is for."""

    key: str
    #: Bytes that the file must have, at least and at most.
    least: int
    most: int
    type: str
    metadata: dict[str, str]
    #: Where to send the browser afterwards; if empty, answer with `status`.
    redirect: str
    status: int


def check_post(home: Home, store: str, fields: Mapping[str, str]) -> Terms:
    """What a form that was posted to `store` allows, once its signature has been verified.

    Raises:
        NotSigned: it is not a form of ours, altered, for another store, or too old.
    """
    given = {name.lower(): value for name, value in fields.items()}
    if len(given) != len(fields) or "bucket" in given:
        raise NotSigned("the form has a field twice, or names a bucket")
    text = given.get("policy", "")
    signing, date = _signing_key(
        home, given.get("x-amz-algorithm"), given.get("x-amz-credential"), given.get("x-amz-date")
    )
    if not sigv4.same(sigv4.signature(signing, date, text), given.get("x-amz-signature", "")):
        raise NotSigned("the form's signature does not fit its policy")
    policy = _read_policy(text)
    if home.clock.now() >= _from_iso(policy["expiration"]):
        raise NotSigned("the form has expired; get a new one")
    least, most = _check_conditions(policy["conditions"], {**given, "bucket": store})
    metadata = {
        name.removeprefix(META): unquote(value)
        for name, value in given.items()
        if name.startswith(META)
    }
    return Terms(
        given["key"],
        least,
        most,
        given["content-type"],
        metadata,
        given.get("success_action_redirect", ""),
        int(given.get("success_action_status", "204")),
    )


def _read_policy(text: str) -> dict[str, Any]:
    try:
        policy = json.loads(base64.b64decode(text, validate=True))
    except ValueError:
        policy = None
    if not isinstance(policy, dict):
        # What was signed for another purpose is no policy.
        raise NotSigned("the form has no policy")
    return policy


def _check_conditions(conditions: Iterable[Any], given: Mapping[str, str]) -> tuple[int, int]:
    """The range of sizes, if every field is what its condition says and none is without one."""
    exact: dict[str, str] = {}
    least, most = 0, -1
    for condition in conditions:
        if isinstance(condition, dict):
            exact |= {name.lower(): value for name, value in condition.items()}
        else:
            _, least, most = condition
    for name, value in exact.items():
        if given.get(name) != value:
            raise NotSigned(f"the form is signed for another {name[:80]!r}")
    if extra := sorted(set(given) - set(exact) - _UNCOVERED):
        raise NotSigned(f"the form is not signed for a field {extra[0][:80]!r}")
    return least, most


def check_url(
    home: Home,
    method: str,
    store: str,
    key: str,
    query: Mapping[str, str],
    headers: Mapping[str, str],
) -> None:
    """Check that an address was signed by us, for this request, and not too long ago.

    Args:
        home: whose address it is.
        method: the request's method; it must be the very one that was signed for.
        store: the store in the address.
        key: the object's key in the address.
        query: the whole query, the signature included.
        headers: the request's headers.

    Raises:
        NotSigned: it was not.
    """
    asked = dict(query)
    given = asked.pop("X-Amz-Signature", "")
    signing, date = _signing_key(
        home,
        asked.get("X-Amz-Algorithm"),
        asked.get("X-Amz-Credential"),
        asked.get("X-Amz-Date"),
    )
    bound = asked.get("X-Amz-SignedHeaders", "").split(";")
    if "host" not in bound or any(name != "host" and name not in headers for name in bound):
        raise NotSigned("a header that the address is signed for is missing")
    values = {name: headers[name] for name in bound if name != "host"}
    made = sign_url(home, signing, date, Asked(method, store, key, asked, values))
    if not sigv4.same(made, given):
        raise NotSigned("the address is not signed for this request")
    begun, life = sigv4.read_stamp(date) or 0.0, float(asked["X-Amz-Expires"])
    if home.clock.now() >= begun + min(life, URL_SECONDS):
        raise NotSigned("the address has expired; get a new one")


def decode_checksum(text: str) -> str:
    """The other way round.

    Raises:
        BadInput: that is no SHA-256.
    """
    try:
        digest = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if len(digest) != 32:
        raise BadInput(f"{CHECKSUM} must be a SHA-256 in base64")
    return digest.hex()


def _signing_key(
    home: Home, algorithm: str | None, credential: str | None, date: str | None
) -> tuple[SigningKey, str]:
    """The key that a signature names, and its time."""
    if algorithm is None or credential is None or date is None:
        raise NotSigned("there is no signature")
    at = sigv4.read_stamp(date)
    if algorithm != sigv4.ALGORITHM or at is None or at > home.clock.now() + _AHEAD:
        raise NotSigned("the signature is of an unknown kind or time")
    for key in home.uploads.signing_keys():
        if credential == f"{key.id}/{sigv4.scope(key, date)}":
            return key, date
    raise NotSigned("the signature is of an unknown key")


def _from_iso(text: str) -> float:
    return sigv4.read_stamp(text.replace("-", "").replace(":", "").replace(".000", "")) or 0.0
