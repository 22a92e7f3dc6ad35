"""Who is asking: found out once for each request, by the session's cookie or an API token."""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from billow.accounts.errors import Forbidden
from billow.accounts.roles import ADMIN, Principal
from billow.accounts.secret import Secret
from billow.accounts.service import AccountService
from billow.accounts.sessions import Visit
from billow.home import Home
from billow.plan import Plan
from billow.web.allowance import Allowance
from billow.web.context import Context
from billow.web.guard import is_loopback
from billow.web.scope import view
from billow.web.session_cookie import Cookie, form_token
from billow.web.visitor import NOBODY, Visitor

#: The field of an address, and the header, that carry a session's form token.
FORM_FIELD = "form"
FORM_HEADER = "x-billow-form"

#: Seconds after which a stream looks whether its session still lasts.
STREAM_LOOK = 5.0
#: Seconds in which what somebody is refused is written down once, and how many are remembered.
_QUIET = 60.0
_REMEMBERED = 10_000


class Public(NamedTuple):
    """The address under which people reach the service; empty if it is only this machine's."""

    url: str = ""

    @property
    def secure(self) -> bool:
        """Whether they reach it by https."""
        return self.url.startswith("https:")

    @property
    def host(self) -> str:
        """Its host as a browser names it."""
        return urlsplit(self.url).netloc.lower()


class Lobby:
    """Tells who visitors are, and shows them what of the service is theirs.

    Args:
        context: of the whole service.
        service: its accounts.
        public: where people reach it.
    """

    def __init__(self, context: Context, service: AccountService, public: Public) -> None:
        self.service = service
        self.cookie = Cookie(public.secure)
        self.plans: Mapping[str, Plan] = context.app.plan_by_name
        home = context.home
        self.allowance = Allowance(
            service.plans, self.plans, home.clock, self._is_admin, home.ledger
        )
        #: All of the service, whoever asks.
        self.whole = context
        self.public = public
        self._denied: dict[tuple[str, str], float] = {}

    async def receive(self, scope: Scope) -> Visitor:
        """Who a request comes from."""
        shown, visit = self._shown(scope)
        if shown is None and visit.before is None:
            return Visitor(visit=visit)
        return await self.whole.run(self._find, shown, visit.before, visit)

    def look(self, scope: Scope) -> Visitor:
        """The same, for a thread."""
        shown, visit = self._shown(scope)
        if shown is None and visit.before is None:
            return Visitor(visit=visit)
        return self._find(shown, visit.before, visit)

    def is_shown(self, scope: Scope) -> bool:
        """Whether a session or a token comes along, whose owner must be looked up."""
        shown, visit = self._shown(scope)
        return shown is not None or visit.before is not None

    def _shown(self, scope: Scope) -> tuple[Secret | None, Visit]:
        """The API token that is shown, and how the request comes; else a session's token in it."""
        headers = Headers(scope=scope)
        shown = _bearer(headers)
        token = None if shown is not None else self.cookie.read(headers)
        agent = headers.get("user-agent", "")
        return shown, Visit(self._address(scope, headers), agent, token)

    def still(self, visitor: Visitor) -> bool:
        """Whether what a visitor was let in by still lasts, and lets in as far as it did."""
        who = visitor.who
        if who is None:
            return True
        store = self.service.office.store
        account = store.look(lambda books: books.accounts.get(who.owner))
        if account is None or account.disabled_at is not None or account.role != who.account.role:
            return False
        if who.session is not None:
            hash_ = who.session.hash
            return store.look(lambda books: books.sessions.get(hash_)) is not None
        assert who.token is not None
        key = who.token.hash
        return store.look(lambda books: books.tokens.get(key)) is not None

    def context(self, visitor: Visitor) -> Context:
        """The service as a visitor may see and use it."""

        def refused(subject: str) -> None:
            self.deny(visitor, "another's", subject)

        shown: Home = view(self.whole.home, visitor, self.allowance, refused)
        return self.whole.seen_by(visitor, shown)

    def deny(self, visitor: Visitor, what: str, subject: str = "") -> None:
        """Write down that somebody known was refused something, once a minute for each thing."""
        if visitor.who is None:
            return
        owner, now = visitor.owner, time.monotonic()
        if now - self._denied.get((owner, what + subject), -_QUIET) < _QUIET:
            return
        if len(self._denied) >= _REMEMBERED:
            self._denied.clear()
        self._denied[owner, what + subject] = now
        office = self.service.office
        office.store.change(
            lambda books: office.note(
                books, owner, "was refused", subject, what=what, address=visitor.visit.address
            ),
            durable=False,
        )

    def _find(self, shown: Secret | None, token: Secret | None, visit: Visit) -> Visitor:
        if shown is not None:
            who = self.service.tokens.find(shown)
            if who is None:
                return Visitor(visit=visit, wrong="this token is not known, or has ended")
            return self._known(who, visit, "")
        assert token is not None
        who = self.service.sessions.find(token)
        if who is None or who.session is None:
            return Visitor(visit=visit)
        return self._known(who, visit, form_token(self.service.office.store.key(), who.session))

    def _known(self, who: Principal, visit: Visit, form: str) -> Visitor:
        most = None if who.is_admin else self.allowance.plan(who.account.plan).max_upload
        return Visitor(who, visit, form=form, most=most)

    def _is_admin(self, owner: str) -> bool:
        account = self.service.office.store.look(lambda books: books.accounts.get(owner))
        return account is not None and account.role == ADMIN

    def _address(self, scope: Scope, headers: Headers) -> str:
        """The visitor's network address, as the service's own proxy tells it if there is one."""
        client: str = (scope.get("client") or ("",))[0]
        told = headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
        return told[:64] if self.public.url and told and is_loopback(client) else client


