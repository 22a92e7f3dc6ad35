"""The routes of a site: from the app's declarations to what the web server calls."""

from __future__ import annotations

from starlette.datastructures import ImmutableMultiDict
from starlette.requests import Request as StarletteRequest
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute
from starlette.routing import Route as StarletteRoute

from billow.accounts.errors import NotLoggedIn
from billow.app import App
from billow.route import Route
from billow.web.context import context_of
from billow.web.limits import MAX_JSON, blocks_of, media_type, parse_json
from billow.web.pages.form import read_bounded, read_form
from billow.web.replies import log_in_page, wants_page
from billow.web.site.assets import Assets
from billow.web.site.request import FORM, JSON, Request, Sent, as_response
from billow.web.site.values import seen

_SAFE = {"GET", "HEAD"}


def site_routes(app: App) -> list[BaseRoute]:
    """The addresses of an app's own site."""
    routes: list[BaseRoute] = [_Page(route).route() for route in app.routes]
    if app.static_folder is not None:
        routes.append(Assets(app.static_folder).route())
    return routes


class _Page:
    """A page of the site, for the web server to call."""

    def __init__(self, declared: Route) -> None:
        self._declared = declared

    def route(self) -> StarletteRoute:
        """The page at its address."""

        async def answer(request: StarletteRequest) -> Response:
            return await self._answer(request)

        declared = self._declared
        answer.__name__ = declared.handler.__name__
        return StarletteRoute(declared.path, answer, methods=list(declared.methods))

    async def _answer(self, raw: StarletteRequest) -> Response:
        context, handler = context_of(raw), self._declared.handler
        visitor = seen(context.visitor, self._declared.scope)
        request = Request(raw, context, visitor, await _sent(raw))
        try:
            if self._declared.waits:
                return as_response(await handler(request, **raw.path_params))
            return await context.run(lambda: as_response(handler(request, **raw.path_params)))
        except NotLoggedIn:
            if not wants_page(raw):
                raise
            return RedirectResponse(log_in_page(raw), 303)


async def _sent(raw: StarletteRequest) -> Sent:
    """A plain form or JSON, read within bounds. Files are left for the handler to read."""
    if raw.method in _SAFE:
        return Sent()
    kind = media_type(raw)
    if kind in (FORM, ""):
        return Sent(form=ImmutableMultiDict(await read_form(raw)))
    if kind == JSON:
        body = await read_bounded(blocks_of(raw), MAX_JSON, "a JSON body")
        return Sent(json=parse_json(body, "the body"))
    return Sent()
