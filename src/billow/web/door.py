"""The short road to renditions that are at hand, ahead of everything that other requests pass.

Whatever is not plain (a refusal, a rendition that is to be made) goes on by the long road, which
says what is wrong in the form that was asked for, and logs what should not have happened.
"""

from __future__ import annotations

from collections.abc import Iterable

from starlette.types import ASGIApp, Receive, Scope, Send

from billow.errors import NotFound
from billow.rendition import Rendition
from billow.web.guard import check_headers, check_request
from billow.web.renditions import Gallery, Ready
from billow.web.visitor import EVERYBODY, Visitor

_SAFE = ("GET", "HEAD")


class Judge:
    """Who asks for a rendition, and whether such may ask at all. Without accounts anybody may."""

    #: The host name under which others may reach the service.
    own = ""

    def blocks(self, scope: Scope) -> bool:  # noqa: ARG002
        """Whether it has to look something up to say who asks."""
        return False

    def visitor(self, scope: Scope, rendition: Rendition) -> Visitor:  # noqa: ARG002
        """Who asks.

        Raises:
            Error: they may not.
        """
        return EVERYBODY


class Reception:
    """Finds out what is asked for, and whether it may be."""

    def __init__(self, gallery: Gallery, judge: Judge) -> None:
        self._gallery = gallery
        self._judge = judge

    def find(self, scope: Scope) -> Rendition | None:
        """The rendition whose address this is.

        Raises:
            Refused: such a request is not let in.
        """
        rendition = self._gallery.find(scope["path"])
        if rendition is not None:
            check_request(scope, self._judge.own)
        return rendition

    def meet(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Raises Refused if nothing that comes with these headers is let in."""
        check_headers(headers, self._judge.own)

    async def ready(self, rendition: Rendition, scope: Scope) -> Ready:
        """What is asked for. Whatever blocks is done in one go, in a thread.

        Raises:
            Error: they may not have it, or there is nothing like that.
        """
        gallery, judge = self._gallery, self._judge
        blocks = judge.blocks(scope)
        if not rendition.waits:
            if blocks or rendition.allow is not None:
                return await gallery.context.run(self.ready_here, rendition, scope)
            return self.ready_here(rendition, scope)
        if blocks:
            visitor = await gallery.context.run(judge.visitor, scope, rendition)
        else:
            visitor = judge.visitor(scope, rendition)
        scope["billow.owner"] = visitor.owner
        return await gallery.prepare(rendition, scope, visitor)

    def ready_here(self, rendition: Rendition, scope: Scope) -> Ready:
        """What is asked for, in a thread: if `allow` is no coroutine function.

        Raises:
            Error: they may not have it, or there is nothing like that.
        """
        visitor = self._judge.visitor(scope, rendition)
        scope["billow.owner"] = visitor.owner
        return self._gallery.prepare_here(rendition, scope, visitor)


class Door:
    """ASGI middleware: sends what is at hand, and passes on all else."""

    def __init__(self, app: ASGIApp, gallery: Gallery, reception: Reception) -> None:
        self._app = app
        self._gallery = gallery
        self._reception = reception

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, or pass the request on."""
        fast = scope["type"] == "http" and scope["path"].startswith(self._gallery.prefixes)
        if not (fast and scope["method"] in _SAFE and await self._sent(scope, receive, send)):
            await self._app(scope, receive, send)

    async def _sent(self, scope: Scope, receive: Receive, send: Send) -> bool:
        try:
            rendition = self._reception.find(scope)
            if rendition is None:
                return False
            ready = await self._reception.ready(rendition, scope)
        except Exception:
            return False
        try:
            await self._gallery.send(ready, scope, receive, send)
        except NotFound:
            return False
        scope["endpoint"] = rendition
        self._gallery.count(rendition, "hit")
        return True
