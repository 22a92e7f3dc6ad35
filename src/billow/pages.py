"""The pages of an app's own site, as the app declares them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from billow.errors import DeclarationError
from billow.route import PageHandler, Route, TokenScope, Who, taken
from billow.sql.database import Database
from billow.units import Duration

#: Removes what an app has of somebody: called with the owner of what was theirs.
LeftHandler: TypeAlias = Callable[[str], None]


def folder_of(what: str, folder: Path) -> Path:
    """`folder`, if it is one and told from the root on.

    Raises:
        DeclarationError: it is not; `what` says what it is for.
    """
    if not folder.is_absolute() or not folder.is_dir():
        raise DeclarationError(
            f"{what} {str(folder)!r}: give a folder, such as Path(__file__).parent / 'mail'"
        )
    return folder


class Pages:
    """The part of an app that is its site."""

    def __init__(self) -> None:
        self.routes: list[Route] = []
        #: The folders of templates and of files.
        self.template_folder: Path | None = None
        self.static_folder: Path | None = None
        self.database: Database | None = None
        #: What is done when somebody's account was deleted.
        self.left_handlers: list[LeftHandler] = []

    def page(
        self,
        path: str,
        *,
        who: Who,
        methods: Sequence[str] = ("GET",),
        scope: TokenScope = "",
    ) -> Callable[[PageHandler], PageHandler]:
        """Declare a page or endpoint of the app's own site; see docs/sites.md.

        The function is called with a `billow.site.Request` and, by name, with what the address
        says. It returns a `billow.site.Response`, text that is HTML, or a value that is JSON. It
        runs in a thread; a coroutine function runs in the event loop and must not block.

        Args:
            path: such as "/photos/{id:int}"; a page at "/" moves the console to "/console".
            who: who may use it: anybody, whoever is logged in (user), or administrators (admin).
            methods: of HTTP; HEAD comes with GET.
            scope: what an API token must be good for; "" lets only people at a browser in.

        Raises:
            DeclarationError: it cannot work; the message says why.
        """

        def declare(handler: PageHandler) -> PageHandler:
            made = Route(path, handler, who, tuple(methods), scope)
            if twice := taken(self.routes, made):
                raise DeclarationError(f"app.page: {twice} is declared twice")
            self.routes.append(made)
            return handler

        return declare

    def templates(self, folder: Path) -> None:
        """Declare the folder of the site's templates (Jinja; everything is escaped).

        Raises:
            DeclarationError: it is no folder, or not told from the root on.
        """
        self.template_folder = folder_of("templates", folder)

    def static(self, folder: Path) -> None:
        """Declare the folder of the site's files, which are served below "/assets".

        Raises:
            DeclarationError: it is no folder, or not told from the root on.
        """
        self.static_folder = folder_of("static files", folder)

    def sql(
        self,
        *,
        migrations: Path | None = None,
        pool: int = 6,
        patience: Duration = "5 s",
        held: Duration = "10 s",
    ) -> Database:
        """Declare the app's own database; see docs/sql.md.

        Args:
            migrations: the folder of numbered files of SQL that make its tables.
            pool: connections for reading that a process has at most.
            patience: how long somebody waits for one before it is an error.
            held: a connection in use for longer is told in the log.

        Raises:
            DeclarationError: it cannot work, or there is one already.
        """
        if self.database is not None:
            raise DeclarationError("app.sql(...): an app has one database")
        folder = None if migrations is None else folder_of("migrations", migrations)
        self.database = Database(folder, pool, patience, held)
        return self.database

    def left(self, handler: LeftHandler) -> LeftHandler:
        """Declare what is done when somebody's account was deleted: `@app.left`.

        The function is called with the owner of what was theirs, and removes what the app itself
        keeps of them; jobs, files and webhooks are removed by Billow. It runs in a worker, twice:
        at once, and when what was under way has ended. If it raises, it is tried again.
        """
        self.left_handlers.append(handler)
        return handler
