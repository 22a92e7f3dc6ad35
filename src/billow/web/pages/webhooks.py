"""One's own webhooks: endpoints, their secrets, a try, and how deliveries went."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from billow.errors import BadInput, Error
from billow.flow.breakers import Breaker
from billow.flow.receivers import Receivers
from billow.settings import in_force
from billow.web.auth import Lobby
from billow.web.context import context_of
from billow.web.pages.desk import answer, go, person, read
from billow.webhooks.endpoints import Endpoint, Webhooks

#: Deliveries shown of an endpoint; the API has more.
_SHOWN = 10


class WebhookPages:
    """The page, and what its forms send."""

    def __init__(self, lobby: Lobby) -> None:
        self._home = lobby.whole.home

    def routes(self) -> list[BaseRoute]:
        """Their addresses."""
        return [
            Route("/webhooks", self.webhooks, methods=["GET"], name="webhooks"),
            Route("/webhooks", self.add, methods=["POST"]),
            Route("/webhooks/{id}", self.change, methods=["POST"]),
        ]

    async def webhooks(self, request: Request) -> Response:
        """All endpoints with their latest deliveries."""
        return await self._show(request)

    async def add(self, request: Request) -> Response:
        """Add an endpoint, and show its secret this once."""
        sent, owner, hooks = await read(request), person(request).owner, self._hooks()
        url, types = sent.get("url", "").strip(), sent.get("types", "").replace(",", " ").split()

        def make() -> str:
            return hooks.secrets(hooks.add(owner, url, types))[0]

        try:
            secret = await context_of(request).run(make)
        except Error as problem:
            return await self._show(request, problem, url=url, types=" ".join(types))
        return await self._show(request, secret=secret)

    async def change(self, request: Request) -> Response:
        """Do to an endpoint what a button of its form says."""
        sent, owner = await read(request), person(request).owner
        id_, hooks = request.path_params["id"], self._hooks()
        run, do = context_of(request).run, sent.get("do", "")
        try:
            if do == "secret":
                secret = await run(hooks.rotate, owner, id_)
                return await self._show(request, secret=secret)
            if do == "test":
                await run(hooks.test, owner, id_)
                return go("/webhooks?told=tested")
            if do == "remove":
                await run(hooks.remove, owner, id_)
            elif do in ("on", "off"):
                await run(lambda: hooks.change(owner, id_, enabled=do == "on"))
            else:
                raise BadInput("this button is not known")
        except Error as problem:
            return await self._show(request, problem)
        return go("/webhooks?told=saved")

    async def _show(
        self,
        request: Request,
        problem: Error | None = None,
        *,
        secret: str = "",
        url: str = "",
        types: str = "",
    ) -> Response:
        owner, hooks = person(request).owner, self._hooks()

        def look() -> list[tuple[Endpoint, list[Any], Breaker | None]]:
            held, found = Receivers(self._home).by_endpoint(), hooks.all(owner)
            return [
                (each, hooks.deliveries(owner, each.id)[:_SHOWN], held.get(each.id))
                for each in found
            ]

        model = {
            "endpoints": await context_of(request).run(look),
            "secret": secret,
            "url": url,
            "types": types,
        }
        return await answer(request, "account/webhooks", model, problem)

    def _hooks(self) -> Webhooks:
        return Webhooks(self._home, in_force("webhooks_local").value)
