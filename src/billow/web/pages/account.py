"""One's own account: who one is, sessions and API tokens."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from billow.accounts.errors import NotLoggedIn
from billow.accounts.roles import SCOPES
from billow.errors import Error
from billow.web.auth import Lobby
from billow.web.context import context_of
from billow.web.pages.desk import answer, go, person, read, secret, whole
from billow.web.pages.entrance import Entrance
from billow.web.pages.form import read_form
from billow.web.pages.plan import PlanPages
from billow.web.pages.webhooks import WebhookPages

_DAY = 86400.0
#: Days that a token made in a browser may be good.
_MOST_DAYS = 3650


def routes(lobby: Lobby) -> list[BaseRoute]:
    """Addresses of the way in, and of one's own account."""
    return [
        *Entrance(lobby).routes(),
        *AccountPages(lobby).routes(),
        *PlanPages(lobby).routes(),
        *WebhookPages(lobby).routes(),
    ]


class AccountPages:
    """Pages for those who are logged in."""

    def __init__(self, lobby: Lobby) -> None:
        self._lobby = lobby
        self._service = lobby.service
        self._cookie = lobby.cookie

    def routes(self) -> list[BaseRoute]:
        """Their addresses."""
        changes = {
            "name": self.rename,
            "password": self.change_password,
            "email": self.ask_email,
            "delete": self.delete,
            "sessions": self.end_sessions,
            "tokens": self.make_token,
            "tokens/end": self.end_token,
        }
        return [
            Route("/account", self.account, methods=["GET"], name="account"),
            *(Route(f"/account/{at}", to, methods=["POST"]) for at, to in changes.items()),
        ]

    async def account(self, request: Request) -> Response:
        """Everything about one's account."""
        return await self._show(request)

    async def rename(self, request: Request) -> Response:
        """Set what one is called."""
        sent = await read(request)
        try:
            await context_of(request).run(
                self._service.profile.rename, person(request), sent.get("name", "")
            )
        except Error as problem:
            return await self._show(request, problem)
        return go("/account?told=saved")

    async def change_password(self, request: Request) -> Response:
        """Set another password; all other sessions end."""
        context, sent = context_of(request), await read(request)
        try:
            made = await context.run(
                self._service.profile.change_password,
                person(request),
                secret(sent, "current"),
                secret(sent, "password"),
                context.visitor.visit,
            )
        except Error as problem:
            return await self._show(request, problem)
        return self._cookie.give(go("/account?told=saved"), made)

    async def ask_email(self, request: Request) -> Response:
        """Have a link sent to a new address."""
        context, sent = context_of(request), await read(request)
        try:
            await context.run(
                self._service.profile.ask_email,
                person(request),
                secret(sent, "current"),
                sent.get("email", ""),
                context.visitor.visit,
            )
        except Error as problem:
            return await self._show(request, problem)
        return go("/account?told=mailed")

    async def delete(self, request: Request) -> Response:
        """Delete the account."""
        context, sent = context_of(request), await read(request)
        try:
            await context.run(
                self._service.profile.delete,
                person(request),
                secret(sent, "current"),
                context.visitor.visit,
            )
        except Error as problem:
            return await self._show(request, problem)
        return self._cookie.take(go("/login?told=left"))

    async def end_sessions(self, request: Request) -> Response:
        """End one session, or all others."""
        context, sent, who = context_of(request), await read(request), person(request)
        if "others" in sent:
            ended = await context.run(self._service.sessions.end_others, who)
        else:
            await context.run(self._service.sessions.end_one, who, sent.get("end", ""))
            ended = 1
        return go(f"/account?told=ended&n={ended}")

    async def make_token(self, request: Request) -> Response:
        """Make an API token; the page that answers is the only one that shows it."""
        fields = await read_form(request)
        sent, scopes = dict(fields), [value for name, value in fields if name == "scope"]
        try:
            days = sent.get("days", "")
            made = await context_of(request).run(
                self._service.tokens.create,
                person(request),
                sent.get("token", ""),
                scopes,
                whole(days, _MOST_DAYS) * _DAY if days else None,
            )
        except Error as problem:
            return await self._show(request, problem)
        return await self._show(request, made=made.secret.reveal())

    async def end_token(self, request: Request) -> Response:
        """End an API token."""
        sent = await read(request)
        await context_of(request).run(
            self._service.tokens.end, person(request), sent.get("end", "")
        )
        return go("/account?told=ended&n=1")

    async def _show(
        self, request: Request, problem: Error | None = None, made: str = ""
    ) -> Response:
        who = person(request)

        def gather() -> dict[str, Any]:
            return {
                "sessions": self._service.sessions.all(who.owner),
                "tokens": self._service.tokens.all(who.owner),
            }

        model = await context_of(request).run(gather)
        own = "" if who.session is None else who.session.hash
        model |= {"present": own, "scopes": SCOPES if who.is_admin else SCOPES[:2], "made": made}
        if isinstance(problem, NotLoggedIn):  # the password was wrong; the session goes on
            problem = _Again(problem.detail)
        return await answer(request, "account/account", model, problem)


class _Again(Error):
    """Something about the form was not right; the visitor stays logged in."""

    status = 422
    title = "Not accepted"
