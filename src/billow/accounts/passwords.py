"""Passwords: which are taken, and how they are kept (Argon2id)."""

from __future__ import annotations

import os
from functools import cache, cached_property
from importlib import resources
from typing import NamedTuple

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from billow.accounts.gate import Gate
from billow.accounts.secret import Secret, new_secret, to_bytes
from billow.errors import BadInput

SHORTEST = 8
LONGEST = 256

#: How many may wait for their turn for each one that is hashed; a turn takes about 20 ms.
_WAITING_PER_CORE = 16


def check_password(password: Secret, *own: str) -> None:
    """Check a new password. Any characters are allowed, and none are asked for.

    Args:
        password: what was chosen.
        own: words that are easily guessed for this person or service, such as the address.

    Raises:
        BadInput: it is too short, too long, among the most used ones, or one of the own words.
    """
    text = password.reveal()
    if not SHORTEST <= len(text) <= LONGEST:
        raise BadInput(f"a password has {SHORTEST} to {LONGEST} characters, not {len(text)}")
    folded = text.casefold()
    if folded in _common():
        raise BadInput("this password is among the most used ones; choose another")
    if folded in {word.casefold() for word in own}:
        raise BadInput("this password is easily guessed from who you are; choose another")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadInput("a password must be Unicode text, without lone surrogates") from None


@cache
def _common() -> frozenset[str]:
    text = resources.files(__package__).joinpath("common_passwords.txt").read_text()
    return frozenset(line.casefold() for line in text.splitlines() if not line.startswith("#"))


class Verdict(NamedTuple):
    """Whether a password is right, and a new hash if the kept one is not up to date."""

    right: bool
    rehashed: str | None = None


class Hasher:
    """Hashes and compares passwords, a few at a time.

    Args:
        memory: KiB that one hash takes.
        passes: how often it goes over them.
        at_once: how many are hashed at the same time in this process; one a core if not given.
        waiting: how many more may wait.
    """

    def __init__(
        self,
        memory: int = 19 * 1024,
        passes: int = 2,
        at_once: int | None = None,
        waiting: int | None = None,
    ) -> None:
        most = at_once or len(os.sched_getaffinity(0))
        self._hasher = PasswordHasher(
            time_cost=passes, memory_cost=memory, parallelism=1, type=Type.ID
        )
        self._gate = Gate(most, most * _WAITING_PER_CORE if waiting is None else waiting)

    def hash(self, password: Secret) -> str:
        """What is kept of a password.

        Raises:
            Unavailable: too many are hashed at this moment.
        """
        with self._gate:
            return self._hasher.hash(to_bytes(password))

    def verify(self, kept: str | None, password: Secret) -> Verdict:
        """Whether `password` is the one that was kept; without one it is wrong, at the same cost.

        Raises:
            Unavailable: too many are hashed at this moment.
        """
        with self._gate:
            right = self._compare(kept or self._decoy, password) and kept is not None
            if right and kept is not None and self._hasher.check_needs_rehash(kept):
                return Verdict(True, self._hasher.hash(to_bytes(password)))
            return Verdict(right)

    def prepare(self) -> None:
        """Do now what the first comparison would be slower by."""
        _ = self._decoy

    @cached_property
    def _decoy(self) -> str:
        """The hash of a password that nobody has."""
        return self._hasher.hash(to_bytes(new_secret()))

    def _compare(self, kept: str, password: Secret) -> bool:
        given = to_bytes(password)[: LONGEST * 4 + 1]
        try:
            return self._hasher.verify(kept, given)
        except (VerificationError, InvalidHashError):
            return False
