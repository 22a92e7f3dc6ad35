"""Mail addresses, read strictly: what is let in here can be put into headers and commands."""

from __future__ import annotations

import re
from email.headerregistry import Address

from billow.errors import BadInput

#: Characters of an address, and of the part before the @ (RFC 5321).
LONGEST, LONGEST_LOCAL = 254, 64

_LOCAL = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*", re.ASCII)
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII | re.IGNORECASE)


def check_address(text: str) -> str:
    """`text` as an address to send to, its domain in ASCII.

    Raises:
        BadInput: it is not `name@domain`, or of a form that not every mail server takes.
    """
    local, at, domain = text.rpartition("@")
    if not at or len(local) > LONGEST_LOCAL or not _LOCAL.fullmatch(local):
        raise BadInput("this is not a mail address")
    made = f"{local}@{_ascii(domain)}"
    if len(made) > LONGEST:
        raise BadInput(f"a mail address has at most {LONGEST} characters")
    return made


def check_sender(text: str) -> Address:
    """`text`, such as "GAS <gas@example.org>", as a name and an address.

    Raises:
        BadInput: it is not that.
    """
    name, opened, rest = text.strip().rpartition("<")
    inner = rest.removesuffix(">") if opened else text.strip()
    if opened and not rest.endswith(">"):
        raise BadInput("write the sender as Name <name@domain>")
    label = name.strip().strip('"')
    if not label.isprintable():
        raise BadInput("the sender's name has characters that do not print")
    return Address(label, addr_spec=check_address(inner.strip()))


def domain_of(address: str) -> str:
    """What stands after the @."""
    return address.rpartition("@")[2]


def _ascii(domain: str) -> str:
    try:
        made = domain.encode("idna").decode().lower()
    except UnicodeError:
        raise BadInput("this is not a mail address") from None
    labels = made.split(".")
    if not all(_LABEL.fullmatch(label) for label in labels):
        raise BadInput("this is not a mail address")
    return made
