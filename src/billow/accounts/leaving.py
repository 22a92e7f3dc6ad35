"""What goes when an account goes, and who must stay."""

from __future__ import annotations

from billow.accounts import codes
from billow.accounts.office import Office
from billow.accounts.roles import ADMIN
from billow.accounts.sessions import end_all
from billow.accounts.tokens import end_tokens
from billow.errors import Conflict
from billow.ports.accounts import Account, Books


def close(books: Books, account: str) -> None:
    """End every way in, as part of a step."""
    end_all(books, account)
    end_tokens(books, account)
    codes.drop(books, account)


def forget(office: Office, books: Books, account: Account, actor: str) -> None:
    """Delete an account and what is known of the person; the audit log keeps its id.

    Raises:
        Conflict: it is the only administrator's.
    """
    need_another_admin(books, account)
    close(books, account.id)
    for identity in books.identities.find(account=account.id):
        books.identities.remove(identity.key)
    books.accounts.remove(account.id)
    office.note(books, actor, "deleted an account", account.id)
    for job in office.follow.deleted(account.id):
        books.submit(job)


def need_another_admin(books: Books, account: Account) -> None:
    """Raises Conflict if `account` is the only administrator's that can be used."""
    admins = books.accounts.find(role=ADMIN, disabled_at=None, limit=2)
    if [each.id for each in admins] == [account.id]:
        raise Conflict("this is the only administrator; name another one first")
