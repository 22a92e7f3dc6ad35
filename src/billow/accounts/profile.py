"""What people do with their own account: password, address, name, and leaving."""

from __future__ import annotations

import json

from billow.accounts import codes
from billow.accounts.door import CODES, MAILS, Door, key_of
from billow.accounts.emails import Email, check_email
from billow.accounts.errors import NotLoggedIn
from billow.accounts.leaving import forget
from billow.accounts.office import Office, by_email
from billow.accounts.passwords import Hasher, check_password
from billow.accounts.roles import Principal
from billow.accounts.secret import Secret
from billow.accounts.sessions import NOWHERE, LoggedIn, Sessions, Visit, end_all
from billow.accounts.signup import check_name, own_words
from billow.accounts.throttle import Counted, charge, network
from billow.accounts.tokens import end_tokens
from billow.ids import new_id
from billow.ports.accounts import Account, Books, Code

_VOID = "the link has been used or is too old; ask for a new one"


class Profile:
    """Changes that people make to their own account."""

    def __init__(self, office: Office, hasher: Hasher, door: Door, sessions: Sessions) -> None:
        self._office = office
        self._hasher = hasher
        self._door = door
        self._sessions = sessions

    def rename(self, who: Principal, name: str) -> Account:
        """Set what a person is called.

        Raises:
            BadInput: the name is too long, or has characters that do not print.
            Forbidden: `who` came by a token.
        """
        who.need_session()
        label = check_name(name)

        def work(books: Books) -> Account:
            account = self._office.active(books, who.owner)._replace(name=label)
            books.accounts.put(account)
            return account

        return self._office.store.change(work)

    def ask_reset(self, email: str, visit: Visit = NOWHERE) -> None:
        """Have a link sent by which a password can be set, if the address has an account.

        Mail: `reset`.

        Raises:
            TooMany: too many requests from this network.
        """
        key = key_of(email)
        self._door.charge(Counted(CODES, network(visit.address)))

        def work(books: Books) -> None:
            wait = charge(books, [Counted(MAILS, key)], self._office.now())
            account = by_email(books, key)
            if not wait and account is not None and account.disabled_at is None:
                codes.drop(books, account.id, codes.RESET)
                self._office.note(books, "", "asked for a reset", account.id, address=visit.address)
                self._send(books, codes.RESET, account, account.email)

        self._office.store.change(work)

    def reset(self, code: Secret, password: Secret, visit: Visit = NOWHERE) -> None:
        """Set a password by a link; every session, token and code of the account ends.

        Mail: `password` to the owner.

        Raises:
            NotLoggedIn: the code is not good.
            BadInput: the password cannot be taken; the code stays good.
            TooMany: too many tries.
            Unavailable: too many people at this moment.
        """
        self._door.charge(Counted(CODES, network(visit.address)))
        self._check(password, self._office.store.look(lambda books: self._of(books, code)))
        kept = self._hasher.hash(password)

        def work(books: Books) -> None:
            account = self._of(books, code)
            end_tokens(books, account.id)
            self._set(books, account, kept)
            self._office.note(
                books, account.id, "reset password", account.id, address=visit.address
            )

        self._office.store.change(work)

    def change_password(
        self, who: Principal, current: Secret, new: Secret, visit: Visit = NOWHERE
    ) -> LoggedIn:
        """Set another password; all sessions end, and a new one begins. Mail: `password`.

        Somebody who logs in elsewhere and has no password sets one by `ask_reset`.

        Raises:
            NotLoggedIn: the current password is wrong.
            BadInput: the new password cannot be taken.
            Forbidden: `who` came by a token.
            TooMany: too many tries.
            Unavailable: too many people at this moment.
        """
        account = self._door.confirm(who, current, visit)
        self._check(new, account)
        kept = self._hasher.hash(new)

        def work(books: Books) -> LoggedIn:
            present = self._unchanged(books, account)
            changed = self._set(books, present, kept)
            self._office.note(books, who.owner, "changed password", who.owner)
            return self._sessions.open(books, changed, visit)

        return self._office.store.change(work)

    def ask_email(
        self, who: Principal, password: Secret, email: str, visit: Visit = NOWHERE
    ) -> None:
        """Have a link sent to a new address; by it the address changes.

        Mails: `email` with a code, or `known` without if the address has an account already.

        Raises:
            NotLoggedIn: the password is wrong.
            BadInput: this is no address.
            Forbidden: `who` came by a token.
            TooMany: too many tries.
            Unavailable: too many people at this moment.
        """
        address = check_email(email)
        account = self._door.confirm(who, password, visit)

        def work(books: Books) -> None:
            present = self._unchanged(books, account)
            if charge(books, [Counted(MAILS, address.key)], self._office.now()):
                return
            codes.drop(books, present.id, codes.EMAIL)
            self._office.note(books, present.id, "asked for a new address", present.id)
            other = by_email(books, address.key)
            if other is not None and other.id != present.id:
                self._office.mail(books, "known", other.email, new_id(), name=other.name)
            else:
                self._send(books, codes.EMAIL, present, address.text)

        self._office.store.change(work)

    def change_email(self, code: Secret, visit: Visit = NOWHERE) -> Account:
        """Change the address by a link that was sent to the new one.

        Links that were sent to the old one become void. Mail: `moved` to the old address.

        Raises:
            NotLoggedIn: the code is not good, or the address is somebody's by now.
            TooMany: too many tries.
        """
        self._door.charge(Counted(CODES, network(visit.address)))

        def work(books: Books) -> Account:
            taken = _take(books, codes.EMAIL, code, self._office.now())
            account = self._office.active(books, taken.subject)
            address = check_email(json.loads(taken.data)["email"])
            other = by_email(books, address.key)
            if other is not None and other.id != account.id:
                raise NotLoggedIn(_VOID)
            moved = account._replace(
                email=address.text, email_key=address.key, verified_at=self._office.now()
            )
            books.accounts.put(moved)
            codes.drop(books, account.id)
            self._office.note(books, account.id, "changed address", account.id)
            self._office.mail(books, "moved", account.email, new_id(), name=account.name)
            return moved

        return self._office.store.change(work)

    def delete(self, who: Principal, password: Secret, visit: Visit = NOWHERE) -> None:
        """Delete one's account; all ways in end at once.

        Raises:
            NotLoggedIn: the password is wrong.
            Conflict: they are the only administrator.
            Forbidden: `who` came by a token.
            TooMany: too many tries.
            Unavailable: too many people at this moment.
        """
        account = self._door.confirm(who, password, visit)
        self._office.store.change(
            lambda books: forget(self._office, books, self._unchanged(books, account), who.owner)
        )

    def _check(self, password: Secret, account: Account) -> None:
        check_password(password, *own_words(self._office, Email(account.email, account.email_key)))

    def _of(self, books: Books, code: Secret) -> Account:
        """Whose password a code may reset."""
        found = codes.peek(books, codes.RESET, code, self._office.now())
        if found is None:
            raise NotLoggedIn(_VOID)
        return self._office.active(books, found.subject)

    def _set(self, books: Books, account: Account, kept: str) -> Account:
        changed = account._replace(password=kept)
        books.accounts.put(changed)
        end_all(books, account.id)
        codes.drop(books, account.id)
        self._office.mail(books, "password", account.email, new_id(), name=account.name)
        return changed

    def _unchanged(self, books: Books, account: Account) -> Account:
        """The account, if its password is still the one that was just confirmed."""
        present = self._office.active(books, account.id)
        if present.password != account.password:
            raise NotLoggedIn("the password was changed at this moment; log in again")
        return present

    def _send(self, books: Books, kind: str, account: Account, to: str) -> None:
        office, lifetime = self._office, self._office.rules.code_for
        id_ = codes.issue(
            books, office.store.key(), kind, account.id, office.now(), lifetime, {"email": to}
        )
        office.mail(
            books, kind, to, id_,
            name=account.name, code_kind=kind, code_id=id_, minutes=round(lifetime / 60),
        )  # fmt: skip


def _take(books: Books, kind: str, code: Secret, now: float) -> Code:
    taken = codes.take(books, kind, code, now)
    if taken is None:
        raise NotLoggedIn(_VOID)
    return taken
