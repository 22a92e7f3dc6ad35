"""How much a request may bring, and reading it within these bounds."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from starlette.requests import Request

from billow.errors import BadInput, Error, NotAccepted, TooLarge
from billow.units import MiB, human_size

#: Bytes of a JSON body.
MAX_JSON = 4 * MiB
#: Seconds that a client may be silent while it sends a body.
MAX_SILENCE = 30.0
#: Seconds that a request may wait for a job to finish.
MAX_WAIT = 60.0


class TooSlow(Error):
    """The client stopped sending in the middle of a body."""

    status = 408
    title = "Request timeout"


async def blocks_of(request: Request) -> AsyncIterator[bytes]:
    """The body as it comes.

    Raises:
        TooSlow: nothing came for a while.
    """
    stream = aiter(request.stream())
    while True:
        try:
            async with asyncio.timeout(MAX_SILENCE):
                block = await anext(stream)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise TooSlow(f"nothing came for {MAX_SILENCE:g} s in the middle of the body") from None
        if block:
            yield block


def media_type(request: Request) -> str:
    """The body's media type in lower case, without parameters; empty if there is none."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def read_json(request: Request, fields: Sequence[str]) -> dict[str, Any]:
    """The body, a JSON object; an empty body is an empty object.

    Args:
        request: whose body it is.
        fields: names that may stand in it.

    Raises:
        NotAccepted: the body is not declared to be JSON.
        TooLarge: it is over 4 MiB.
        BadInput: it is not JSON, not an object, or has unknown fields.
    """
    body = bytearray()
    async for block in blocks_of(request):
        body += block
        if len(body) > MAX_JSON:
            raise TooLarge(f"a JSON body may have {human_size(MAX_JSON)}", limit=MAX_JSON)
    if not body:
        return {}
    if media_type(request) != "application/json":
        raise NotAccepted(
            "the body must have Content-Type: application/json", allowed=["application/json"]
        )
    check_digest(announced_digest(request), hashlib.sha256(body).hexdigest())
    value = parse_json(bytes(body), "the body")
    if not isinstance(value, dict):
        raise BadInput("the body must be a JSON object")
    for name in value:
        if name not in fields:
            allowed = ", ".join(fields) or "none"
            raise BadInput(f"the body has an unknown field {name[:80]!r}; it may have: {allowed}")
    return value


def parse_json(text: bytes | str, what: str) -> Any:
    """The value that JSON text means.

    Raises:
        BadInput: it is not JSON (NaN and infinities are not), too deep, or not Unicode text.
    """
    try:
        decoded = text.decode() if isinstance(text, bytes) else text
        value = json.loads(decoded, parse_constant=_refuse_constant, parse_float=_finite)
        # An escape can smuggle in half a surrogate pair, which no store can keep.
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as problem:
        kind = "is nested too deeply" if isinstance(problem, RecursionError) else "is not JSON"
        where = f": {problem}" if isinstance(problem, json.JSONDecodeError) else ""
        raise BadInput(f"{what} {kind}{where}"[:300]) from None
    return value


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError("a number is too large")
    return value


def announced_digest(request: Request) -> str | None:
    """The SHA-256 (hexadecimal) that the client announces for the body, if it does.

    Raises:
        BadInput: the header cannot be read.
    """
    return digest_in(request.headers)


def digest_in(headers: Mapping[str, str]) -> str | None:
    """The SHA-256 in `X-Content-SHA256` (hexadecimal) or `Content-Digest` (RFC 9530)."""
    plain = headers.get("x-content-sha256")
    if plain is not None:
        if len(plain) != 64 or set(plain.lower()) - set("0123456789abcdef"):
            raise BadInput("X-Content-SHA256 must be 64 hexadecimal digits")
        return plain.lower()
    for part in headers.get("content-digest", "").split(","):
        name, _, value = part.strip().partition("=")
        if name.lower() == "sha-256":
            return _from_base64(value)
    return None


def _from_base64(value: str) -> str:
    try:
        digest = base64.b64decode(value.strip().strip(":"), validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if len(digest) != 32:
        raise BadInput("Content-Digest must have the form sha-256=:<base64>:")
    return digest.hex()


def check_digest(announced: str | None, found: str) -> None:
    """Raises BadInput if the body is not the announced one."""
    if announced is not None and announced != found:
        raise BadInput(f"the body has SHA-256 {found}, not the announced {announced}")
