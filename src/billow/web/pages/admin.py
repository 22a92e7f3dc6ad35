"""For administrators: everybody's accounts, and the audit log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from billow.accounts.roles import ROLES, Principal
from billow.errors import BadInput, Error, NotFound
from billow.ports.accounts import Account
from billow.web.auth import Lobby
from billow.web.context import context_of
from billow.web.pages.desk import Sent, answer, go, person, read

#: Accounts, and entries of the log, on a page.
PAGE = 50


def routes(lobby: Lobby) -> list[BaseRoute]:
    """Addresses of these screens."""
    pages = AdminPages(lobby)
    return [
        Route("/admin", pages.accounts, methods=["GET"], name="accounts"),
        Route("/admin/log", pages.log, methods=["GET"], name="log"),
        Route("/admin/{id}", pages.account, methods=["GET"], name="one-account"),
        Route("/admin/{id}", pages.change, methods=["POST"]),
    ]


class AdminPages:
    """Pages for administrators."""

    def __init__(self, lobby: Lobby) -> None:
        self._lobby = lobby
        self._admin = lobby.service.admin
        #: What can be done to an account, by the button's name.
        self._deeds: dict[str, Callable[[Principal, str, Sent], object]] = {
            "disable": lambda who, id_, _: self._admin.disable(who, id_),
            "enable": lambda who, id_, _: self._admin.enable(who, id_),
            "end": lambda who, id_, _: self._admin.end_sessions(who, id_),
            "role": lambda who, id_, sent: self._admin.set_role(who, id_, sent.get("role", "")),
            "plan": lambda who, id_, sent: self._admin.set_plan(who, id_, sent.get("plan", "")),
        }

    async def accounts(self, request: Request) -> Response:
        """All accounts, or the one that is looked for."""
        context, who = context_of(request), person(request)
        wanted = request.query_params.get("find", "").strip()[:300]
        after = request.query_params.get("after") or None

        def look() -> list[Account]:
            if not wanted:
                return self._admin.accounts(who, after, PAGE + 1)
            try:
                return [self._admin.find(who, wanted)]
            except NotFound:
                return []

        found = await context.run(look)
        more = found[PAGE - 1].id if len(found) > PAGE else None
        model = {"accounts": found[:PAGE], "more": more, "wanted": wanted}
        return await answer(request, "admin/accounts", model)

    async def account(self, request: Request) -> Response:
        """One account, and what can be done about it."""
        return await self._show(request)

    async def change(self, request: Request) -> Response:
        """Do something to an account.

        Raises:
            NotFound: there is no such account.
        """
        sent, id_ = await read(request), _id(request)
        try:
            deed = self._deeds.get(sent.get("do", ""))
            if deed is None:
                raise BadInput("there is no such button")
            await context_of(request).run(deed, person(request), id_, sent)
        except NotFound:
            raise
        except Error as problem:
            return await self._show(request, problem)
        return go(f"/admin/{id_}?told=saved")

    async def log(self, request: Request) -> Response:
        """The audit log, the newest entries unless others are asked for."""
        context, who = context_of(request), person(request)
        subject = request.query_params.get("of", "").strip()[:200] or None
        after = _place(request.query_params.get("after", ""))

        def look() -> dict[str, Any]:
            last = self._lobby.service.office.store.look(lambda books: books.audit.last())
            newest = last.seq if last is not None else 0
            start = after if after is not None else 0 if subject else max(0, newest - PAGE)
            entries = self._admin.log(who, start, PAGE, subject)
            end = entries[-1].seq if entries else start
            return {
                "entries": entries,
                "of": subject or "",
                "older": max(0, start - PAGE) if start and not subject else None,
                "newer": end if end < newest and len(entries) == PAGE else None,
            }

        return await answer(request, "admin/log", await context.run(look))

    async def _show(self, request: Request, problem: Error | None = None) -> Response:
        context, who = context_of(request), person(request)
        found = await context.run(self._admin.find, who, _id(request))
        model = {
            "one": found,
            "stands": await context.run(self._lobby.allowance.standing, found.id),
            "roles": ROLES,
            "plans": list(self._lobby.plans),
            "sessions": await context.run(self._lobby.service.sessions.all, found.id),
        }
        return await answer(request, "admin/account", model, problem)


def _id(request: Request) -> str:
    id_: str = request.path_params["id"]
    return id_


def _place(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else None
