"""Who may use what: one rule for every route. A route without one keeps the service from starting.

A rule says who may come in at all. What they then find is theirs alone: see `billow.web.scope`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from billow.accounts.errors import Forbidden, NotLoggedIn
from billow.accounts.roles import ADMIN, READ, SUBMIT
from billow.errors import DeclarationError
from billow.rendition import Rendition
from billow.route import Route as Declared
from billow.web.auth import Lobby, check_form
from billow.web.context import context_of
from billow.web.door import Judge
from billow.web.replies import log_in_page, wants_page
from billow.web.site.assets import PLACE
from billow.web.visitor import Visitor

_SAFE = {"GET", "HEAD", "OPTIONS"}


class Level(Enum):
    """Who may use a route."""

    ANYBODY = "anybody"
    #: Whoever is logged in, for what is theirs.
    USER = "user"
    #: Administrators.
    ADMIN = "administrators"


class Rule(NamedTuple):
    """Who may use a route, and what an API token must be good for; "" lets no token in."""

    level: Level
    scope: str = ""
    #: Whether the handler works on the whole service, because it checks a signature itself.
    whole: bool = False


OPEN = Rule(Level.ANYBODY)
SIGNED = Rule(Level.ANYBODY, whole=True)
READS = Rule(Level.USER, READ)
SENDS = Rule(Level.USER, SUBMIT)
#: People at a browser only.
SELF = Rule(Level.USER)
ADMINS = Rule(Level.ADMIN, ADMIN)

_API = "/api/v1"

#: Method and address, and the rule.
RULES: Mapping[str, Rule] = {
    # For machines that watch, and the reference
    "GET /healthz": OPEN,
    "GET /readyz": OPEN,
    "GET /metrics": ADMINS,
    "GET /openapi.json": OPEN,
    "GET /docs": OPEN,
    "GET /docs.css": OPEN,
    "GET /static": OPEN,
    # Functions and jobs
    f"GET {_API}/functions": READS,
    f"GET {_API}/functions/{{name}}": READS,
    f"POST {_API}/functions/{{name}}/jobs": SENDS,
    f"GET {_API}/jobs": READS,
    f"GET {_API}/jobs/{{id}}": READS,
    f"GET {_API}/jobs/{{id}}/result": READS,
    f"GET {_API}/jobs/{{id}}/input": READS,
    f"GET {_API}/jobs/{{id}}/files/{{name}}": READS,
    f"GET {_API}/jobs/{{id}}/events": READS,
    f"GET {_API}/jobs/{{id}}/logs": READS,
    f"GET {_API}/jobs/{{id}}/logs/events": READS,
    f"POST {_API}/jobs/{{id}}/cancel": SENDS,
    f"POST {_API}/jobs/{{id}}/retry": SENDS,
    # Uploads straight to a store: there the signature says who may do what
    f"POST {_API}/functions/{{name}}/forms": SENDS,
    f"POST {_API}/functions/{{name}}/uploads": SENDS,
    f"GET {_API}/uploads": READS,
    f"GET {_API}/uploads/{{id}}": READS,
    f"POST {_API}/uploads/{{id}}/addresses": SENDS,
    f"POST {_API}/uploads/{{id}}/complete": SENDS,
    f"DELETE {_API}/uploads/{{id}}": SENDS,
    "POST /store/{store}": OPEN,
    "GET /store/{store}/{key:path}": OPEN,
    "PUT /store/{store}/{key:path}": OPEN,
    # Webhooks of one's own
    f"GET {_API}/webhooks": READS,
    f"POST {_API}/webhooks": SENDS,
    f"GET {_API}/webhooks/{{id}}": READS,
    f"PATCH {_API}/webhooks/{{id}}": SENDS,
    f"DELETE {_API}/webhooks/{{id}}": SENDS,
    f"POST {_API}/webhooks/{{id}}/secret": SENDS,
    f"POST {_API}/webhooks/{{id}}/test": SENDS,
    f"GET {_API}/webhooks/{{id}}/deliveries": READS,
    # What a payment provider tells; it signs that
    f"POST {_API}/payments/stripe": SIGNED,
    # Events and signs of life of other programs; a key, or the address, is their secret
    f"POST {_API}/events/v2/enqueue": SIGNED,
    f"POST {_API}/heartbeats/{{token}}": SIGNED,
    # The whole service
    f"GET {_API}/dead": ADMINS,
    f"POST {_API}/dead/redrive": ADMINS,
    f"GET {_API}/events": ADMINS,
    f"GET {_API}/queues": ADMINS,
    f"GET {_API}/queues/{{queue}}": ADMINS,
    f"GET {_API}/queues/{{queue}}/messages": ADMINS,
    f"POST {_API}/queues/{{queue}}/messages": ADMINS,
    f"POST {_API}/queues/{{queue}}/receive": ADMINS,
    f"POST {_API}/queues/{{queue}}/delete": ADMINS,
    f"POST {_API}/queues/{{queue}}/extend": ADMINS,
    f"POST {_API}/queues/{{queue}}/redrive": ADMINS,
    f"GET {_API}/tables": ADMINS,
    f"GET {_API}/tables/{{table}}": ADMINS,
    f"GET {_API}/tables/{{table}}/{{key:path}}": ADMINS,
    f"GET {_API}/fleets": ADMINS,
    f"GET {_API}/alarms": ADMINS,
    f"GET {_API}/fleets/{{function}}": ADMINS,
    f"GET {_API}/journal": ADMINS,
    f"GET {_API}/series": ADMINS,
    f"GET {_API}/logs": ADMINS,
    f"GET {_API}/logs/events": ADMINS,
    # Pages
    "GET /": READS,
    "GET /console": READS,
    "GET /jobs": READS,
    "POST /jobs": SENDS,
    "GET /jobs/{id}": READS,
    "GET /jobs/{id}/files/{name}": READS,
    "POST /jobs/{id}/again": SENDS,
    "POST /jobs/{id}/cancel": SENDS,
    "GET /functions": READS,
    "GET /functions/{name}": READS,
    "POST /functions/{name}": SENDS,
    "GET /fleet": ADMINS,
    "GET /alarms": ADMINS,
    "POST /alarms": ADMINS,
    "GET /charts": ADMINS,
    "GET /charts/grafana.json": ADMINS,
    "GET /charts/{name}.csv": ADMINS,
    "GET /dead": ADMINS,
    "POST /dead": ADMINS,
    "GET /data": ADMINS,
    "GET /data/queues/{name}": ADMINS,
    "GET /data/tables/{name}": ADMINS,
    "GET /data/stores/{name}": ADMINS,
    "GET /incidents": ADMINS,
    "POST /incidents": ADMINS,
    "GET /incidents/{number}": ADMINS,
    "POST /incidents/{number}": ADMINS,
    "GET /incidents/{number}/summary.md": ADMINS,
    # Everybody sees it if the app says so; the handler looks
    "GET /status": SIGNED,
    "GET /oncall": ADMINS,
    "POST /oncall": ADMINS,
    "GET /oncall/{rota}/calendar.ics": ADMINS,
    # Whoever runs the service everybody's, others their own; the handler looks
    "GET /oncall/contacts": SELF,
    "POST /oncall/contacts": SELF,
    "GET /logs": ADMINS,
    "GET /inbox": ADMINS,
    "GET /inbox/{key}": ADMINS,
    "POST /inbox/{key}": ADMINS,
    # The way in
    "GET /login": OPEN,
    "POST /login": OPEN,
    "GET /login/openid": OPEN,
    "GET /login/openid/back": OPEN,
    "GET /signup": OPEN,
    "POST /signup": OPEN,
    "GET /verify": OPEN,
    "POST /verify": OPEN,
    "GET /forgot": OPEN,
    "POST /forgot": OPEN,
    "GET /reset": OPEN,
    "POST /reset": OPEN,
    "GET /email": OPEN,
    "POST /email": OPEN,
    # One's own account
    "POST /logout": SELF,
    "GET /plan": SELF,
    "POST /plan/upgrade": SELF,
    "POST /plan/billing": SELF,
    "GET /account": SELF,
    "POST /account/name": SELF,
    "POST /account/password": SELF,
    "POST /account/email": SELF,
    "POST /account/delete": SELF,
    "POST /account/sessions": SELF,
    "POST /account/tokens": SELF,
    "POST /account/tokens/end": SELF,
    "GET /webhooks": SELF,
    "POST /webhooks": SELF,
    "POST /webhooks/{id}": SELF,
    # Everybody's
    "GET /admin": ADMINS,
    "GET /admin/log": ADMINS,
    "GET /admin/{id}": ADMINS,
    "POST /admin/{id}": ADMINS,
}


def keys_of(route: BaseRoute) -> list[str]:
    """What a route is called in the table, once for each of its methods."""
    if isinstance(route, Route):
        return [f"{method} {route.path}" for method in sorted((route.methods or set()) - {"HEAD"})]
    assert isinstance(route, Mount)
    return [f"GET {route.path}"]


def rules_of(renditions: Iterable[Rendition]) -> dict[str, Rule]:
    """The rules of an app's renditions."""
    return {f"GET {each.path}": OPEN if each.who == "anybody" else READS for each in renditions}


