"""A load drill goes to this machine only, unless its owner says that the other one is theirs."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from billow.drill.load.target import find_target
from billow.errors import BadInput, Unavailable

NAMES = {
    "mixed.example": ["127.0.0.1", "192.0.2.1"],
    "far.example": ["192.0.2.1"],
    "far6.example": ["2001:db8::1"],
    "near.example": ["127.0.0.2", "::1"],
}


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.getaddrinfo

    def look_up(host: str, port: int, **options: Any) -> list[Any]:
        if host in NAMES:
            return [(0, 0, 0, "", (address, port)) for address in NAMES[host]]
        if host.endswith(".example"):
            raise socket.gaierror(-2, "Name or service not known")
        return real(host, port, **options)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


@pytest.mark.parametrize(
    "url",
    [
        "http://192.0.2.1/", "http://10.0.0.1:80", "http://169.254.169.254/latest", "http://0.0.0.0:80",
        "https://far.example", "http://far6.example", "http://mixed.example:8420",
        "http://[::ffff:192.0.2.1]/", "http://[2001:db8::1]:80/",
    ],
)  # fmt: skip
def test_another_machine_is_refused(url: str) -> None:
    with pytest.raises(BadInput, match="--i-own-this-host"):
        find_target(url)


def test_who_owns_the_host_may() -> None:
    found = find_target("https://far.example/shop", own=True)
    assert found == ("192.0.2.1", 443, "far.example", True, "/shop")
    assert not found.loopback


@pytest.mark.parametrize("host", ["127.0.0.1:8420", "near.example:8420", "[::1]:8420"])
def test_this_machine_is_welcome(host: str) -> None:
    found = find_target(f"http://{host}")
    assert found.loopback
    assert (found.port, found.host) == (8420, host)


@pytest.mark.parametrize(
    "url",
    ["ftp://127.0.0.1", "http://", "http://u:p@127.0.0.1", "http://127.0.0.1:99999", "http://127.0.0.1/?a=b"],
)  # fmt: skip
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(BadInput):
        find_target(url)


def test_an_unknown_name_is_told() -> None:
    with pytest.raises(Unavailable, match=r"nowhere\.example"):
        find_target("http://nowhere.example")
