"""Signed forms and addresses: who holds one may do one thing with one object, for a short time.

The contract is S3's (POST policies and presigned addresses, Signature Version 4), so that what is
built on it works the same whether the store is this service's own or a bucket.
"""

from __future__ import annotations

import base64
import json
import math
import time
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from billow.errors import BadInput
from billow.flow import sigv4
from billow.home import Home
from billow.names import check_key
from billow.ports.uploads import Multipart, SigningKey
from billow.units import KiB

#: Seconds: the longest validity of a form, and of an address.
FORM_SECONDS = 300.0
URL_SECONDS = 3600.0
#: Bytes of all metadata together.
MAX_METADATA = 2 * KiB

META = "x-amz-meta-"
CHECKSUM = "x-amz-checksum-sha256"
_ANSWERS = (200, 201, 204)
_READABLE = "".join(chr(code) for code in range(32, 127) if chr(code) != "%")


class SignedForm(NamedTuple):
    """A form for one upload: post `fields` and then the file, called `file`, to `url`."""

    url: str
    fields: dict[str, str]
    #: UNIX seconds.
    expires: float


def presign_post(
    home: Home,
    store: str,
    key: str,
    *,
    most: int,
    least: int = 0,
    type: str = "application/octet-stream",
    seconds: float = FORM_SECONDS,
    metadata: Mapping[str, str] | None = None,
    answer: str | int = 204,
) -> SignedForm:
    """A form for the upload of one object, to be shown to whoever may upload it.

    Args:
        home: where it goes.
        store: the store's name.
        key: the object's key, exactly.
        most: bytes that the file may have.
        least: bytes that it must have.
        type: media type, exactly.
        seconds: how long the form is valid, 300 at most.
        metadata: kept with the object.
        answer: a status (200, 201, 204), or where the browser goes afterwards; `bucket`, `key` and
            `etag` are appended.

    Raises:
        BadInput: the key or a bound is impossible, or the metadata are over 2 KiB.
    """
    check_key(key)
    if not 0 <= least <= most:
        raise BadInput(f"an upload of {least} to {most} bytes is impossible")
    if not 0 < seconds <= FORM_SECONDS:
        raise BadInput(f"a form may be valid for {FORM_SECONDS:g} s, not {seconds:g}")
    if isinstance(answer, int) and answer not in _ANSWERS:
        raise BadInput(f"the answer to a form must be one of {_ANSWERS}")
    signing, now = home.uploads.signing_keys()[0], home.clock.now()
    date = sigv4.stamp(now)
    fields = {
        "key": key,
        "Content-Type": type,
        "x-amz-algorithm": sigv4.ALGORITHM,
        "x-amz-credential": f"{signing.id}/{sigv4.scope(signing, date)}",
        "x-amz-date": date,
        **_encode_metadata(metadata or {}),
    }
    name = "success_action_redirect" if isinstance(answer, str) else "success_action_status"
    fields[name] = str(answer)
    expires = math.floor(now + seconds)
    conditions: list[Any] = [{"bucket": store}, ["content-length-range", least, most]]
    conditions += [{name: value} for name, value in fields.items()]
    policy = {"expiration": _iso(expires), "conditions": conditions}
    text = base64.b64encode(json.dumps(policy).encode()).decode()
    fields |= {"policy": text, "x-amz-signature": sigv4.signature(signing, date, text)}
    return SignedForm(home.uploads.address(store), fields, float(expires))


def presign_get(
    home: Home, store: str, key: str, *, seconds: float = URL_SECONDS, disposition: str = ""
) -> str:
    """An address from which one object can be fetched by anybody who knows it.

    Args:
        home: where it is.
        store: the store's name.
        key: the object's key.
        seconds: how long the address is valid, 3600 at most.
        disposition: the Content-Disposition to answer with.

    Raises:
        BadInput: `seconds` is out of bounds, or the disposition cannot be in a header.
    """
    if not (disposition.isascii() and (disposition == "" or disposition.isprintable())):
        raise BadInput("a Content-Disposition has printable ASCII characters only")
    query = {"response-content-disposition": disposition} if disposition else {}
    return _presign(home, Asked("GET", store, key, query, {}), seconds)


def presign_part(
    home: Home, upload: Multipart, number: int, sha256: str, *, seconds: float = URL_SECONDS
) -> str:
    """An address to which one part of an upload can be sent (PUT).

    The request must have the header `x-amz-checksum-sha256`: the SHA-256 in base64.

    Args:
        home: where it goes.
        upload: the upload.
        number: the part's number, from 1.
        sha256: the part's SHA-256 in hexadecimal; other bytes are refused.
        seconds: how long the address is valid, 3600 at most.

    Raises:
        BadInput: there is no such part, that is no SHA-256, or `seconds` is out of bounds.
    """
    upload.length(number)
    query = {"partNumber": str(number), "uploadId": upload.id}
    headers = {CHECKSUM: encode_checksum(sha256)}
    return _presign(home, Asked("PUT", upload.store, upload.key, query, headers), seconds)


def encode_checksum(sha256: str) -> str:
    """A SHA-256 as S3's header has it: base64 instead of hexadecimal.

    Raises:
        BadInput: that is no SHA-256.
    """
    if len(sha256) != 64 or set(sha256) - set("0123456789abcdef"):
        raise BadInput("a SHA-256 has 64 hexadecimal digits")
    return base64.b64encode(bytes.fromhex(sha256)).decode()


class Asked(NamedTuple):
    """A request as it is signed."""

    method: str
    store: str
    key: str
    query: Mapping[str, str]
    #: Those bound by the signature, without the host.
    headers: Mapping[str, str]


def _presign(home: Home, asked: Asked, seconds: float) -> str:
    if not 1 <= seconds <= URL_SECONDS:
        raise BadInput(f"an address may be valid for 1 to {URL_SECONDS:g} s, not {seconds:g}")
    signing, date = home.uploads.signing_keys()[0], sigv4.stamp(home.clock.now())
    query = {
        **asked.query,
        "X-Amz-Algorithm": sigv4.ALGORITHM,
        "X-Amz-Credential": f"{signing.id}/{sigv4.scope(signing, date)}",
        "X-Amz-Date": date,
        "X-Amz-Expires": str(int(seconds)),
        "X-Amz-SignedHeaders": ";".join(sorted(["host", *asked.headers])),
    }
    made = sign_url(home, signing, date, asked._replace(query=query))
    place = f"{home.uploads.address(asked.store)}/{quote(asked.key, safe='/-_.~')}"
    return f"{place}?{sigv4.encode_query(query)}&X-Amz-Signature={made}"


def sign_url(home: Home, signing: SigningKey, date: str, asked: Asked) -> str:
    """The signature of a request, to make it or to compare with it."""
    place = urlsplit(home.uploads.address(asked.store))
    # A service of its own has many names and one key, so its host need not be told apart.
    headers = {**asked.headers, "host": place.netloc or "billow"}
    path = f"{place.path}/{asked.key}"
    return sigv4.url_signature(signing, date, asked.method, path, asked.query, headers)


def _encode_metadata(metadata: Mapping[str, str]) -> dict[str, str]:
    """Metadata as fields, which may have plain letters only."""
    encoded = {META + name: quote(value, safe=_READABLE) for name, value in metadata.items()}
    if sum(len(name) - len(META) + len(value) for name, value in encoded.items()) > MAX_METADATA:
        raise BadInput(f"name and arguments of an upload may have {MAX_METADATA} bytes together")
    return encoded


def _iso(at: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(at))
