"""Where mail goes, as the setting `mail` says it."""

from __future__ import annotations

from dataclasses import dataclass, field
from email.headerregistry import Address
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from billow.errors import BadInput
from billow.mail.address import check_sender


class Tls(StrEnum):
    """How a connection to a mail server is encrypted."""

    #: By the command STARTTLS, without which nothing is sent.
    STARTTLS = "starttls"
    #: From the first byte.
    IMPLICIT = "implicit"
    #: Not at all; never with a password, except to this machine.
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Inbox:
    """Keep mail for the console's Inbox page and send nothing."""

    def __str__(self) -> str:
        return "inbox"


@dataclass(frozen=True, slots=True)
class Smtp:
    """A mail server that takes mail from us."""

    host: str
    port: int
    tls: Tls = Tls.STARTTLS
    user: str = ""
    password: str = field(default="", repr=False)
    #: Seconds for each step of the conversation.
    timeout: float = 30.0

    def __str__(self) -> str:
        """As the setting says it, without the password."""
        user = f"{self.user}:***@" if self.user else ""
        return f"smtp://{user}{self.host}:{self.port}?tls={self.tls}"


Place: TypeAlias = Inbox | Smtp

_PORTS = {Tls.STARTTLS: 587, Tls.IMPLICIT: 465, Tls.NONE: 25}
_HERE = ("localhost", "127.0.0.1", "::1")


def read_place(text: str) -> Place:
    """The place that `text` names: `inbox`, or smtp://user:password@host:port?tls=starttls.

    `smtps://` stands for tls=implicit. The options are `tls` (starttls, implicit or none),
    `timeout` in seconds, and `password_file`, whose first line is the password.

    Raises:
        ValueError: it names none; the message repeats nothing of it.
    """
    if text == "inbox":
        return Inbox()
    parts = urlsplit(text)
    if parts.scheme not in ("smtp", "smtps") or parts.path not in ("", "/") or parts.fragment:
        raise ValueError("write `inbox` or smtp://user:password@host:587")
    return _smtp(parts)


def read_sender(text: str) -> Address | str:
    """The sender that `text` names; "" if it is empty.

    Raises:
        ValueError: it names none.
    """
    try:
        return check_sender(text) if text else ""
    except BadInput as problem:
        raise ValueError(problem.detail) from None


def _smtp(parts: SplitResult) -> Smtp:
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    tls = _tls(options.pop("tls", "implicit" if parts.scheme == "smtps" else "starttls"))
    timeout = _timeout(options.pop("timeout", "30"))
    password = unquote(parts.password or "")
    if file := options.pop("password_file", ""):
        password = _first_line(file)
    if options:
        raise ValueError("the options are tls, timeout and password_file")
    try:
        port = parts.port
    except ValueError:
        raise ValueError("a port is 1 to 65535") from None
    if not parts.hostname:
        raise ValueError("it names no host")
    if tls is Tls.NONE and password and parts.hostname not in _HERE:
        raise ValueError("a password is never sent without TLS to another machine")
    user = unquote(parts.username or "")
    return Smtp(parts.hostname, port or _PORTS[tls], tls, user, password, timeout)


def _tls(text: str) -> Tls:
    try:
        return Tls(text)
    except ValueError:
        raise ValueError("tls is starttls, implicit or none") from None


def _timeout(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 120:
        raise ValueError("timeout is a number of seconds, 120 at most")
    return value


def _first_line(file: str) -> str:
    try:
        return Path(file).read_text().partition("\n")[0].strip()
    except (OSError, UnicodeDecodeError):
        raise ValueError(f"the password file {file} cannot be read") from None
