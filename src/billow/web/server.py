"""The application: API and console behind one guard."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from billow.app import App
from billow.errors import Error
from billow.home import Home
from billow.web import pages
from billow.web.access import Access
from billow.web.api import ENDPOINTS
from billow.web.api.endpoint import routes_of
from billow.web.context import Context
from billow.web.guard import Guard
from billow.web.metrics import Metrics, build_version
from billow.web.openapi import document
from billow.web.replies import on_error


def make_app(home: Home, app: App) -> Starlette:
    """The ASGI application that serves `app` from `home`.

    `state.context` is its Context. Pages come from `billow.web.pages.routes()`; if the console has
    an `error_page(request, problem)`, browsers get that instead of a problem document.
    """
    context = Context(home, app)
    metrics = Metrics(home, app)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        context.close()

    made = Starlette(
        routes=[*routes_of(ENDPOINTS), *pages.routes()],
        middleware=[Middleware(Access, metrics=metrics), Middleware(Guard)],
        exception_handlers={Error: on_error, HTTPException: on_error},
        lifespan=lifespan,
    )
    made.router.redirect_slashes = False
    made.state.context = context
    made.state.metrics = metrics
    made.state.openapi = document(ENDPOINTS, app.name, build_version())
    made.state.error_page = getattr(pages, "error_page", None)
    return made
