"""The front's certificate: read from files, and read again when they are renewed."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

from billow.front.visitor import Visitor

if TYPE_CHECKING:
    from billow.front.house import House


class Certificate:
    """Certificate and key in files.

    Args:
        cert: the file of the certificate, with those of its issuers.
        key: the file of its key.
    """

    def __init__(self, cert: str, key: str) -> None:
        self._cert = Path(cert)
        self._key = Path(key)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.context.set_alpn_protocols(["h2", "http/1.1"] if _knows_http2() else ["http/1.1"])
        self.context.load_cert_chain(cert, key)
        self._seen = self._times()

    def refresh(self) -> bool:
        """Read the files again if they are new; the old certificate stays if they cannot be.

        Raises:
            OSError: they cannot be read, or do not belong together (ssl.SSLError).
        """
        times = self._times()
        if times == self._seen:
            return False
        self._seen = times
        self.context.load_cert_chain(self._cert, self._key)
        return True

    def _times(self) -> tuple[int, int]:
        return self._cert.stat().st_mtime_ns, self._key.stat().st_mtime_ns


class Greeter(asyncio.Protocol):
    """Asks what a new connection speaks, and hands it over to who speaks that."""

    def __init__(self, house: House) -> None:
        self._house = house

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The handshake is over."""
        spoken = transport.get_extra_info("ssl_object").selected_alpn_protocol()
        made: asyncio.Protocol = Visitor(self._house)
        if spoken == "h2":
            from billow.front.http2 import Connection  # noqa: PLC0415 - an extra

            made = Connection(self._house)
        transport.set_protocol(made)
        made.connection_made(transport)


def _knows_http2() -> bool:
    try:
        import h2  # noqa: F401, PLC0415 - an extra
    except ImportError:
        return False
    return True