class RuledJudge(Judge):
    """Finds out who asks for a rendition, and holds them to its rule."""

    def __init__(self, lobby: Lobby) -> None:
        self._lobby = lobby
        self.own = lobby.public.host

    def blocks(self, scope: Scope) -> bool:
        """Whether somebody shows a session or a token."""
        return self._lobby.is_shown(scope)

    def visitor(self, scope: Scope, rendition: Rendition) -> Visitor:
        """Who asks.

        Raises:
            NotLoggedIn, Forbidden: they may not.
        """
        visitor = self._lobby.look(scope)
        check(visitor, OPEN if rendition.who == "anybody" else READS)
        return visitor


def site_rules(routes: Iterable[Declared]) -> dict[str, Rule]:
    """The rules of an app's own site, as it declares them."""
    levels = {"anybody": Level.ANYBODY, "user": Level.USER}
    return {f"GET {PLACE}/{{path:path}}": OPEN} | {
        key: ADMINS if route.who == "admin" else Rule(levels[route.who], route.scope)
        for route in routes
        for key in route.keys
    }


def ruled(
    routes: Iterable[BaseRoute], lobby: Lobby, own: Mapping[str, Rule] | None = None
) -> list[BaseRoute]:
    """The routes, each behind its rules.

    Args:
        routes: of Billow, or of the app's own site.
        lobby: who tells people apart.
        own: the rules of the app's own site, if these are its routes.

    Raises:
        DeclarationError: one has no rule.
    """
    behind, rules = list(routes), RULES if own is None else own
    for route in behind:
        missing = [key for key in keys_of(route) if key not in rules]
        if missing:
            raise DeclarationError(f"nothing says who may use {', '.join(missing)}")
        assert isinstance(route, (Route, Mount))
        route.app = _Ruled(route.app, route, lobby, rules)
    return behind


