"""What every request must pass before anything reads it, and the headers of every response.

A server without accounts is for this machine alone. A web page elsewhere must not be able to use a
visitor's browser as its hands: neither by a name that resolves to this machine (the Host header
must be this machine's or the service's own), nor by a form or script (unsafe methods are checked
for where they come from).
"""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from billow.errors import Error
from billow.web.replies import problem_of, refuse

_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}

#: Bytes of all request headers together, and of path and query.
MAX_HEADERS = 32 * 1024
MAX_TARGET = 8 * 1024


def content_policy(*forms: str, nonce: str = "") -> str:
    """What a page may load, and where its forms may lead: here, and to the origins `forms`.

    Args:
        forms: origins.
        nonce: what inline styles of this page carry; without one there may be none.
    """
    allowed = " ".join(["'self'", *forms])
    styles = f"style-src 'self' 'nonce-{nonce}'; " if nonce else ""
    return (
        f"default-src 'self'; {styles}img-src 'self' data: blob:; object-src 'none'; "
        f"base-uri 'none'; form-action {allowed}; frame-ancestors 'none'"
    )


SECURITY_HEADERS = {
    "content-security-policy": content_policy(),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}

_log = logging.getLogger("billow.web")


class Refused(Error):
    """The request is not let in."""

    status = 403
    title = "Refused"


class WrongHost(Refused):
    """The Host header names another machine."""

    status = 421
    title = "Wrong host"


class HeadersTooLarge(Refused):
    """Headers or address are longer than anything an honest client sends."""

    status = 431
    title = "Request header fields too large"


class Guard:
    """ASGI middleware: lets in what may come in, and lets nothing unexpected out."""

    def __init__(self, app: ASGIApp, own: str = "") -> None:
        self._app = app
        #: The host name under which others may reach the service.
        self._own = own

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def send_safely(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(scope=message)
                if nonce := scope.get("billow.nonce"):
                    headers.setdefault("content-security-policy", content_policy(nonce=nonce))
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            check_request(scope, self._own)
            await self._app(scope, receive, send_safely)
        except ClientDisconnect:
            return
        except Exception as error:
            if not isinstance(error, Refused):
                _log.exception("unexpected", extra={"fields": {"id": scope.get("billow.id")}})
            if begun:
                raise
            request = Request(scope, receive)
            await refuse(request, problem_of(error))(scope, receive, send_safely)


def check_request(scope: Scope, own: str = "") -> None:
    """Raises Refused if a request is too long, for another host, or sent by another site's page."""
    check_headers(scope["headers"], own)
    check_target(scope.get("raw_path") or b"", scope["query_string"])
    if scope["method"] not in _SAFE_METHODS:
        check_origin(Headers(scope=scope))


def check_headers(headers: Iterable[tuple[bytes, bytes]], own: str = "") -> None:
    """Raises Refused if headers are too long, or for another host."""
    size, hosts = 0, []
    for name, value in headers:
        size += len(name) + len(value)
        if name == b"host":
            hosts.append(value)
    if size > MAX_HEADERS:
        raise HeadersTooLarge(f"headers may have {MAX_HEADERS} bytes, not {size}")
    if len(hosts) != 1 or not _is_own(hosts[0], own):
        raise WrongHost("this service answers to this machine's names only, and to its own")


def check_target(path: bytes, query: bytes) -> None:
    """Raises Refused if an address is too long."""
    if len(path) + len(query) > MAX_TARGET:
        raise HeadersTooLarge(f"path and query may have {MAX_TARGET} bytes")


@lru_cache(maxsize=64)
def _is_own(told: bytes, own: str) -> bool:
    host = told.decode("latin-1")
    return is_local(host) or bool(own and host.lower() == own)


def is_local(host: str) -> bool:
    """Whether a Host header (name and port) can only mean this machine."""
    try:
        name = urlsplit(f"//{host}").hostname
        port = urlsplit(f"//{host}").port
    except ValueError:
        return False
    if not name or (port is None and host.endswith(":")) or "@" in host or "/" in host:
        return False
    return name == "localhost" or is_loopback(name)


def is_loopback(address: str) -> bool:
    """Whether an IP address is one of this machine's own."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def check_origin(headers: Headers) -> None:
    """Raises Refused if a browser sends this request on behalf of another site's page.

    Browsers say where a request comes from, and pages cannot forge that. Programs say nothing.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        if site not in ("same-origin", "none"):
            raise Refused(f"a page of another site cannot do this (Sec-Fetch-Site: {site})")
        return
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != headers["host"]:
        raise Refused("a page of another site cannot do this (Origin is not this host)")
