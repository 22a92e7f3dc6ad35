"""The chore `billow.webhook`: tell an owner's servers what happened.

Each endpoint has a breaker. While it is open messages for it are put off, before anything is sent,
so that a server that does not answer takes up nobody's time.
"""

from __future__ import annotations

from typing import Any

from billow.app import App
from billow.errors import NotFound, Rejected
from billow.flow.done import Later
from billow.flow.receivers import Receivers, name_of
from billow.home import Home
from billow.options import Retry
from billow.origin import current
from billow.settings import in_force
from billow.webhooks import events
from billow.webhooks.address import Forbidden, read_url
from billow.webhooks.endpoints import Endpoint, Webhooks
from billow.webhooks.post import TIMEOUT, Answer, Poster
from billow.webhooks.signature import sign

#: Seventeen tries in about 29 hours, then the dead letters.
RETRY = Retry(attempts=17, backoff="5 s", max_backoff="6 h")
#: Seconds that one message may try to be taken while all others for the endpoint are put off.
_TRY = TIMEOUT + 30.0

_GONE = 410


class NotDelivered(Exception):
    """The endpoint did not take it; it is tried again later."""


def run(home: Home, app: App, args: dict[str, Any]) -> dict[str, Any] | Later:
    """Pass a message on to an owner's endpoints, or deliver it to one; see `tell`."""
    del app
    return tell(home, args, Poster(local=in_force("webhooks_local").value))


def tell(home: Home, args: dict[str, Any], poster: Poster) -> dict[str, Any] | Later:
    """Do what the job's arguments ask for, or say when it may be done.

    Raises:
        NotDelivered: try again later.
        Rejected: this can never be delivered.
    """
    owner = args["owner"]
    told = events.Message(args["id"], args["type"], args["body"])
    hooks = Webhooks(home, poster.local)
    if "endpoint" in args:
        return _Delivery(home, hooks, poster).deliver(owner, args["endpoint"], told)
    wanting = [each for each in hooks.all(owner) if each.wants(told.type)]
    if wanting:
        home.ledger.submit([events.deliver(owner, each.id, told) for each in wanting])
    return {"endpoints": [each.id for each in wanting]}


class _Delivery:
    """Delivers a message to one endpoint."""

    def __init__(self, home: Home, hooks: Webhooks, poster: Poster) -> None:
        self._hooks = hooks
        self._poster = poster
        self._receivers = Receivers(home, _TRY)

    def deliver(self, owner: str, id: str, told: events.Message) -> dict[str, Any] | Later:
        try:
            endpoint = self._hooks.get(owner, id)
        except NotFound:
            return {"dropped": "the endpoint was removed"}
        if not endpoint.enabled and told.type != events.TEST:
            return {"dropped": "the endpoint is off"}
        try:
            target = read_url(endpoint.url, self._poster.local)
        except Forbidden as problem:
            raise Rejected(problem.detail) from None
        receiver = name_of(target.label, endpoint.id)
        # Who tries an endpoint by hand looks on; that need not wait for its time.
        later = None if told.type == events.TEST else self._put_off(receiver, told)
        if later is not None:
            return later
        answer = self._poster.post(target, self._headers(endpoint, told), told.body.encode())
        self._note(endpoint, receiver, told, answer)
        return self._settle(endpoint, told, answer)

    def _put_off(self, receiver: str, told: events.Message) -> Later | None:
        breaker = self._receivers.keeps_back(receiver, told.id)
        if breaker is None:
            return None
        if self._receivers.is_lost(breaker):
            raise NotDelivered(f"not sent, for its server takes nothing: {breaker.reason}")
        return Later(self._receivers.rest(breaker, told.id))

    def _headers(self, endpoint: Endpoint, told: events.Message) -> dict[str, str]:
        secrets = self._hooks.secrets(endpoint)
        signed = sign(told.id, int(self._poster.now()), told.body.encode(), secrets)
        headers = {"Content-Type": "application/json", "User-Agent": "Billow-Webhooks/1", **signed}
        if traceparent := current().traceparent:
            headers["traceparent"] = traceparent
        return headers

    def _note(
        self, endpoint: Endpoint, receiver: str, told: events.Message, answer: Answer
    ) -> None:
        self._hooks.note(endpoint, told.id, told.type, answer)
        if answer.ok:
            self._receivers.worked(receiver, told.id)
        else:
            row = self._hooks.takes_nothing(endpoint)
            self._receivers.failed(receiver, told.id, answer.reason, row=row)

    def _settle(self, endpoint: Endpoint, told: events.Message, answer: Answer) -> dict[str, Any]:
        if answer.ok:
            return {"status": answer.status}
        if answer.status == _GONE:
            self._hooks.switch_off(endpoint.owner, endpoint.id, "its server answered 410 Gone")
            raise Rejected("the endpoint's server answered 410 Gone; the endpoint is off now")
        if told.type == events.TEST:
            raise Rejected(answer.reason)  # its owner looks on, and tries again by hand
        raise NotDelivered(answer.reason)
