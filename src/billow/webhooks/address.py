"""Where a webhook may go: to public addresses, found out once and then connected to as found.

Owners choose the addresses, so without this they could make the service call what only it can
reach: itself, its neighbours, or the metadata service of a cloud.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import urlsplit

from billow.errors import BadInput

_Ip: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
#: Called like `socket.getaddrinfo(host, port, type=...)`.
Lookup: TypeAlias = Callable[..., list[tuple[Any, ...]]]

#: Characters of an address.
LONGEST = 2000

#: Printing ASCII without a space, a quote or a backslash.
_CLEAN = re.compile(r"""[!#-\[\]-~]+""", re.ASCII)

_V4_IN_V6 = ipaddress.IPv6Network("64:ff9b::/96")
#: The only block of IPv6 from which addresses for everyone are given out.
_UNICAST = ipaddress.IPv6Network("2000::/3")
#: What Python's `is_global` lets pass, in this version or that: special purposes, tunnels (which
#: lead to the IPv4 address inside of theirs), documentation.
_SPECIAL = (
    ipaddress.IPv4Network("192.0.0.0/24"),
    ipaddress.IPv4Network("192.88.99.0/24"),
    ipaddress.IPv6Network("2001::/23"),
    ipaddress.IPv6Network("2001:db8::/32"),
    ipaddress.IPv6Network("2002::/16"),
    ipaddress.IPv6Network("3fff::/20"),
)


class Forbidden(BadInput):
    """Webhooks do not go there."""

    title = "Forbidden address"


class Target(NamedTuple):
    """An address that was read and found to be of a kind that webhooks may go to."""

    #: True for https.
    tls: bool
    host: str
    port: int
    #: Path and query, as they are asked for.
    path: str

    @property
    def label(self) -> str:
        """What the Host header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}"


def read_url(url: str, local: bool = False) -> Target:
    """The parts of an address.

    Args:
        url: as the owner wrote it.
        local: whether http and other ports than 443 are allowed, for development.

    Raises:
        Forbidden: webhooks cannot go there.
    """
    if len(url) > LONGEST or not _CLEAN.fullmatch(url):
        raise Forbidden(f"a webhook's address has at most {LONGEST} plain ASCII characters")
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
    except ValueError:
        raise Forbidden("this is not a web address") from None
    if parts.scheme not in (("https", "http") if local else ("https",)):
        raise Forbidden("a webhook's address begins with https://")
    if not host or parts.username is not None or parts.password is not None:
        raise Forbidden("a webhook's address names a host, and no user or password")
    if parts.fragment or "%" in host:
        raise Forbidden("a webhook's address has no # part, and no zone in its host")
    tls = parts.scheme == "https"
    port = port if port is not None else (443 if tls else 80)
    if port != 443 and not local:
        raise Forbidden("webhooks go to port 443 only")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(tls, host, port, path)


def resolve(target: Target, local: bool = False, lookup: Lookup = socket.getaddrinfo) -> list[str]:
    """The addresses to connect to, of which every one may be; look up once and use these.

    Args:
        target: where to.
        local: whether this machine itself is allowed too, for development.
        lookup: finds addresses of a name.

    Raises:
        Forbidden: at least one of the host's addresses is not public.
        OSError: the name is not known now.
    """
    try:
        found = lookup(target.host, target.port, type=socket.SOCK_STREAM)
    except UnicodeError:
        raise Forbidden("the host has an impossible name") from None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not addresses:
        raise OSError("the name has no address")
    for address in addresses:
        if not (is_public(address) or (local and _is_loopback(address))):
            raise Forbidden(f"{target.host} leads to an address that is not public")
    return addresses


def is_public(address: str) -> bool:
    """Whether anyone on the internet can reach `address`, and it is one machine's."""
    try:
        ip = _unwrapped(ipaddress.ip_address(address))
    except ValueError:
        return False
    if any(ip.version == net.version and ip in net for net in _SPECIAL):
        return False
    if isinstance(ip, ipaddress.IPv6Address) and ip not in _UNICAST:
        return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)


def _is_loopback(address: str) -> bool:
    try:
        return _unwrapped(ipaddress.ip_address(address)).is_loopback
    except ValueError:
        return False


def _unwrapped(ip: _Ip) -> _Ip:
    """The IPv4 address inside, where an IPv6 address only stands for one."""
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return ip.ipv4_mapped
        if ip in _V4_IN_V6:
            return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip
