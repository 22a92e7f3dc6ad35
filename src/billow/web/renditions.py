"""Renditions as web servers answer for them: who may have one, and the file.

This is the long road, on which renditions are made and refusals are explained; what is in the cache
goes by the shorter ones of `billow.web.door` and `billow.web.lane`. On all of them the same is
asked before anything is sent.
"""

from __future__ import annotations

from asyncio import AbstractEventLoop
from collections.abc import Hashable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from billow.errors import Error, NotFound, Unavailable
from billow.rendition import Rendition, Wanted
from billow.renditions.client import RenderClient
from billow.renditions.errors import Busy
from billow.renditions.files import CACHE, path_of
from billow.web.context import Context, context_of
from billow.web.guard import SECURITY_HEADERS
from billow.web.questions import Question, answer_of, question_in
from billow.web.sendfile import FileReply
from billow.web.visitor import Visitor

#: Where the fast road leaves what `allow` said, so that it is asked once.
_ALLOWED = "billow.allowed"
_FOR_EVER = "max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"
#: Requests of one web server that may wait for the pool. The rest of what the server can do at the
#: same time is for those whose picture is at hand.
MOST_WAITING = 12
#: Renditions whose names and headers are remembered.
REMEMBERED = 4096


class NotAllowed(Error):
    """The app says that this one may not have it."""

    status = 403
    title = "Not allowed"


class Ready(NamedTuple):
    """What is to be sent, and what sends it."""

    rendition: Rendition
    wanted: Wanted
    reply: FileReply | None


class Gallery:
    """The renditions of an app.

    Args:
        context: of the whole service.
        count: told of each answer: the rendition's name, and `hit`, `miss` or an error's kind.
    """

    def __init__(self, context: Context, count: Any) -> None:
        self.context = context
        self._count = count
        self._waiting = 0
        self._known: dict[Hashable, Ready] = {}
        self.renditions = [
            rendition
            for collection in context.app.collections.values()
            for rendition in collection.renditions.values()
        ]
        folder = context.home.folder
        self._root = None if folder is None else folder / CACHE
        self._pool = None if folder is None else RenderClient(folder)
        #: The rendition that has an address, if one has.
        self.find = lru_cache(REMEMBERED)(self._find)
        starts = (each.path.partition("{")[0] for each in self.renditions)
        #: What the addresses of all renditions begin with.
        self.prefixes = tuple(starts)

    def routes(self) -> list[BaseRoute]:
        """The addresses of the renditions."""
        return [self._route(rendition) for rendition in self.renditions]

    def _route(self, rendition: Rendition) -> Route:
        async def answer(request: Request) -> Response:
            visitor = context_of(request).visitor
            ready = await self.prepare(rendition, request.scope, visitor)
            return Reply(self, ready)

        answer.__name__ = rendition.name
        return Route(rendition.path, answer, methods=["GET"])

    def _find(self, path: str) -> Rendition | None:
        return next((each for each in self.renditions if each.pattern.fullmatch(path)), None)

    async def prepare(self, rendition: Rendition, scope: Scope, visitor: Visitor) -> Ready:
        """What `visitor` asks for, once it is clear that they may have it.

        Raises:
            NotFound: there is no such address, or a value in it is not offered.
            NotAllowed: the app says so; it may also raise errors of its own.
        """
        question = question_in(rendition, scope, visitor)
        if rendition.allow is None:
            return self._ready(question, {})
        if _ALLOWED not in scope:
            told = answer_of(question)
            scope[_ALLOWED] = await (told() if rendition.waits else self.context.run(told))
        return self._ready(question, scope[_ALLOWED])

    def prepare_here(self, rendition: Rendition, scope: Scope, visitor: Visitor) -> Ready:
        """The same where `allow` is no coroutine function: in a thread, or at once."""
        question = question_in(rendition, scope, visitor)
        if rendition.allow is None:
            return self._ready(question, {})
        scope[_ALLOWED] = answer_of(question)()
        return self._ready(question, scope[_ALLOWED])

    def _ready(self, question: Question, allowed: Mapping[str, Any] | None) -> Ready:
        if allowed is None:
            raise NotAllowed("you may not see this")
        rendition, asked = question.rendition, question.asked
        params = {**question.said, **allowed}
        format_ = ""
        if rendition.formats:
            format_ = rendition.best_format(asked.headers.get("accept", ""))
        version = asked.query.get("v", "")
        key = (rendition, question.id, tuple(params.items()), format_, version)
        try:
            known = self._known.get(key)
        except TypeError:  # lists and the like have no hash
            return self._make_ready(rendition, question.id, params, format_, version)
        if known is None:
            known = self._make_ready(rendition, question.id, params, format_, version)
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            self._known[key] = known
        return known

    def _make_ready(
        self, rendition: Rendition, id: int, params: dict[str, Any], format: str, version: str
    ) -> Ready:
        wanted = rendition.wanted(id, params, format)
        if self._root is None:
            return Ready(rendition, wanted, None)
        path, headers = path_of(self._root, wanted), _headers(rendition, wanted, version)
        reply = FileReply(path, media_type=wanted.type, headers=headers)
        return Ready(rendition, wanted, reply)

    async def send(self, ready: Ready, scope: Scope, receive: Receive, send: Send) -> None:
        """Send what is in the cache.

        Raises:
            NotFound: it is not.
        """
        if ready.reply is None or self._pool is None:
            raise NotFound("this home keeps no renditions")
        await ready.reply(scope, receive, send)
        self._pool.used(ready.wanted)

    def count_hit(self, ready: Ready, loop: AbstractEventLoop) -> None:
        """Note, in a thread beside `loop`, that the front was told which file to send."""
        if self._pool is not None:
            self._pool.used(ready.wanted, loop)
        self.count(ready.rendition, "hit")

    async def make(self, ready: Ready) -> None:
        """Have it rendered.

        Raises:
            Error: that cannot be done, or not in time.
        """
        if self._pool is None:
            raise Unavailable("a home in memory keeps no renditions", retry_after=60)
        if self._waiting >= MOST_WAITING:
            raise Busy("too many pictures wait to be rendered", retry_after=2)
        self._waiting += 1
        try:
            await self._pool.render(ready.wanted, ready.rendition.give_up_after)
        finally:
            self._waiting -= 1

    def count(self, rendition: Rendition, outcome: str) -> None:
        """Count an answer."""
        self._count(f"{rendition.collection}/{rendition.name}", outcome)

    async def close(self) -> None:
        """Let go of the pool."""
        if self._pool is not None:
            await self._pool.close()


