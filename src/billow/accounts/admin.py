"""What administrators do. Every change is in the audit log, with who made it."""

from __future__ import annotations

import math
from collections.abc import Callable

from billow.accounts import audit
from billow.accounts.emails import check_email
from billow.accounts.leaving import close, forget, need_another_admin
from billow.accounts.office import Office, by_email
from billow.accounts.passwords import Hasher, check_password
from billow.accounts.plans import Applied, Plans
from billow.accounts.roles import ADMIN, USER, Principal, check_role
from billow.accounts.secret import Secret
from billow.accounts.sessions import end_all
from billow.accounts.signup import check_name, new_account, own_words
from billow.errors import Conflict, NotFound
from billow.ids import new_id
from billow.ports.accounts import Account, AuditEntry, Books, PlanEvent

#: What becomes of an account, as part of a step.
Change = Callable[[Books, Account], Account]

#: Whoever runs the command line on the machine of the service.
OPERATOR = Principal(Account("cli", "", "", "command line", None, "", ADMIN, None, 0.0))


class Admin:
    """Every method raises Forbidden unless `who` is an administrator."""

    def __init__(self, office: Office, plans: Plans, hasher: Hasher) -> None:
        self._office = office
        self._plans = plans
        self._hasher = hasher

    def accounts(self, who: Principal, after: str | None = None, limit: int = 100) -> list[Account]:
        """Accounts, the oldest first, from the first after the one called `after`."""
        who.need(ADMIN)
        return self._office.store.look(lambda books: books.accounts.find(after=after, limit=limit))

    def find(self, who: Principal, name: str) -> Account:
        """An account by its id or address.

        Raises:
            NotFound: there is none.
        """
        who.need(ADMIN)
        key = name.strip().lower()
        found = self._office.store.look(
            lambda books: books.accounts.get(name) or by_email(books, key)
        )
        if found is None:
            raise NotFound(f"there is no account {name!r}")
        return found

    def create(
        self,
        who: Principal,
        email: str,
        password: Secret | None = None,
        name: str = "",
        role: str = USER,
    ) -> Account:
        """Make an account whose address the administrator vouches for.

        Without a password, its owner sets one by asking for a reset.

        Raises:
            BadInput: the address, the password, the name or the role cannot be taken.
            Conflict: the address has an account.
        """
        who.need(ADMIN)
        address, label = check_email(email), check_name(name)
        kept = None
        if password is not None:
            check_password(password, *own_words(self._office, address))
            kept = self._hasher.hash(password)
        made = new_account(address, label, self._office.now(), password=kept, role=check_role(role))

        def work(books: Books) -> None:
            if by_email(books, address.key) is not None:
                raise Conflict(f"{address.text} has an account already")
            books.accounts.add(made)
            self._office.note(books, who.owner, "created an account", made.id, role=role)

        self._office.store.change(work)
        return made

    def disable(self, who: Principal, id: str) -> Account:
        """Disable an account: nothing of it can be used, nothing of it is lost.

        Raises:
            NotFound: there is none.
            Conflict: it is the only administrator's.
        """
        return self._change(who, id, "disabled an account", self._disabled)

    def enable(self, who: Principal, id: str) -> Account:
        """Let an account be used again; sessions and tokens that ended stay ended.

        Raises:
            NotFound: there is none.
        """

        def enabled(books: Books, account: Account) -> Account:  # noqa: ARG001 - all have it
            return account._replace(disabled_at=None)

        return self._change(who, id, "enabled an account", enabled)

    def set_role(self, who: Principal, id: str, role: str) -> Account:
        """Make somebody an administrator, or one a user.

        Raises:
            NotFound: there is no such account.
            BadInput: there is no such role.
            Conflict: it is the only administrator's.
        """
        check_role(role)

        def changed(books: Books, account: Account) -> Account:
            if role != ADMIN:
                need_another_admin(books, account)
            return account._replace(role=role)

        return self._change(who, id, "changed a role", changed, role=role)

    def end_sessions(self, who: Principal, id: str) -> int:
        """End all sessions of an account; returns how many.

        Raises:
            NotFound: there is no such account.
        """
        who.need(ADMIN)

        def work(books: Books) -> int:
            ended = end_all(books, self._office.account(books, id).id)
            self._office.note(books, who.owner, "ended all sessions", id, ended=ended)
            return ended

        return self._office.store.change(work)

    def set_plan(self, who: Principal, id: str, plan: str) -> Applied:
        """Put an account on a plan; what is paid later counts again.

        Raises:
            NotFound: there is no such account.
            BadInput: there is no such plan.
        """
        who.need(ADMIN)
        events = self._office.store.look(lambda books: books.plan_events.find(account=id))
        now = self._office.now()
        latest = max((event.at for event in events), default=0.0)
        at = now if latest < now else math.nextafter(latest, math.inf)
        return self._plans.apply(PlanEvent(f"admin:{new_id()}", id, plan, at, now), who.owner)

    def delete(self, who: Principal, id: str) -> None:
        """Delete an account.

        Raises:
            NotFound: there is none.
            Conflict: it is the only administrator's.
        """
        who.need(ADMIN)
        self._office.store.change(
            lambda books: forget(self._office, books, self._office.account(books, id), who.owner)
        )

    def log(
        self, who: Principal, after: int = 0, limit: int = 100, subject: str | None = None
    ) -> list[AuditEntry]:
        """Entries of the audit log, the oldest first; those of one account if `subject` is one."""
        who.need(ADMIN)

        def read(books: Books) -> list[AuditEntry]:
            if subject is None:
                return books.audit.find(after=after, limit=limit)
            return books.audit.find(after=after, limit=limit, subject=subject)

        return self._office.store.look(read)

    def verify_log(self, who: Principal) -> audit.Report:
        """Check the seals of the audit log."""
        who.need(ADMIN)
        return audit.verify(self._office.store)

    def _change(
        self, who: Principal, id: str, action: str, change: Change, **detail: str
    ) -> Account:
        who.need(ADMIN)

        def work(books: Books) -> Account:
            changed = change(books, self._office.account(books, id))
            books.accounts.put(changed)
            self._office.note(books, who.owner, action, id, **detail)
            return changed

        return self._office.store.change(work)

    def _disabled(self, books: Books, account: Account) -> Account:
        need_another_admin(books, account)
        close(books, account.id)
        return account._replace(disabled_at=account.disabled_at or self._office.now())
