"""The application: API and console behind one guard."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from billow.app import App
from billow.errors import Error, SettingError
from billow.flow.originals import attach
from billow.front.log import AccessLog
from billow.home import Home
from billow.settings import in_force
from billow.web import pages
from billow.web.access import Access
from billow.web.access_lines import AccessLines
from billow.web.api import ENDPOINTS
from billow.web.api.endpoint import routes_of
from billow.web.context import Context
from billow.web.door import Door, Judge, Reception
from billow.web.guard import Guard
from billow.web.lane import Window
from billow.web.metrics import Metrics, build_version
from billow.web.openapi import document
from billow.web.renditions import Gallery
from billow.web.replies import on_error
from billow.web.site.routes import site_routes

if TYPE_CHECKING:
    from billow.web.auth import Lobby


def make_app(home: Home, app: App, *, token: str = "", metrics: Metrics | None = None) -> Starlette:
    """The ASGI application that serves `app` from `home`.

    With a `token` it stands behind the front, which proves by it who a request comes from.

    An app with plans has accounts: people log in, and every route asks its rule who may use it.

    `state.context` is its Context, `state.lobby` what tells people apart, if anything does. Pages
    come from `billow.web.pages.routes()`; if the console has an `error_page(request, problem)`,
    browsers get that instead of a problem document.
    """
    attach(app, lambda: home)
    if app.database is not None:
        app.database.prepare()
    context = Context(home, app)
    metrics = metrics or Metrics(home, app)
    gallery = Gallery(context, metrics.count_rendition)
    own = _in_order([*site_routes(app), *gallery.routes()])
    routes = [*routes_of(ENDPOINTS), *pages.routes()]
    lines = None if token else _lines(home)
    layers = [Middleware(Access, metrics=metrics, token=token, lines=lines)]
    lobby = _lobby(context) if app.plan_by_name else None
    reception = Reception(gallery, Judge() if lobby is None else _judge(lobby))
    if gallery.renditions:
        layers.append(Middleware(Door, gallery=gallery, reception=reception))
    if lobby is None:
        layers.append(Middleware(Guard))
    else:
        own, routes = _behind_rules(lobby, app, own, routes)
        layers += _doors(lobby)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await gallery.close()
        context.close()
        if app.database is not None:
            app.database.close()

    made = Starlette(
        routes=[*own, *routes],
        middleware=layers,
        exception_handlers={Error: on_error, HTTPException: on_error},
        lifespan=lifespan,
    )
    made.router.redirect_slashes = False
    made.state.context = context
    made.state.lobby = lobby
    made.state.gallery = gallery
    made.state.lines = lines
    made.state.window = Window(gallery, reception, metrics)
    made.state.metrics = metrics
    made.state.openapi = document(ENDPOINTS, app.name, build_version())
    made.state.error_page = getattr(pages, "error_page", None)
    return made


def _lines(home: Home) -> AccessLines:
    """The access log of a server without a front; nothing is written for a home in memory."""
    path = "" if home.folder is None else str(home.folder / "logs" / "access.log")
    form, size = in_force("access_log").value, in_force("access_log_size").value
    return AccessLines(AccessLog(path, form, size))


def _in_order(routes: list[BaseRoute]) -> list[BaseRoute]:
    """A page that takes any path comes after the others, so that it takes what they leave."""
    return sorted(routes, key=lambda route: ":path}" in getattr(route, "path", ""))


# Only apps with plans need what the extra `accounts` brings.


def _lobby(context: Context) -> Lobby:
    try:
        from billow.accounts.opening import open_accounts  # noqa: PLC0415
    except ModuleNotFoundError as missing:
        raise SettingError(
            f"an app with plans has accounts, and they need {missing.name}; "
            "install it by `pip install billow[accounts]`"
        ) from None
    from billow.web.auth import Lobby, Public  # noqa: PLC0415

    public = Public(in_force("url").value)
    return Lobby(context, open_accounts(context.home, context.app), public)


def _judge(lobby: Lobby) -> Judge:
    from billow.web.rules import RuledJudge  # noqa: PLC0415

    return RuledJudge(lobby)


def _behind_rules(
    lobby: Lobby, app: App, own: list[BaseRoute], routes: list[BaseRoute]
) -> tuple[list[BaseRoute], list[BaseRoute]]:
    """The routes of the app's own site, and Billow's."""
    from billow.web.pages import account, admin  # noqa: PLC0415
    from billow.web.rules import ruled, rules_of, site_rules  # noqa: PLC0415

    every = [*routes, *account.routes(lobby), *admin.routes(lobby)]
    renditions = [each for c in app.collections.values() for each in c.renditions.values()]
    rules = {**site_rules(app.routes), **rules_of(renditions)}
    return ruled(own, lobby, rules), ruled(every, lobby)


def _doors(lobby: Lobby) -> list[Middleware]:
    from billow.web.auth import Identify  # noqa: PLC0415

    return [Middleware(Guard, own=lobby.public.host), Middleware(Identify, lobby=lobby)]
