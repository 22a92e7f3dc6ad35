"""AWS Signature Version 4 for S3, as far as forms and addresses need it."""

from __future__ import annotations

import calendar
import hashlib
import hmac
import time
from collections.abc import Mapping
from urllib.parse import quote

from billow.ports.uploads import SigningKey

ALGORITHM = "AWS4-HMAC-SHA256"

_UNRESERVED = "-_.~"


def stamp(at: float) -> str:
    """A time as signatures say it: `20261120T225000Z`."""
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(at))


def read_stamp(text: str) -> float | None:
    """UNIX seconds; None if that is no time."""
    try:
        at = calendar.timegm(time.strptime(text, "%Y%m%dT%H%M%SZ"))
    except ValueError:
        return None
    return float(at) if stamp(at) == text else None


def scope(key: SigningKey, date: str) -> str:
    """What a signature of this key and day is good for."""
    return f"{date[:8]}/{key.region}/s3/aws4_request"


def signature(key: SigningKey, date: str, text: str) -> str:
    """`text` signed, in hexadecimal."""
    secret = f"AWS4{key.secret}".encode()
    for part in (date[:8], key.region, "s3", "aws4_request"):
        secret = hmac.digest(secret, part.encode(), "sha256")
    return hmac.digest(secret, text.encode(), "sha256").hex()


def url_signature(
    key: SigningKey,
    date: str,
    method: str,
    path: str,
    query: Mapping[str, str],
    headers: Mapping[str, str],
) -> str:
    """The signature of an address; `headers` (in lower case) are those that it binds."""
    request = "\n".join(
        [
            method,
            quote(path, safe=f"/{_UNRESERVED}"),
            encode_query(query),
            *(f"{name}:{' '.join(value.split())}" for name, value in sorted(headers.items())),
            "",
            ";".join(sorted(headers)),
            "UNSIGNED-PAYLOAD",
        ]
    )
    digest = hashlib.sha256(request.encode()).hexdigest()
    return signature(key, date, "\n".join([ALGORITHM, date, scope(key, date), digest]))


def encode_query(query: Mapping[str, str]) -> str:
    """A query in its one canonical form."""
    pairs = [
        (quote(name, safe=_UNRESERVED), quote(v, safe=_UNRESERVED)) for name, v in query.items()
    ]
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def same(one: str, other: str) -> bool:
    """Whether two signatures are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(one.encode(), other.encode())
