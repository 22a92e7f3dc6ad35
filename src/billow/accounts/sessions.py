"""Sessions: who is logged in, kept here and ended here, whatever a browser still holds."""

from __future__ import annotations

from typing import NamedTuple

from billow.accounts.office import Office
from billow.accounts.roles import Principal
from billow.accounts.secret import Secret, digest, new_secret
from billow.errors import NotFound
from billow.ports.accounts import Account, Books, Session

#: A session's last use is written down when it is this many seconds old.
_SEEN_EXACT = 60.0
_MAX_AGENT = 200


class Visit(NamedTuple):
    """Where a request comes from, as the audit log and the list of sessions show it."""

    address: str = ""
    agent: str = ""
    #: The token of the session that the browser had before; it ends at the log-in.
    before: Secret | None = None


#: A request that comes from nowhere in particular, as in tests.
NOWHERE = Visit()


class LoggedIn(NamedTuple):
    """A new session; `token` is for the browser's cookie and is kept nowhere."""

    token: Secret
    account: Account
    session: Session


class Sessions:
    """The sessions of all accounts."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def open(self, books: Books, account: Account, visit: Visit) -> LoggedIn:
        """Begin a session, always with a new token, as part of a step."""
        now = self._office.now()
        if visit.before is not None:
            books.sessions.remove(digest(visit.before))
        self._make_room(books, account.id)
        token = new_secret()
        session = Session(
            digest(token),
            account.id,
            now,
            now,
            now + self._office.rules.absolute,
            visit.agent[:_MAX_AGENT],
            visit.address,
        )
        books.sessions.add(session)
        return LoggedIn(token, account, session)

    def find(self, token: Secret) -> Principal | None:
        """Who has this session; None if there is no such session, or it is over."""
        now, hash_ = self._office.now(), digest(token)

        def read(books: Books) -> Principal | None:
            session = books.sessions.get(hash_)
            if session is None or not self._lasts(session, now):
                return None
            account = books.accounts.get(session.account)
            if account is None or account.disabled_at is not None:
                return None
            return Principal(account, session=session)

        found = self._office.store.look(read)
        if found is not None and found.session and now - found.session.seen >= _SEEN_EXACT:
            self._office.store.change(lambda books: _touch(books, hash_, now), durable=False)
        return found

    def all(self, account: str) -> list[Session]:
        """The sessions of an account that are not over, the latest used first."""
        now = self._office.now()
        held = self._office.store.look(lambda books: books.sessions.find(account=account))
        return sorted((s for s in held if self._lasts(s, now)), key=lambda s: s.seen, reverse=True)

    def end(self, token: Secret) -> None:
        """End the session of this token; nothing happens if there is none."""
        hash_ = digest(token)

        def work(books: Books) -> None:
            session = books.sessions.get(hash_)
            if session is not None:
                books.sessions.remove(hash_)
                self._office.note(books, session.account, "logged out", session.account)

        self._office.store.change(work)

    def end_one(self, who: Principal, hash: str) -> None:
        """End one of one's own sessions, named by its digest.

        Raises:
            NotFound: there is none of this name that is theirs.
            Forbidden: `who` came by a token.
        """
        who.need_session()

        def work(books: Books) -> None:
            session = books.sessions.get(hash)
            if session is None or session.account != who.owner:
                raise NotFound("there is no such session")
            books.sessions.remove(hash)
            self._office.note(books, who.owner, "ended a session", who.owner)

        self._office.store.change(work)

    def end_others(self, who: Principal) -> int:
        """End all of one's own sessions but this one; returns how many.

        Raises:
            Forbidden: `who` came by a token.
        """
        who.need_session()

        def work(books: Books) -> int:
            ended = end_all(books, who.owner, keep=who.session)
            self._office.note(books, who.owner, "ended other sessions", who.owner, ended=ended)
            return ended

        return self._office.store.change(work)

    def _lasts(self, session: Session, now: float) -> bool:
        return now < min(session.expires, session.seen + self._office.rules.idle)

    def _make_room(self, books: Books, account: str) -> None:
        held = sorted(books.sessions.find(account=account), key=lambda session: session.seen)
        for session in held[: max(0, len(held) - self._office.rules.sessions + 1)]:
            books.sessions.remove(session.hash)


def end_all(books: Books, account: str, keep: Session | None = None) -> int:
    """End the sessions of an account, as part of a step; returns how many."""
    ending = [
        s for s in books.sessions.find(account=account) if keep is None or s.hash != keep.hash
    ]
    return sum(books.sessions.remove(session.hash) for session in ending)


def _touch(books: Books, hash: str, now: float) -> None:
    session = books.sessions.get(hash)
    if session is not None:
        books.sessions.put(session._replace(seen=max(session.seen, now)))
