"""The web servers' socket. The keeper holds it, so the address outlives each web server."""

from __future__ import annotations

import errno
import ipaddress
import socket
import time

from billow.errors import SettingError, Unavailable

#: Seconds to wait for an address that the servers of a keeper just killed still hold.
PATIENCE = 5.0


#: Why a service is for its own machine only.
PLAIN = "without encryption"
OPEN = "without asking who they are, since the app has no accounts"


def listen(host: str, port: int, *, why_private: str = PLAIN) -> socket.socket:
    """A listening socket; port 0 takes any free port. Requests queue until a server takes them.

    Args:
        host: the address.
        port: the port.
        why_private: why only this machine's own programs may reach it; empty if others may.

    Raises:
        SettingError: other machines could reach the address.
        Unavailable: the address is in use or not this machine's.
    """
    if host == "localhost":
        host = "127.0.0.1"  # the same on every machine, with or without IPv6
    if why_private:
        _check_private(host, why_private)
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return _bind(host, port)
        except OSError as problem:
            if problem.errno == errno.EADDRINUSE and time.monotonic() < deadline:
                time.sleep(0.05)
                continue
            raise Unavailable(_explain(host, port, problem)) from problem


def url(bound: socket.socket, *, tls: bool = False) -> str:
    """The address people type."""
    host, port = bound.getsockname()[:2]
    scheme = "https" if tls else "http"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _check_private(host: str, why: str) -> None:
    """Only this machine's own programs may reach the service."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as problem:
        raise Unavailable(f"host {host!r} is not known: {problem.strerror}") from problem
    if not all(ipaddress.ip_address(address[0]).is_loopback for *_, address in found):
        raise SettingError(
            f"host {host!r} would let others in {why}; use 127.0.0.1, and reach "
            "it from elsewhere through an SSH tunnel or a proxy that speaks HTTPS"
        )


def _bind(host: str, port: int) -> socket.socket:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, kind, protocol, _, address = found[0]
    made = socket.socket(family, kind, protocol)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
        made.listen(512)
    except OSError:
        made.close()
        raise
    return made


def _explain(host: str, port: int, problem: OSError) -> str:
    if problem.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is in use by another program; choose another with --port"
    return f"cannot listen on {host}:{port}: {problem.strerror or problem}"
