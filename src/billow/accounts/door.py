"""The door: how often somebody may try, and whether a password is right. Log-in itself."""

from __future__ import annotations

from collections.abc import Sequence

from billow.accounts.emails import check_email
from billow.accounts.errors import NotLoggedIn, TooMany
from billow.accounts.office import Office, by_email
from billow.accounts.passwords import Hasher, Verdict
from billow.accounts.roles import Principal
from billow.accounts.secret import Secret
from billow.accounts.sessions import NOWHERE, LoggedIn, Sessions, Visit
from billow.accounts.throttle import Counted, Limit, charge, forgive, network, refund
from billow.errors import BadInput, Unavailable
from billow.ports.accounts import Account, Books

#: Tries to log in by one network at one account, and by one network at any.
PAIR = Limit("log in", free=5)
NETWORK = Limit("log in from", free=30)
#: Tries at one account by anybody; the waits stay short, so that nobody can lock another out.
ACCOUNT = Limit("log in at", free=100, longest=60)
#: Codes tried, and mails caused, by one network.
CODES = Limit("code from", free=20)
#: Mails caused to one address, by anybody.
MAILS = Limit("mail to", free=5, first=300, longest=3600)
#: Seconds for which a log-in counts as proof of who sits there.
FRESH = 600.0

WRONG = "the email address or the password is wrong"


class Door:
    """Compares passwords, and counts the tries before it does."""

    def __init__(self, office: Office, hasher: Hasher) -> None:
        self._office = office
        self._hasher = hasher

    def charge(self, *counted: Counted) -> None:
        """Count a try.

        Raises:
            TooMany: there were too many of late.
        """
        now = self._office.now()
        wait = self._office.store.change(lambda books: charge(books, counted, now), durable=False)
        if wait:
            seconds = max(1, round(wait))
            raise TooMany(f"too many tries; try again in {seconds} s", retry_after=seconds)

    def compare(self, kept: str | None, password: Secret, *counted: Counted) -> Verdict:
        """Count a try, and compare.

        Raises:
            TooMany: there were too many of late.
            Unavailable: too many people at this moment; the try is not counted.
        """
        self.charge(*counted)
        try:
            return self._hasher.verify(kept, password)
        except Unavailable:
            self._office.store.change(lambda books: refund(books, counted), durable=False)
            raise

    def confirm(self, who: Principal, password: Secret, visit: Visit) -> Account:
        """Make sure that it is really them, before something that cannot be taken back.

        An account without a password needs a session that has just begun.

        Raises:
            NotLoggedIn: the password is wrong, or the session too old.
            Forbidden: `who` came by a token.
            TooMany: too many tries.
            Unavailable: too many people at this moment.
        """
        who.need_session()
        account = self._office.store.look(lambda books: self._office.active(books, who.owner))
        if account.password is None:
            self._need_fresh(who)
            return account
        tries = tries_at(account.email_key, visit)
        if not self.compare(account.password, password, *tries).right:
            self._office.store.change(
                lambda books: self._office.note(books, who.owner, "wrong password", who.owner)
            )
            raise NotLoggedIn("the password is wrong")
        self._office.store.change(lambda books: settle(books, tries), durable=False)
        return account

    def _need_fresh(self, who: Principal) -> None:
        if who.session is None or self._office.now() - who.session.created > FRESH:
            raise NotLoggedIn("log in again to do this")


class LogIns:
    """Logging in by address and password."""

    def __init__(self, office: Office, door: Door, sessions: Sessions) -> None:
        self._office = office
        self._door = door
        self._sessions = sessions

    def log_in(self, email: str, password: Secret, visit: Visit = NOWHERE) -> LoggedIn:
        """Begin a session.

        Raises:
            NotLoggedIn: address or password is wrong, or the account is disabled: never says which.
            TooMany: too many tries of late.
            Unavailable: too many people at this moment.
        """
        key = key_of(email)
        tries = tries_at(key, visit)
        account = self._office.store.look(lambda books: by_email(books, key))
        kept = None if account is None else account.password
        verdict = self._door.compare(kept, password, *tries)

        def work(books: Books) -> LoggedIn | None:
            present = by_email(books, key)
            if present is None or not (verdict.right and _same(present, kept)):
                subject = "" if present is None else present.id
                self._office.note(books, "", "log-in failed", subject, address=visit.address)
                return None
            if verdict.rehashed is not None:
                present = present._replace(password=verdict.rehashed)
                books.accounts.put(present)
            settle(books, tries)
            self._office.note(books, present.id, "logged in", present.id, address=visit.address)
            return self._sessions.open(books, present, visit)

        done = self._office.store.change(work)
        if done is None:
            raise NotLoggedIn(WRONG)
        return done


def key_of(email: str) -> str:
    """What an address is found by; "", which nobody has, if it is none."""
    try:
        return check_email(email).key
    except BadInput:
        return ""


def tries_at(key: str, visit: Visit) -> Sequence[Counted]:
    """Whose tries a log-in counts."""
    whence = network(visit.address)
    pair = Counted(PAIR, f"{key}\0{whence}")
    return pair, Counted(ACCOUNT, key), Counted(NETWORK, whence)


def settle(books: Books, tries: Sequence[Counted]) -> None:
    """The try was right: forget those at the account, but only this one of the network's.

    Somebody with an account of their own could else wipe out the count of their guesses at others.
    """
    *account, whole_network = tries
    forgive(books, account)
    refund(books, [whole_network])


def _same(account: Account, kept: str | None) -> bool:
    """Whether the account is still the one that was compared with, and may be used."""
    return account.password == kept and account.disabled_at is None
