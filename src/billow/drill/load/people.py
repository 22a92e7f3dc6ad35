"""People for a drill: accounts of the service that was started for it, and their sessions."""

from __future__ import annotations

from billow.accounts.admin import OPERATOR
from billow.accounts.opening import open_accounts
from billow.accounts.roles import ADMIN, USER
from billow.accounts.sessions import NOWHERE
from billow.app import App
from billow.home import Home
from billow.ports.accounts import Books
from billow.visits import Person


def log_in(
    home: Home, app: App, names: list[str], *, cookie: str, admin: bool = False
) -> list[Person]:
    """Make an account for each name, and log it in.

    Args:
        home: the service's.
        app: its app, which has plans.
        names: what the people are called; their addresses begin with it.
        cookie: what the session's cookie is called.
        admin: whether they run the service.
    """
    service = open_accounts(home, app)
    role = ADMIN if admin else USER
    made = [
        service.admin.create(OPERATOR, f"{name}@example.org", None, name, role) for name in names
    ]

    def begin(books: Books) -> list[Person]:
        opened = [service.sessions.open(books, account, NOWHERE) for account in made]
        return [
            Person(each.account.id, each.account.name, {cookie: each.token.reveal()})
            for each in opened
        ]

    return service.office.store.change(begin)