class Identify:
    """ASGI middleware: finds out who asks, and has them see what is theirs."""

    def __init__(self, app: ASGIApp, lobby: Lobby) -> None:
        self._app = app
        self._lobby = lobby

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, with its own context."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        still = scope["path"].startswith(("/static/", "/assets/"))
        visitor = NOBODY if still else await self._lobby.receive(scope)
        scope["billow.context"] = self._lobby.context(visitor)
        scope["billow.owner"], scope["billow.max_upload"] = visitor.owner, visitor.most
        await self._app(scope, receive, _Watched(self._lobby, visitor, send))


class _Watched:
    """Ends a stream soon after the session that it was opened by."""

    def __init__(self, lobby: Lobby, visitor: Visitor, send: Send) -> None:
        self._lobby = lobby
        self._visitor = visitor
        self._send = send
        self._next: float | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            kind = Headers(raw=message.get("headers", [])).get("content-type", "")
            if "event-stream" in kind:
                self._next = time.monotonic() + STREAM_LOOK
        elif self._next is not None and time.monotonic() >= self._next:
            if not await asyncio.to_thread(self._lobby.still, self._visitor):
                await self._send({"type": "http.response.body", "body": b"", "more_body": False})
                raise ClientDisconnect
            self._next = time.monotonic() + STREAM_LOOK
        await self._send(message)


def check_form(scope: Scope, visitor: Visitor) -> None:
    """Make sure that a page of this service asks for a change, where a cookie says who asks.

    What the form of another site cannot send needs no token: other methods, and JSON. The token is
    taken out of the address, so that nothing further in sees it.

    Raises:
        Forbidden: the form was not made for this session.
    """
    headers = Headers(scope=scope)
    query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    given = [value for name, value in query if name == FORM_FIELD]
    if not visitor.form:
        return
    if given:
        kept = [(name, value) for name, value in query if name != FORM_FIELD]
        scope["query_string"] = urlencode(kept).encode("ascii")
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if scope["method"] != "POST" or kind == "application/json":
        return
    shown = headers.get(FORM_HEADER) or (given[-1] if given else "")
    if not hmac.compare_digest(shown.encode("utf-8", "replace"), visitor.form.encode()):
        raise Forbidden("this form was made for another session; load the page again")


def _bearer(headers: Headers) -> Secret | None:
    """The API token that a program shows."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return Secret(token.strip()[:200]) if scheme.lower() == "bearer" else None
