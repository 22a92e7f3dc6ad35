"""Values that must not be seen: in a log, in a traceback, in a list of jobs."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import NoReturn


class Secret:
    """Text that shows itself only when asked to."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself; for the one place that needs it."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __format__(self, form: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(to_bytes(self), to_bytes(other))

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not to be written anywhere")


def new_secret() -> Secret:
    """256 random bits as 43 characters that need no quoting anywhere."""
    return Secret(secrets.token_urlsafe(32))


def derive(key: bytes, purpose: str) -> Secret:
    """256 bits that only the holder of `key` can make, the same for the same purpose."""
    return Secret(hmac.digest(key, purpose.encode(), "sha256").hex())


def digest(secret: Secret) -> str:
    """What is kept of a secret of 128 bits or more: its SHA-256, in hexadecimal."""
    return hashlib.sha256(to_bytes(secret)).hexdigest()


def to_bytes(secret: Secret) -> bytes:
    """The text in UTF-8; what is no Unicode text stays distinct."""
    return secret.reveal().encode("utf-8", "surrogatepass")
