"""Signing up. There is no account, and no address is taken, before a mail to it was answered."""

from __future__ import annotations

import json

from billow.accounts import codes
from billow.accounts.door import CODES, MAILS, PAIR, Door
from billow.accounts.emails import Email, check_email
from billow.accounts.errors import NotLoggedIn
from billow.accounts.office import Office, by_email
from billow.accounts.passwords import Hasher, check_password
from billow.accounts.roles import USER
from billow.accounts.secret import Secret, digest
from billow.accounts.sessions import NOWHERE, LoggedIn, Sessions, Visit
from billow.accounts.throttle import Counted, charge, network, refund
from billow.errors import BadInput
from billow.ids import new_id
from billow.ports.accounts import Account, Books

_MAX_NAME = 100
_VOID = "the link has been used or is too old, or the password is not the one you chose"


class SignUps:
    """Those who want an account."""

    def __init__(self, office: Office, hasher: Hasher, door: Door, sessions: Sessions) -> None:
        self._office = office
        self._hasher = hasher
        self._door = door
        self._sessions = sessions

    def ask(self, email: str, password: Secret, name: str = "", visit: Visit = NOWHERE) -> None:
        """Ask for an account; a mail says how to go on, also if the address has one already.

        Mails: `verify` with a code, or `known` without.

        Raises:
            BadInput: the address, the password or the name cannot be taken.
            TooMany: too many tries from this network.
            Unavailable: too many people at this moment.
        """
        address, label = check_email(email), check_name(name)
        check_password(password, *own_words(self._office, address))
        self._door.charge(Counted(CODES, network(visit.address)))
        kept = self._hasher.hash(password)

        def work(books: Books) -> None:
            if not charge(books, [Counted(MAILS, address.key)], self._office.now()):
                self._answer(books, address, label, kept)

        self._office.store.change(work)

    def _answer(self, books: Books, address: Email, name: str, kept: str) -> None:
        account = by_email(books, address.key)
        if account is not None:
            self._office.note(books, "", "signed up again", account.id)
            self._office.mail(books, "known", account.email, new_id(), name=account.name)
            return
        rules = self._office.rules
        data = {"email": address.text, "name": name, "password": kept}
        id_ = codes.issue(
            books, self._office.store.key(), codes.VERIFY, address.key, self._office.now(),
            rules.verify_for, data,
        )  # fmt: skip
        self._office.note(books, "", "signed up", "")
        hours = round(rules.verify_for / 3600)
        self._office.mail(
            books, "verify", address.text, id_,
            name=name, code_kind=codes.VERIFY, code_id=id_, hours=hours,
        )  # fmt: skip

    def verify(self, code: Secret, password: Secret, visit: Visit = NOWHERE) -> LoggedIn:
        """Make the account that somebody asked for, and log them in.

        The password is asked for again: a link that was sent because somebody else typed this
        address is then good to nobody.

        Raises:
            NotLoggedIn: the code is not good, or the password is not the one chosen with it.
            TooMany: too many tries.
            Unavailable: too many people at this moment.
        """
        whole_network = Counted(CODES, network(visit.address))
        tries = (Counted(PAIR, digest(code)), whole_network)
        now = self._office.now()
        found = self._office.store.look(lambda books: codes.peek(books, codes.VERIFY, code, now))
        kept = None if found is None else json.loads(found.data)["password"]
        right = self._door.compare(kept, password, *tries).right

        def work(books: Books) -> LoggedIn | None:
            taken = codes.take(books, codes.VERIFY, code, now) if right else None
            if taken is None or by_email(books, taken.subject) is not None:
                return None
            account = self._make(books, json.loads(taken.data))
            refund(books, [whole_network])
            return self._sessions.open(books, account, visit)

        done = self._office.store.change(work)
        if done is None:
            raise NotLoggedIn(_VOID)
        return done

    def _make(self, books: Books, data: dict[str, str]) -> Account:
        address = check_email(data["email"])
        account = new_account(address, data["name"], self._office.now(), password=data["password"])
        books.accounts.add(account)
        codes.drop(books, address.key)
        self._office.note(books, account.id, "made an account", account.id)
        return account


def new_account(
    address: Email, name: str, now: float, *, password: str | None = None, role: str = USER
) -> Account:
    """An account whose address is known to be right, on the plan of new accounts."""
    return Account(new_id(), *address, name, password, "", role, now, now)


def check_name(name: str) -> str:
    """A person's name, with the blanks around it taken off.

    Raises:
        BadInput: it is too long, or has characters that do not print.
    """
    label = name.strip()
    if len(label) > _MAX_NAME or not label.isprintable():
        raise BadInput(f"a name has up to {_MAX_NAME} printable characters")
    return label


def own_words(office: Office, address: Email) -> tuple[str, ...]:
    """Words that are no passwords for somebody with this address."""
    local, _, domain = address.key.partition("@")
    return address.key, local, domain, office.rules.app, "billow"
