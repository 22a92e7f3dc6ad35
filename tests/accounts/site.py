"""The provider of `provider.py` in a process of its own, and a browser that goes there."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2

from billow.accounts.oidc import Provider
from billow.accounts.secret import Secret
from tests.accounts.provider import CLIENT, SECRET
from tests.contract.homes import until

REDIRECT = "http://127.0.0.1:8420/login/openid/back"


class Site:
    """The provider, and a browser that goes there."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.provider = Provider("Test", issuer, CLIENT, Secret(SECRET))

    def answers(self) -> bool:
        with contextlib.suppress(httpx2.HTTPError):
            return httpx2.get(f"{self.issuer}/keys").status_code == 200
        return False

    def expect(self, person: dict[str, Any], twist: str = "", redirect: str = REDIRECT) -> None:
        told = {"person": person, "twist": twist, "redirect": redirect}
        httpx2.post(f"{self.issuer}/next", json=told).raise_for_status()

    def visit(self, url: str) -> dict[str, str]:
        """Go to the provider; the query that it sends the browser back with."""
        answer = httpx2.get(url, follow_redirects=False)
        location = answer.headers["location"]
        assert location.startswith(REDIRECT)
        return dict(parse_qsl(urlsplit(location).query))

    def settings(self) -> dict[str, str]:
        """The environment of a service at which people log in here."""
        return {
            "BILLOW_OPENID_ISSUER": self.issuer,
            "BILLOW_OPENID_CLIENT_ID": CLIENT,
            "BILLOW_OPENID_CLIENT_SECRET": SECRET,
            "BILLOW_OPENID_NAME": "Example",
        }


@contextmanager
def running_site() -> Iterator[Site]:
    """A provider on a port of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    script = str(Path(__file__).with_name("provider.py"))
    process = subprocess.Popen([sys.executable, script, str(port)])
    try:
        found = Site(f"http://127.0.0.1:{port}")
        until(found.answers, "the provider answers")
        yield found
    finally:
        process.terminate()
        process.wait(20)
