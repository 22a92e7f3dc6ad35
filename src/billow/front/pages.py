"""The few answers that the front makes itself: small, and made without asking anybody."""

from __future__ import annotations

import html
import json
from functools import lru_cache
from http import HTTPStatus

#: Why there is no answer yet while no server is there; a browser looks again by itself.
STARTING = "the service is starting; this page looks again by itself"

#: Answers after which a client may try again.
_AGAIN = (429, 502, 503, 504)

_HTML = """<!doctype html><html lang=en><meta charset=utf-8>
<meta name=viewport content="width=device-width"><title>{title}</title>
<style>body{{font:1.1rem system-ui;max-width:34rem;margin:15vh auto;padding:0
1rem;color-scheme:light dark;background:Canvas;color:CanvasText}}</style>
<main><h1>{title}</h1><p>{why}.<p><small>{id}</small></main>
"""

#: Stands for a request's id in what is made for many.
_ID = "@id@"

_SAFE = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
}


def page(
    status: int, why: str, id: str, accept: bytes, retry_after: int = 0
) -> tuple[dict[str, str], bytes]:
    """Headers and body of an answer: a page for browsers, else a problem document (RFC 9457).

    Args:
        status: what happened.
        why: in a few words.
        id: of the request.
        accept: what the client likes.
        retry_after: seconds after which it may try again; 0 does not say.
    """
    headers, body = _draft(status, why, retry_after, browser=b"text/html" in accept, named=bool(id))
    made = dict(headers)
    if id:
        made["x-request-id"] = id
    return made, body.replace(_ID, id).encode()


@lru_cache(256)
def _draft(
    status: int, why: str, retry_after: int, *, browser: bool, named: bool
) -> tuple[dict[str, str], str]:
    """The same for any request, whose id stands where `_ID` does; in a flood many are alike."""
    title = HTTPStatus(status).phrase
    headers = dict(_SAFE)
    if retry_after and status in _AGAIN:
        headers["retry-after"] = str(retry_after)
    if browser:
        headers["content-type"] = "text/html; charset=utf-8"
        if why == STARTING:
            title, headers["refresh"] = "Just a moment", "1"
        told = html.escape(why[:1].upper() + why[1:])
        return headers, _HTML.format(title=title, why=told, id=_ID)
    headers["content-type"] = "application/problem+json"
    problem = {"type": "about:blank", "title": title, "status": status, "detail": why}
    if retry_after and status in _AGAIN:
        problem["retry_after"] = retry_after
    if named:
        problem["instance"] = f"urn:billow:request:{_ID}"
    return headers, json.dumps(problem)


def head_of(status: int, headers: dict[str, str], length: int) -> bytes:
    """The first lines of an answer of HTTP/1.1, without the empty line."""
    lines = [f"{name}: {value}\r\n" for name, value in headers.items()]
    first, last = _first(status), f"content-length: {length}\r\n"
    return "".join([first, *lines, last]).encode("latin-1")


@lru_cache(64)
def _first(status: int) -> str:
    return f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
