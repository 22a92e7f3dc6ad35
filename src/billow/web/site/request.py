"""What a page of a site is asked, and what it can answer with."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, ParamSpec, TypeVar

from starlette.datastructures import Headers, ImmutableMultiDict, QueryParams
from starlette.requests import Request as StarletteRequest
from starlette.responses import HTMLResponse, RedirectResponse, Response

from billow.errors import NotAccepted, TooLarge
from billow.flow.client import Client
from billow.units import human_size
from billow.web.context import Context
from billow.web.download import disposition
from billow.web.forms import Form, Part
from billow.web.limits import blocks_of
from billow.web.pages.view import templates
from billow.web.receive import pull
from billow.web.replies import local
from billow.web.sendfile import FileReply
from billow.web.site.values import Visitor, site_values

P = ParamSpec("P")
T = TypeVar("T")


class Sent(NamedTuple):
    """The body of a request, if it is one that is read beforehand."""

    form: ImmutableMultiDict[str, str] | None = None
    json: Any = None


class Request:
    """A request, as the handler of a page sees it."""

    def __init__(
        self, raw: StarletteRequest, context: Context, visitor: Visitor | None, sent: Sent
    ) -> None:
        self._raw = raw
        self._context = context
        self._sent = sent
        #: Who asks; None is somebody who is not known.
        self.visitor = visitor

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.path}>"

    @property
    def method(self) -> str:
        """GET, POST and so on."""
        return self._raw.method

    @property
    def path(self) -> str:
        """The address without what follows its question mark."""
        return self._raw.url.path

    @property
    def query(self) -> QueryParams:
        """What follows it; `query.get("page", "1")`."""
        return self._raw.query_params

    @property
    def headers(self) -> Headers:
        """The headers, whose names know no case."""
        return self._raw.headers

    @property
    def cookies(self) -> Mapping[str, str]:
        """The cookies of the browser."""
        return self._raw.cookies

    @property
    def address(self) -> str:
        """The network address that the request comes from."""
        return self._context.visitor.visit.address or (self._raw.client or ("",))[0]

    @property
    def id(self) -> str:
        """The request's id in the logs."""
        return str(self._raw.scope.get("billow.id", ""))

    @property
    def client(self) -> Client:
        """The app's functions and jobs, as far as the visitor may use them."""
        return self._context.client

    @property
    def form(self) -> ImmutableMultiDict[str, str]:
        """The fields of a plain form: `form.get("caption")`, `form.getlist("tag")`.

        Raises:
            NotAccepted: the body is no plain form.
        """
        if self._sent.form is None:
            raise NotAccepted("this address takes a form", allowed=[FORM])
        return self._sent.form

    @property
    def json(self) -> Any:
        """The value of a JSON body.

        Raises:
            NotAccepted: the body is no JSON.
        """
        if self._sent.json is None:
            raise NotAccepted("this address takes JSON", allowed=[JSON])
        return self._sent.json

    @property
    def wants_html(self) -> bool:
        """Whether a person at a browser looks at the answer."""
        return "text/html" in self.headers.get("accept", "")

    def url(self, path: str = "/") -> str:
        """A path of the site as a whole address, such as other people can follow."""
        lobby = self._raw.app.state.lobby
        if lobby is not None and lobby.public.url:
            return f"{lobby.public.url}{path}"
        return f"{self._raw.url.scheme}://{self._raw.headers['host']}{path}"

    def render(self, template: str, *, status: int = 200, **values: Any) -> Response:
        """A template of the app's folder, filled with `values`.

        Beside them a template has `visitor`, `asset("app.css")` for the address of a file,
        `act("/address")` for where a form leads, `nonce` for inline styles, `path`, `query`, `now`
        and `request`.
        """
        context = self._context
        shared = {**site_values(self._raw), "visitor": self.visitor, "request": self}
        found = templates(context.app.template_folder).get_template(f"site/{template}")
        return HTMLResponse(found.render(shared | values), status)

    def parts(self) -> AsyncIterator[Part]:
        """The fields and files of a multipart form as they come; each is read in its turn.

        Raises:
            NotAccepted: the body is no such form.
            BadInput: it cannot be read.
        """
        kind = self.headers.get("content-type", "")
        if not kind.lower().startswith(MULTIPART):
            raise NotAccepted("this address takes files of a form", allowed=[MULTIPART])
        return Form(kind, blocks_of(self._raw)).parts()

    async def take(self, part: Part, keep: Callable[[Iterator[bytes]], T]) -> T:
        """The result of `keep(blocks)`, called in a thread while a file comes in.

        Raises:
            TooLarge: it has more bytes than the visitor's plan allows.
            Unavailable: too many uploads are under way.
        """
        blocks = pull(part.blocks(), asyncio.get_running_loop())
        return await self._context.store(keep, _bounded(blocks, self._context.visitor.most))

    async def run(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of `work(...)`, called in a thread: for what blocks, in an `async` handler."""
        return await self._context.run(work, *args, **kwargs)


def _bounded(blocks: Iterator[bytes], most: int | None) -> Iterator[bytes]:
    came = 0
    for block in blocks:
        came += len(block)
        if most is not None and came > most:
            words = f"larger than the {human_size(most)} that your plan allows"
            raise TooLarge(words, limit=most)
        yield block


FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
MULTIPART = "multipart/form-data"


def redirect(path: str, fallback: str = "/") -> Response:
    """Lead the browser on to a path of this site; elsewhere nobody is sent.

    Args:
        path: where to.
        fallback: where to instead, if `path` leads elsewhere.
    """
    return RedirectResponse(local(path) or fallback, 303)


def attachment(path: Path, name: str, type: str) -> Response:
    """A file below the service's folder, to be saved under `name` and never shown as a page.

    Args:
        path: the file, which must not change.
        name: what the browser is to call it.
        type: its media type.
    """
    headers = {
        "content-disposition": disposition(name),
        "content-security-policy": "default-src 'none'; sandbox",
        "cache-control": "private, no-cache",
    }
    return FileReply(path, media_type=type, headers=headers)


def as_response(answer: Any) -> Response:
    """What a handler returned as a response: text is HTML, other values are JSON."""
    if isinstance(answer, Response):
        return answer
    if isinstance(answer, str):
        return HTMLResponse(answer)
    if answer is None:
        return Response(status_code=204)
    return Response(json.dumps(answer, ensure_ascii=False), media_type=JSON)
