"""API tokens: a way in for programs, for some purposes and a while."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from billow.accounts.errors import NotLoggedIn
from billow.accounts.office import Office
from billow.accounts.roles import ADMIN, Principal, check_scopes
from billow.accounts.secret import Secret, digest, new_secret
from billow.errors import BadInput, Conflict, NotFound
from billow.ports.accounts import Account, Books, Token

#: Every token begins so, for those who search files and logs for secrets.
PREFIX = "billow_"
_USED_EXACT = 60.0
_MAX_NAME = 60


class NewToken(NamedTuple):
    """A token that was just made; `secret` is shown once and is kept nowhere."""

    secret: Secret
    token: Token


class Tokens:
    """The API tokens of all accounts."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def create(
        self, who: Principal, name: str, scopes: Sequence[str], lifetime: float | None = None
    ) -> NewToken:
        """Make a token for oneself.

        Args:
            who: whose it is to be, logged in.
            name: what to call it in lists.
            scopes: what it is good for: `read`, `submit`, `admin`.
            lifetime: seconds until it ends; None is never.

        Raises:
            Forbidden: `who` came by a token, or wants `admin` and is no administrator.
            BadInput: the name, a scope or the lifetime is impossible.
            Conflict: there are too many already.
        """
        who.need_session()
        return self.make(who.account, who.owner, name, scopes, lifetime)

    def make(
        self,
        account: Account,
        actor: str,
        name: str,
        scopes: Sequence[str],
        lifetime: float | None,
    ) -> NewToken:
        """Make a token for an account, on behalf of `actor`; raises as `create` does."""
        words = check_scopes(list(scopes))
        label = name.strip()
        if not (1 <= len(label) <= _MAX_NAME and label.isprintable()):
            raise BadInput(f"a token's name has 1 to {_MAX_NAME} printable characters")
        if lifetime is not None and not 0 < lifetime < float("inf"):
            raise BadInput("a token's lifetime is a number of seconds above 0")
        now, secret = self._office.now(), Secret(PREFIX + new_secret().reveal())
        expires = None if lifetime is None else now + lifetime
        token = Token(digest(secret), account.id, label, words, now, expires)

        def work(books: Books) -> None:
            present = self._office.active(books, account.id)
            if ADMIN in words.split():
                Principal(present).need(ADMIN)
            if len(books.tokens.find(account=account.id)) >= self._office.rules.tokens:
                raise Conflict("there are too many tokens already; end one first")
            books.tokens.add(token)
            detail = {"name": label, "scopes": words, "expires": expires}
            self._office.note(books, actor, "made a token", account.id, **detail)

        self._office.store.change(work)
        return NewToken(secret, token)

    def find(self, secret: Secret) -> Principal | None:
        """Who has this token; None if there is no such token, or it has ended."""
        now, hash_ = self._office.now(), digest(secret)

        def read(books: Books) -> Principal | None:
            token = books.tokens.get(hash_)
            if token is None or (token.expires is not None and now >= token.expires):
                return None
            account = books.accounts.get(token.account)
            if account is None or account.disabled_at is not None:
                return None
            return Principal(account, token=token)

        found = self._office.store.look(read)
        if found is not None and found.token and now - (found.token.used or 0) >= _USED_EXACT:
            self._office.store.change(lambda books: _touch(books, hash_, now), durable=False)
        return found

    def need(self, secret: Secret, scope: str) -> Principal:
        """Who has this token, which must be good for `scope`.

        Raises:
            NotLoggedIn: there is no such token, or it has ended.
            Forbidden: it is not good for this.
        """
        found = self.find(secret)
        if found is None:
            raise NotLoggedIn("this token is not known, or has ended")
        found.need(scope)
        return found

    def all(self, account: str) -> list[Token]:
        """The tokens of an account, the newest first."""
        held = self._office.store.look(lambda books: books.tokens.find(account=account))
        return sorted(held, key=lambda token: token.created, reverse=True)

    def end(self, who: Principal, hash: str) -> None:
        """End one of one's own tokens, named by its digest.

        Raises:
            NotFound: there is none of this name that is theirs.
            Forbidden: `who` came by a token.
        """
        who.need_session()

        def work(books: Books) -> None:
            token = books.tokens.get(hash)
            if token is None or token.account != who.owner:
                raise NotFound("there is no such token")
            books.tokens.remove(hash)
            self._office.note(books, who.owner, "ended a token", who.owner, name=token.name)

        self._office.store.change(work)


def end_tokens(books: Books, account: str) -> int:
    """End the tokens of an account, as part of a step; returns how many."""
    return sum(books.tokens.remove(token.hash) for token in books.tokens.find(account=account))


def _touch(books: Books, hash: str, now: float) -> None:
    token = books.tokens.get(hash)
    if token is not None:
        books.tokens.put(token._replace(used=max(token.used or 0.0, now)))
