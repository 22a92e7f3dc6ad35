"""How the text of a setting is read; each reader raises ValueError, saying what may be written."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import unquote, urlsplit

from billow.errors import DeclarationError
from billow.units import seconds, size_in_bytes


def port(text: str) -> int:
    """A port; 0 is any free one."""
    if not (text.isdecimal() and int(text) <= 65535):
        raise ValueError("a port is 0 to 65535; 0 takes any free one")
    return int(text)


def port_or_none(text: str) -> int | str:
    """A port, or nothing."""
    return port(text) if text else ""


def speed(text: str) -> float:
    """How many times faster."""
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed <= 10_000:
        raise ValueError("a speed is a number above 0 and at most 10000")
    return speed


def duration(text: str) -> float:
    """Seconds."""
    try:
        return seconds(text)
    except DeclarationError as problem:
        raise ValueError(problem.detail) from None


def count(text: str) -> int:
    """A whole number."""
    if not (text.isdecimal() and int(text) <= 256):
        raise ValueError("a number of processes is 0 to 256; 0 is one for each core, at most 4")
    return int(text) or min(4, os.cpu_count() or 1)


def size(text: str) -> int:
    """A size in bytes."""
    try:
        return size_in_bytes(text)
    except DeclarationError as problem:
        raise ValueError(problem.detail) from None


def room(text: str) -> int | str:
    """A size in bytes, or nothing."""
    return size(text) if text else ""


def switch(text: str) -> bool:
    """Whether it is on."""
    words = {"1": True, "true": True, "yes": True, "on": True}
    words |= {"": False, "0": False, "false": False, "no": False, "off": False}
    if text.lower() not in words:
        raise ValueError("a switch is 1 or 0")
    return words[text.lower()]


def networks(text: str) -> str:
    """Addresses or networks, with commas."""
    import ipaddress  # noqa: PLC0415 - only who asks for it pays for it

    for part in filter(None, (part.strip() for part in text.split(","))):
        ipaddress.ip_network(part, strict=False)
    return text


def log_format(text: str) -> str:
    """How the access log is written."""
    if text not in ("json", "common", "combined", "off"):
        raise ValueError("choose json, common, combined or off")
    return text


def mail(text: str) -> Any:
    """Where mail goes."""
    from billow.mail.place import read_place  # noqa: PLC0415 - only who asks for it pays for it

    return read_place(text)


def sender(text: str) -> Any:
    """Whom mail comes from."""
    from billow.mail.place import read_sender  # noqa: PLC0415 - likewise

    return read_sender(text)


def secret(text: str) -> Any:
    """What must not be shown; empty stays empty."""
    from billow.accounts.secret import Secret  # noqa: PLC0415 - likewise

    return Secret(text) if text else ""


def database(text: str) -> Any:
    """A database."""
    if text and not text.startswith(("postgresql://", "postgres://")):
        raise ValueError("write postgresql://user:password@host/name")
    return secret(text)


def address(text: str) -> str:
    """The address of a site; empty stays empty."""
    parts = urlsplit(text)
    if text and (parts.scheme not in ("http", "https") or not parts.hostname or parts.query):
        raise ValueError("write https://host, with a path if there is one")
    return text.rstrip("/")


def issuer(text: str) -> str:
    """An OpenID issuer, exactly as it calls itself."""
    address(text)
    return text


def secrets_in(text: str) -> set[str]:
    """The words of a secret; of an address its password alone, also as it is meant."""
    found: set[str] = set()
    for word in text.split():
        parts = urlsplit(word) if "://" in word else None
        if parts is None:
            found.add(word)
        elif parts.password:
            found |= {parts.password, unquote(parts.password)}
    return found