class Reply(Response):
    """The file, which is made first if need be."""

    def __init__(self, gallery: Gallery, ready: Ready) -> None:
        super().__init__()
        self._gallery = gallery
        self._ready = ready

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        gallery, ready = self._gallery, self._ready
        try:
            await gallery.send(ready, scope, receive, send)
        except NotFound:
            await self._make()
            await gallery.send(ready, scope, receive, send)
            gallery.count(ready.rendition, "miss")
        else:
            gallery.count(ready.rendition, "hit")

    async def _make(self) -> None:
        try:
            await self._gallery.make(self._ready)
        except Error as wrong:
            self._gallery.count(self._ready.rendition, type(wrong).__name__.lower())
            raise


def _headers(rendition: Rendition, wanted: Wanted, version: str) -> dict[str, str]:
    """What it is sent with. An address with the right version never shows anything else."""
    shared = rendition.who == "anybody" and rendition.allow is None
    lasting = len(version) == 8 and f".{version}" in _versioned(rendition, wanted)
    control = f"{'public' if shared else 'private'}, {_FOR_EVER if lasting else _ASK_AGAIN}"
    made = {**SECURITY_HEADERS, "cache-control": control}
    if rendition.formats:
        made["vary"] = "Accept"
    return made


def _versioned(rendition: Rendition, wanted: Wanted) -> str:
    """The name that versions are of: whatever format a browser takes, its address is the same."""
    if not rendition.formats or wanted.format == rendition.formats[0]:
        return wanted.name
    return rendition.wanted(wanted.id, wanted.params, rendition.formats[0]).name
