"""What demos of apps have in common: one at a time, an administrator, an end by Ctrl-C."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path

import click

from billow.app import App
from billow.errors import Error, NotFound
from billow.home import Home
from billow.keeper.lock import keeper_pid
from billow.keeper.view import PlainView

#: The administrator's mail address.
ADMIN = "admin@example.org"


def show(serve: Callable[[], None], folder: Path) -> int:
    """Run a demo until Ctrl-C; returns the exit status.

    Args:
        serve: runs the service.
        folder: where it keeps everything; made if needed.
    """
    if pid := keeper_pid(folder):
        click.echo(f"the demo runs already, as process {pid}; stop it first", err=True)
        return 2
    folder.mkdir(parents=True, exist_ok=True)
    try:
        serve()
    except Error as problem:
        click.echo(problem, err=True)
        return 2
    return 0


def make_people(home: Home, app: App, people: dict[str, str], password: str) -> str:
    """The password of the administrator, made now with others; empty if there was one before.

    Args:
        home: of the demo.
        app: which declares plans.
        people: names of the others by mail address.
        password: theirs.
    """
    from billow.accounts.admin import OPERATOR  # noqa: PLC0415 - needs an extra
    from billow.accounts.opening import open_accounts  # noqa: PLC0415 - likewise
    from billow.accounts.secret import Secret  # noqa: PLC0415 - likewise

    admin = open_accounts(home, app).admin
    try:
        admin.find(OPERATOR, ADMIN)
    except NotFound:
        made = secrets.token_urlsafe(12)
        admin.create(OPERATOR, ADMIN, Secret(made), "Administrator", "admin")
        for address, name in people.items():
            admin.create(OPERATOR, address, Secret(password), name, "user")
        return made
    return ""


class Welcome(PlainView):
    """The events, and before them how to begin.

    Args:
        password: the administrator's, if it was made now.
    """

    def __init__(self, password: str) -> None:
        super().__init__()
        #: How the administrator logs in.
        self.admin = f"{ADMIN}, password {password}" if password else f"{ADMIN}, as before"
