"""The certificate of a service that speaks https: its owner's, or one made for development."""

from __future__ import annotations

import ipaddress
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from billow.errors import SettingError
from billow.settings import in_force

#: How long one is valid, and how much of that must be left for it to be used again.
_VALID = timedelta(days=365)
_LEFT = timedelta(days=30)

_NAMES = ("localhost",)
_ADDRESSES = ("127.0.0.1", "::1")


class Tls(NamedTuple):
    """Where certificate and key are."""

    cert: str = ""
    key: str = ""
    #: Whether it was made for development: browsers do not trust it.
    development: bool = False

    @property
    def on(self) -> bool:
        """Whether the service speaks https."""
        return bool(self.cert)


#: Plain HTTP.
NO_TLS = Tls()


def tls_in_force(folder: Path, now: datetime) -> Tls:
    """What the settings ask for; a certificate for development is made if there is none yet.

    Raises:
        SettingError: a file is missing or cannot be read, or what makes certificates is.
    """
    cert, key = str(in_force("tls_cert").value), str(in_force("tls_key").value)
    if not cert:
        return _development(folder / "tls", now) if in_force("tls_dev").value else NO_TLS
    if not key:
        raise SettingError("tls_cert needs tls_key, the file of the certificate's key")
    for name, path in (("tls_cert", cert), ("tls_key", key)):
        if not os.access(path, os.R_OK):
            raise SettingError(f"{name}: {path} cannot be read")
    return Tls(str(Path(cert).absolute()), str(Path(key).absolute()))


def _development(folder: Path, now: datetime) -> Tls:
    cert, key = folder / "dev-cert.pem", folder / "dev-key.pem"
    try:
        from billow.keeper import self_signed  # noqa: PLC0415 - needs an extra
    except ModuleNotFoundError as missing:
        raise SettingError(
            f"tls_dev needs {missing.name}; install it by `pip install billow[web]`"
        ) from None
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not self_signed.lasts(cert, now + _LEFT) or not key.exists():
        addresses = [ipaddress.ip_address(text) for text in _ADDRESSES]
        self_signed.make(cert, key, _NAMES, addresses, now, now + _VALID)
    return Tls(str(cert.absolute()), str(key.absolute()), development=True)


def today() -> datetime:
    """The time by which certificates are valid."""
    return datetime.now(UTC)
