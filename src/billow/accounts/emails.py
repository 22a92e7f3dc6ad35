"""What an email address must be like, and when two are the same."""

from __future__ import annotations

import re
from typing import NamedTuple

from billow.errors import BadInput

#: Characters of an address, as SMTP has it.
MAX_ADDRESS = 254
_LOCAL = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_ADDRESS = re.compile(
    rf"(?=.{{1,64}}@){_LOCAL}@(?:{_LABEL}\.)+(?!\d+$){_LABEL}", re.IGNORECASE | re.ASCII
)


class Email(NamedTuple):
    """An address: `text` to send to, `key` to compare by."""

    text: str
    key: str


def check_email(text: str) -> Email:
    """An address, with the blanks around it taken off.

    ASCII only, so that no letter can look like, or be folded into, another one; a domain in other
    letters has a form in ASCII (`xn--…`). Case does not tell addresses apart.

    Raises:
        BadInput: it is not an address.
    """
    bare = text.strip(" \t")
    if len(bare) > MAX_ADDRESS or not _ADDRESS.fullmatch(bare):
        raise BadInput("this is not an email address that can be used; write name@example.org")
    return Email(bare, bare.lower())
