"""Addresses that webhooks may go to, and the many ways to write others."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from billow.webhooks.address import Forbidden, Target, is_public, read_url, resolve

PUBLIC = ["93.184.216.34", "8.8.8.8", "2606:4700::1111", "2001:4860:4860::8888", "::ffff:8.8.8.8"]
NOT_PUBLIC = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.9.9.9", "169.254.169.254",
    "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.1.1",
    "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1",
    "255.255.255.255",
    "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1", "2001:0:1::1",
    "2001:db8::1", "2002:7f00:1::", "2002:a00:1::1", "3fff::1", "5f00::1", "fc00::1",
    "fd00:ec2::254",
    "fe80::1", "fe80::1%lo", "fec0::1", "ff02::1", "ff0e::1",
    "", "localhost", "1.2.3", "0x7f.1",
]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_allowed(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_no_other_address_is(address: str) -> None:
    assert not is_public(address)


def answering(*addresses: str) -> Any:
    """A name service that knows one answer, and counts how often it is asked."""

    def lookup(host: str, port: int, **_: Any) -> list[tuple[Any, ...]]:
        lookup.asked += 1  # type: ignore[attr-defined]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in addresses]

    lookup.asked = 0  # type: ignore[attr-defined]
    return lookup


TARGET = Target(True, "hooks.example.org", 443, "/")


def test_the_addresses_found_are_the_ones_to_connect_to() -> None:
    assert resolve(TARGET, lookup=answering("8.8.8.8", "8.8.8.8", "9.9.9.9")) == [
        "8.8.8.8",
        "9.9.9.9",
    ]


@pytest.mark.parametrize("bad", ["127.0.0.1", "169.254.169.254", "::1", "::ffff:10.0.0.1"])
def test_one_bad_address_among_good_ones_spoils_the_name(bad: str) -> None:
    with pytest.raises(Forbidden):
        resolve(TARGET, lookup=answering("8.8.8.8", bad))


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0", "::1", "::ffff:7f00:1",
     "localhost", "169.254.169.254", "0xa9fea9fe", "[::]".strip("[]")],
)  # fmt: skip
def test_this_machine_under_its_many_names_is_refused(host: str) -> None:
    with pytest.raises(Forbidden):
        resolve(Target(True, host, 443, "/"))


def test_a_name_without_address_is_a_failure_that_may_pass() -> None:
    with pytest.raises(OSError, match="no address"):
        resolve(TARGET, lookup=answering())


def test_development_allows_this_machine_and_no_neighbour() -> None:
    assert resolve(TARGET, local=True, lookup=answering("127.0.0.1")) == ["127.0.0.1"]
    for neighbour in ("10.0.0.1", "169.254.169.254", "192.168.0.1", "0.0.0.0"):
        with pytest.raises(Forbidden):
            resolve(TARGET, local=True, lookup=answering(neighbour))


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://example.org", (True, "example.org", 443, "/")),
        ("https://example.org:443/a/b?c=d", (True, "example.org", 443, "/a/b?c=d")),
        ("https://[2606:4700::1]/x", (True, "2606:4700::1", 443, "/x")),
        ("HTTPS://EXAMPLE.org/", (True, "example.org", 443, "/")),
    ],
)
def test_a_web_address_is_taken_apart(url: str, target: tuple[object, ...]) -> None:
    assert read_url(url) == target


@pytest.mark.parametrize(
    "url",
    [
        "", "example.org", "http://example.org", "ftp://example.org", "file:///etc/passwd",
        "gopher://example.org", "https://", "https:///path", "https://user@example.org",
        "https://user:pw@example.org", "https://@example.org", "https://example.org#part",
        "https://example.org:80", "https://example.org:8443", "https://example.org:99999",
        "https://example.org:x", "https://exa mple.org", "https://example.org/\r\nHost: x",
        "https://example.org/\t", "https://example.org\\@127.0.0.1/", "https://[::1", "https://é.org",
        "https://example.org/é", "https://[fe80::1%25lo]/", "https://ex%61mple.org",
        "//example.org",
        "https://example.org/" + "a" * 2000, 'https://example.org/"', "javascript:alert(1)",
    ],
)  # fmt: skip
def test_any_other_address_is_refused(url: str) -> None:
    with pytest.raises(Forbidden):
        read_url(url)


def test_development_allows_http_and_other_ports() -> None:
    assert read_url("http://localhost:5000/hook", local=True) == (False, "localhost", 5000, "/hook")
    assert read_url("http://localhost", local=True).label == "localhost"
    with pytest.raises(Forbidden):
        read_url("ftp://localhost", local=True)


@pytest.mark.parametrize(
    ("target", "label"),
    [
        (Target(True, "a.org", 443, "/"), "a.org"),
        (Target(True, "a.org", 444, "/"), "a.org:444"),
        (Target(False, "::1", 80, "/"), "[::1]"),
        (Target(False, "::1", 81, "/"), "[::1]:81"),
    ],
)
def test_the_host_header_names_the_port_only_if_it_is_unusual(target: Target, label: str) -> None:
    assert target.label == label
