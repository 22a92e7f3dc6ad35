"""The way in: signing up, logging in and out, and links that were mailed."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from billow.accounts.secret import Secret
from billow.errors import Error
from billow.web.auth import Lobby
from billow.web.context import context_of
from billow.web.pages.desk import answer, go, read, secret
from billow.web.pages.elsewhere import Elsewhere
from billow.web.replies import local

_FORM = ["GET", "POST"]


class Entrance:
    """Pages for those who are not logged in."""

    def __init__(self, lobby: Lobby) -> None:
        self._service = lobby.service
        self._cookie = lobby.cookie
        self._elsewhere = Elsewhere(lobby)

    def routes(self) -> list[BaseRoute]:
        """Their addresses."""
        return [
            Route("/login", self.log_in, methods=_FORM, name="login"),
            Route("/logout", self.log_out, methods=["POST"], name="logout"),
            Route("/signup", self.sign_up, methods=_FORM, name="signup"),
            Route("/verify", self.verify, methods=_FORM, name="verify"),
            Route("/forgot", self.forgot, methods=_FORM, name="forgot"),
            Route("/reset", self.reset, methods=_FORM, name="reset"),
            Route("/email", self.email, methods=_FORM, name="email"),
            *self._elsewhere.routes(),
        ]

    async def log_in(self, request: Request) -> Response:
        """The log-in form, and what it sends."""
        context = context_of(request)
        if request.method != "POST":
            if context.visitor.who is not None:
                return go("/")
            after = local(request.query_params.get("next", ""))
            return await self._log_in(request, {"after": after, "email": ""})
        sent = await read(request)
        email, after = sent.get("email", "")[:300], local(sent.get("next", ""))
        try:
            made = await context.run(
                self._service.log_ins.log_in, email, secret(sent, "password"), context.visitor.visit
            )
        except Error as problem:
            return await self._log_in(request, {"after": after, "email": email}, problem)
        return self._cookie.give(go(after or "/"), made)

    async def log_out(self, request: Request) -> Response:
        """End the session, here and in the browser."""
        context = context_of(request)
        token = context.visitor.visit.before
        if token is not None:
            await context.run(self._service.sessions.end, token)
        return self._cookie.take(go("/login?told=logged-out"))

    async def sign_up(self, request: Request) -> Response:
        """The sign-up form, and what it sends."""
        context = context_of(request)
        if request.method != "POST":
            return await self._sign_up(request, {"email": "", "name": ""})
        sent = await read(request)
        email, name = sent.get("email", "")[:300], sent.get("name", "")[:300]
        try:
            await context.run(
                self._service.sign_ups.ask,
                email,
                secret(sent, "password"),
                name,
                context.visitor.visit,
            )
        except Error as problem:
            return await self._sign_up(request, {"email": email, "name": name}, problem)
        return go("/login?told=mailed")

    async def _log_in(
        self, request: Request, model: dict[str, str], problem: Error | None = None
    ) -> Response:
        full = {**model, "elsewhere": self._elsewhere.name}
        return await answer(request, "account/login", full, problem)

    async def _sign_up(
        self, request: Request, model: dict[str, str], problem: Error | None = None
    ) -> Response:
        full = {**model, "after": "", "elsewhere": self._elsewhere.name}
        return await answer(request, "account/signup", full, problem)

    async def verify(self, request: Request) -> Response:
        """Where the link in the mail leads: the password once more, and there is an account."""
        if request.method != "POST":
            return await answer(request, "account/verify", {"code": _code(request)})
        context, sent = context_of(request), await read(request)
        code = sent.get("code", "")
        try:
            made = await context.run(
                self._service.sign_ups.verify,
                Secret(code),
                secret(sent, "password"),
                context.visitor.visit,
            )
        except Error as problem:
            return await answer(request, "account/verify", {"code": code}, problem)
        return self._cookie.give(go("/"), made)

    async def forgot(self, request: Request) -> Response:
        """Ask for a link by which a password can be set."""
        context = context_of(request)
        if request.method != "POST":
            return await answer(request, "account/forgot", {"email": ""})
        email = (await read(request)).get("email", "")[:300]
        try:
            await context.run(self._service.profile.ask_reset, email, context.visitor.visit)
        except Error as problem:
            return await answer(request, "account/forgot", {"email": email}, problem)
        return go("/login?told=mailed")

    async def reset(self, request: Request) -> Response:
        """Where that link leads: a new password."""
        if request.method != "POST":
            return await answer(request, "account/reset", {"code": _code(request)})
        context, sent = context_of(request), await read(request)
        code = sent.get("code", "")
        try:
            await context.run(
                self._service.profile.reset,
                Secret(code),
                secret(sent, "password"),
                context.visitor.visit,
            )
        except Error as problem:
            return await answer(request, "account/reset", {"code": code}, problem)
        return self._cookie.take(go("/login?told=password-set"))

    async def email(self, request: Request) -> Response:
        """Where the link to a new address leads; a button confirms it."""
        if request.method != "POST":
            return await answer(request, "account/email", {"code": _code(request)})
        context, code = context_of(request), (await read(request)).get("code", "")
        try:
            await context.run(
                self._service.profile.change_email, Secret(code), context.visitor.visit
            )
        except Error as problem:
            return await answer(request, "account/email", {"code": code}, problem)
        return go("/account?told=saved" if context.visitor.who else "/login?told=saved")


def _code(request: Request) -> str:
    return request.query_params.get("code", "")[:200]
