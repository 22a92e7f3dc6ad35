"""The chore `billow.webhook`: tell an owner's servers what happened."""

from __future__ import annotations

from typing import Any

from billow.app import App
from billow.errors import NotFound, Rejected
from billow.home import Home
from billow.options import Retry
from billow.origin import current
from billow.settings import in_force
from billow.webhooks import events
from billow.webhooks.address import Forbidden, read_url
from billow.webhooks.endpoints import Endpoint, Webhooks
from billow.webhooks.post import Poster
from billow.webhooks.signature import sign

#: Seventeen tries in about 29 hours, then the dead letters.
RETRY = Retry(attempts=17, backoff="5 s", max_backoff="6 h")
#: The breaker that counts.
CALLS = "webhooks"

_GONE = 410


class NotDelivered(Exception):
    """The endpoint did not take it; it is tried again later."""


def run(home: Home, app: App, args: dict[str, Any]) -> dict[str, Any]:
    """Pass a message on to an owner's endpoints, or deliver it to one; see `tell`."""
    del app
    return tell(home, args, Poster(local=in_force("webhooks_local").value))


def tell(home: Home, args: dict[str, Any], poster: Poster) -> dict[str, Any]:
    """Do what the job's arguments ask for.

    Raises:
        NotDelivered: try again later.
        Rejected: this can never be delivered.
    """
    owner = args["owner"]
    told = events.Message(args["id"], args["type"], args["body"])
    hooks = Webhooks(home, poster.local)
    if "endpoint" in args:
        return _deliver(hooks, owner, args["endpoint"], told, poster)
    wanting = [each for each in hooks.all(owner) if each.wants(told.type)]
    if wanting:
        home.ledger.submit([events.deliver(owner, each.id, told) for each in wanting])
    return {"endpoints": [each.id for each in wanting]}


def _deliver(
    hooks: Webhooks, owner: str, id: str, told: events.Message, poster: Poster
) -> dict[str, Any]:
    try:
        endpoint = hooks.get(owner, id)
    except NotFound:
        return {"dropped": "the endpoint was removed"}
    if not endpoint.enabled and told.type != events.TEST:
        return {"dropped": "the endpoint is off"}
    return _post(hooks, endpoint, told, poster)


def _post(
    hooks: Webhooks, endpoint: Endpoint, told: events.Message, poster: Poster
) -> dict[str, Any]:
    body = told.body.encode()
    signed = sign(told.id, int(poster.now()), body, hooks.secrets(endpoint))
    try:
        target = read_url(endpoint.url, poster.local)
    except Forbidden as problem:
        raise Rejected(problem.detail) from None
    headers = {"Content-Type": "application/json", "User-Agent": "Billow-Webhooks/1", **signed}
    if traceparent := current().traceparent:
        headers["traceparent"] = traceparent
    answer = poster.post(target, headers, body)
    hooks.note(endpoint, told.id, told.type, answer)
    if answer.ok:
        return {"status": answer.status}
    if answer.status == _GONE:
        hooks.switch_off(endpoint.owner, endpoint.id, "its server answered 410 Gone")
        raise Rejected("the endpoint's server answered 410 Gone; the endpoint is off now")
    if told.type == events.TEST:
        raise Rejected(answer.reason)  # its owner looks on, and tries again by hand
    raise NotDelivered(answer.reason)
