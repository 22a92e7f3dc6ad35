"""Where a load drill goes: this machine, unless whoever starts it owns the other one."""

from __future__ import annotations

import ipaddress
import socket
from typing import NamedTuple
from urllib.parse import urlsplit

from billow.errors import BadInput, Unavailable


class Target(NamedTuple):
    """An address that was looked up once: nobody can move it while the drill runs."""

    address: str
    port: int
    #: What the Host header says.
    host: str
    tls: bool
    #: The path that the address names, "/" if it names none.
    path: str

    @property
    def loopback(self) -> bool:
        """Whether it is this machine."""
        return ipaddress.ip_address(self.address).is_loopback

    @property
    def url(self) -> str:
        """The service's address."""
        return f"{'https' if self.tls else 'http'}://{self.host}"


def is_url(text: str) -> bool:
    """Whether a drill's target is the address of a service that runs already."""
    return text.startswith(("http://", "https://"))


def find_target(url: str, *, own: bool = False) -> Target:
    """The service at `url`.

    Args:
        url: where it is.
        own: whether whoever starts the drill said that the host is theirs.

    Raises:
        BadInput: it is no such address, or on another machine, and nobody said that is theirs.
        Unavailable: its name cannot be looked up.
    """
    parts = urlsplit(url)
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise BadInput(f"{url}: its port is no port") from None
    if not is_url(url) or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise BadInput(f"{url}: write http://host:port, with a path if there is one")
    address = _look_up(parts.hostname, port)
    target = Target(address, port, parts.netloc, parts.scheme == "https", parts.path or "/")
    if not target.loopback and not own:
        raise BadInput(
            f"{parts.hostname} is another machine: a load drill is an attack on a service that is "
            "not yours; if it is yours, say so by --i-own-this-host"
        )
    return target


def _look_up(host: str, port: int) -> str:
    """The first address of a host; all of them if one of them is not this machine's."""
    try:
        found = [info[4][0] for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except OSError as problem:
        raise Unavailable(f"{host}: {problem.strerror or problem}") from None
    addresses = [str(address).partition("%")[0] for address in found]
    elsewhere = [each for each in addresses if not ipaddress.ip_address(each).is_loopback]
    return (elsewhere or addresses)[0]