class _Ruled:
    """A route behind its rules."""

    def __init__(
        self, app: ASGIApp, route: Route | Mount, lobby: Lobby, rules: Mapping[str, Rule]
    ) -> None:
        self._app = app
        self._path = route.path
        self._rules = rules
        self._lobby = lobby

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        visitor = context_of(request).visitor
        method = "GET" if request.method == "HEAD" else request.method
        rules = self._rules
        rule = rules.get(f"{method} {self._path}", rules.get(f"GET {self._path}", ADMINS))
        try:
            check(visitor, rule)
            if method not in _SAFE:
                check_form(scope, visitor)
        except NotLoggedIn:
            if not wants_page(request):
                raise
            await RedirectResponse(log_in_page(request), 303)(scope, receive, send)
            return
        except Forbidden:
            denied = f"{method} {self._path}"
            await context_of(request).run(self._lobby.deny, visitor, denied)
            raise
        if rule.whole:
            scope["billow.context"] = self._lobby.whole
        await self._app(scope, receive, send)


def check(visitor: Visitor, rule: Rule) -> None:
    """Let a visitor pass, or not.

    Raises:
        NotLoggedIn: only people who are known may.
        Forbidden: this one may not.
    """
    if rule.level is Level.ANYBODY:
        return
    if visitor.who is None:
        raise NotLoggedIn(visitor.wrong or "log in, or send an API token, to do this")
    if not rule.scope:
        visitor.who.need_session()
    elif rule.level is Level.ADMIN:
        visitor.who.need(ADMIN)
    else:
        visitor.who.need(rule.scope)
