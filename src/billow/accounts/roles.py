"""Who is asking, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass

from billow.accounts.errors import Forbidden
from billow.errors import BadInput
from billow.ports.accounts import Account, Session, Token

USER, ADMIN = "user", "admin"
ROLES = (USER, ADMIN)

#: What an API token may be good for, each without the others. `admin` needs an administrator.
READ, SUBMIT = "read", "submit"
SCOPES = (READ, SUBMIT, ADMIN)


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who is known, by a session of a browser or by an API token."""

    account: Account
    session: Session | None = None
    token: Token | None = None

    @property
    def owner(self) -> str:
        """The owner of what is theirs."""
        return self.account.id

    @property
    def is_admin(self) -> bool:
        """Whether they may act as administrator, here and now."""
        return self.account.role == ADMIN and self.may(ADMIN)

    def may(self, scope: str) -> bool:
        """Whether the way in that they took is good for `scope`; a session's is for all."""
        return self.token is None or scope in self.token.scopes.split()

    def need(self, scope: str) -> None:
        """Raises Forbidden unless they may; for `admin` they must be an administrator as well."""
        if scope == ADMIN and not self.is_admin:
            raise Forbidden("only an administrator may do this")
        if not self.may(scope):
            raise Forbidden(f"this token is not good for {scope!r}")

    def need_session(self) -> None:
        """Raises Forbidden for a token: only people at a browser may change an account."""
        if self.session is None:
            raise Forbidden("a token cannot change the account; log in to do this")


def check_role(role: str) -> str:
    """`role`, if there is one of this name; else raises BadInput."""
    if role not in ROLES:
        raise BadInput(f"there is no role {role!r}; there are: {', '.join(ROLES)}")
    return role


def check_scopes(scopes: list[str]) -> str:
    """Scopes as a token keeps them.

    Raises:
        BadInput: there are none, or one is unknown.
    """
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        raise BadInput(f"a token's scopes are some of {', '.join(SCOPES)}, not {unknown}")
    return " ".join(scope for scope in SCOPES if scope in scopes)
