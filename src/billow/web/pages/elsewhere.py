"""Logging in at an OpenID provider: the way there, and the way back."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import quote, unquote, urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request, cookie_parser
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from billow.accounts.oidc import OpenId, Provider
from billow.accounts.secret import Secret
from billow.errors import Error, NotFound, SettingError
from billow.settings import in_force
from billow.web.auth import Lobby
from billow.web.context import context_of
from billow.web.pages.desk import answer, go
from billow.web.replies import local

START = "/login/openid"
BACK = "/login/openid/back"

#: Seconds for which a browser keeps the state of a log-in that has begun.
_UNDER_WAY = 600
_LONGEST = 3000


def provider() -> Provider | None:
    """The provider that the settings name; None if they name none.

    Raises:
        SettingError: they say a part of what is needed only.
    """
    issuer, client = in_force("openid_issuer").value, in_force("openid_client_id").value
    secret, name = in_force("openid_client_secret").value, in_force("openid_name").value
    if not issuer:
        return None
    if not client or not secret:
        raise SettingError("openid_issuer needs openid_client_id and openid_client_secret as well")
    return Provider(name or str(urlsplit(issuer).hostname), issuer, client, secret)


class Elsewhere:
    """The two addresses of a log-in at the provider, if there is one."""

    def __init__(self, lobby: Lobby) -> None:
        self._lobby = lobby
        self._provider = provider()
        if self._provider is not None:
            self._openid("")  # a provider that cannot be used keeps the service from starting

    @property
    def name(self) -> str:
        """What the provider is called; empty if there is none."""
        return self._provider.name if self._provider else ""

    def routes(self) -> list[BaseRoute]:
        """Their addresses."""
        return [
            Route(START, self.start, methods=["GET"], name="openid"),
            Route(BACK, self.back, methods=["GET"]),
        ]

    async def start(self, request: Request) -> Response:
        """Lead the browser to the provider."""
        context, after = context_of(request), local(request.query_params.get("next", ""))
        openid = self._at(request)
        try:
            begun = await context.run(openid.begin, context.visitor.visit)
        except Error as problem:
            return await self._again(request, after, problem)
        leaving = go(begun.url)
        leaving.set_cookie(
            self._cookie,
            f"{begun.state.reveal()} {quote(after, safe='')}".replace(" ", "."),
            max_age=_UNDER_WAY,
            path="/",
            secure=self._lobby.cookie.secure,
            httponly=True,
            samesite="lax",
        )
        return leaving

    async def back(self, request: Request) -> Response:
        """Where the provider sends the browser: to a session, or to the log-in page."""
        context, openid = context_of(request), self._at(request)
        state, after = self._kept(request.headers)
        try:
            made = await context.run(
                openid.finish, dict(request.query_params), state, context.visitor.visit
            )
        except Error as problem:
            return self._forget(await self._again(request, after, problem))
        return self._forget(self._lobby.cookie.give(go(after or "/"), made))

    async def _again(self, request: Request, after: str, problem: Error) -> Response:
        model = {"after": after, "email": "", "elsewhere": self.name}
        return await answer(request, "account/login", model, problem)

    @property
    def _cookie(self) -> str:
        return f"{self._lobby.cookie.name}-openid"

    def _kept(self, headers: Headers) -> tuple[Secret | None, str]:
        """The state that the browser kept, and where it wanted to."""
        value = cookie_parser(headers.get("cookie", "")).get(self._cookie, "")[:_LONGEST]
        state, _, after = value.partition(".")
        return (Secret(state) if state else None), local(unquote(after))

    def _forget(self, response: Response) -> Response:
        response.delete_cookie(
            self._cookie,
            path="/",
            secure=self._lobby.cookie.secure,
            httponly=True,
            samesite="lax",
        )
        return response

    def _at(self, request: Request) -> OpenId:
        """Log-ins that come back to the address under which the browser knows us."""
        if self._provider is None:
            raise NotFound("nobody logs in elsewhere at this service")
        return self._openid((self._lobby.public.url or str(request.base_url)).rstrip("/"))

    # What it holds is made again whenever it is needed: certificates, what the provider tells.
    @lru_cache(maxsize=4)  # noqa: B019 - there is one of this class in a process
    def _openid(self, site: str) -> OpenId:
        assert self._provider is not None
        return OpenId(self._lobby.service, self._provider, site + BACK)
