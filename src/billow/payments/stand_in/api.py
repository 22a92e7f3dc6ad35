"""The stand-in's API: the calls that Billow makes, answered in Stripe's shapes."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from billow.payments.stand_in.books import Books, Problem, Thing

#: Parameters by their flat names, such as `line_items[0][price]`.
Given: TypeAlias = dict[str, str]
Call: TypeAlias = Callable[[Books, Request, Given], Thing]

_METADATA = re.compile(r"(?:subscription_data\[)?metadata\]?\[(\w+)\]")


def routes(books: Books, key: str) -> list[Route]:
    """The API for those who have the key."""

    def route(method: str, path: str, call: Call) -> Route:
        return Route(f"/v1{path}", _answering(books, key, call), methods=[method])

    return [
        route("POST", "/customers", _create_customer),
        route("GET", "/customers/{id}", lambda b, r, _: b.get("customers", r.path_params["id"])),
        route("GET", "/prices", _list_prices),
        route("POST", "/checkout/sessions", _create_session),
        route("GET", "/checkout/sessions", _list_sessions),
        route("POST", "/checkout/sessions/{id}/expire", _expire_session),
        route("POST", "/billing_portal/sessions", _create_portal),
        route("GET", "/subscriptions", _list_subscriptions),
        route("DELETE", "/subscriptions/{id}", _cancel),
        route("GET", "/events", lambda b, r, _: _list(b.all("events"), r)),
        route("GET", "/events/{id}", lambda b, r, _: b.get("events", r.path_params["id"])),
    ]


def _answering(books: Books, key: str, call: Call) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        text = await request.body() if request.method == "POST" else request.url.query.encode()
        given = dict(parse_qsl(text.decode(), keep_blank_values=True))
        try:
            status, told = await run_in_threadpool(_once, books, key, call, request, given)
        except Problem as problem:
            error = {"type": problem.kind, "code": problem.code, "message": str(problem)}
            status, told = problem.status, {"error": error}
        headers = {"Request-Id": f"req_{secrets.token_hex(7)}"}
        return JSONResponse(told, status, headers)

    return answer


def _once(
    books: Books, key: str, call: Call, request: Request, given: Given
) -> tuple[int, dict[str, Any]]:
    """Do a call; the same one with the same idempotency key is answered as it was before."""
    if not secrets.compare_digest(request.headers.get("authorization", ""), f"Bearer {key}"):
        return 401, {"error": {"type": "invalid_request_error", "message": "Invalid API Key"}}
    once = request.headers.get("idempotency-key", "")
    if request.method != "POST" or not once:
        with books.step():
            return 200, call(books, request, given)
    asked = json.dumps([request.url.path, sorted(given.items())])
    with books.step():
        known = books.peek("answers", once)
        if known is None:
            told = json.loads(json.dumps(call(books, request, given)))
            known = books.keep("answers", once, {"asked": asked, "told": told})
    if known["asked"] != asked:
        raise Problem(400, "idempotency_error", "The key was used with other parameters.")
    return 200, known["told"]


def _list(things: list[Thing], request: Request) -> Thing:
    """A list that is never longer than asked, without pages."""
    limit = int(request.query_params.get("limit", "10"))
    found = things[:limit]
    return {
        "object": "list", "url": request.url.path, "has_more": len(things) > limit, "data": found,
    }  # fmt: skip


def _metadata(given: Given) -> dict[str, str]:
    return {m[1]: value for name, value in given.items() if (m := _METADATA.fullmatch(name))}


def _create_customer(books: Books, _: Request, given: Given) -> Thing:
    return books.make(
        "customers", "cus", object="customer", email=given.get("email"), metadata=_metadata(given)
    )


def _list_prices(books: Books, request: Request, given: Given) -> Thing:
    wanted = {value for name, value in given.items() if name.startswith("lookup_keys")}
    found = [price for price in books.all("prices", active=True) if price["lookup_key"] in wanted]
    return _list(found, request)


def _create_session(books: Books, request: Request, given: Given) -> Thing:
    customer = books.get("customers", given.get("customer", ""))
    price = books.get("prices", given.get("line_items[0][price]", ""))
    if not 1800 <= int(given["expires_at"]) - books.now() <= 86400:
        raise Problem(400, "parameter_invalid", "expires_at: between 30 minutes and 24 hours")
    made = books.make(
        "sessions", "cs_test", object="checkout.session", mode=given["mode"], status="open",
        payment_status="unpaid", customer=customer["id"], expires_at=int(given["expires_at"]),
        client_reference_id=given.get("client_reference_id"), success_url=given["success_url"],
        cancel_url=given["cancel_url"], subscription=None, told=_metadata(given),
        line_items={"object": "list", "data": [{"object": "item", "quantity": 1, "price": price}]},
    )  # fmt: skip
    made["url"] = f"{str(request.base_url).rstrip('/')}/pay/{made['id']}"
    return made


def _list_sessions(books: Books, request: Request, given: Given) -> Thing:
    return _list(
        books.all("sessions", customer=given.get("customer"), status=given.get("status")), request
    )


def _expire_session(books: Books, request: Request, _: Given) -> Thing:
    found = books.open_session(request.path_params["id"])
    found |= {"status": "expired", "url": None}
    books.tell("checkout.session.expired", found)
    return found


def _create_portal(books: Books, request: Request, given: Given) -> Thing:
    customer = books.get("customers", given.get("customer", ""))
    made = books.make(
        "portals", "bps", object="billing_portal.session", customer=customer["id"],
        return_url=given["return_url"],
    )  # fmt: skip
    made["url"] = f"{str(request.base_url).rstrip('/')}/portal/{made['id']}"
    return made


def _list_subscriptions(books: Books, request: Request, given: Given) -> Thing:
    found = books.all("subscriptions", customer=given.get("customer"))
    if given.get("status") != "all":
        found = [each for each in found if each["status"] != "canceled"]
    return _list(found, request)


def _cancel(books: Books, request: Request, _: Given) -> Thing:
    return books.set_status(request.path_params["id"], "canceled")
