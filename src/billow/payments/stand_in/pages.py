"""The stand-in's pages: where a person pays, and where they see and end what they pay for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from billow.payments.price import Price
from billow.payments.stand_in.books import Books, Problem, Thing

#: The cards that there are: one that pays, and one that a bank declines.
GOOD_CARD = "4242424242424242"
DECLINED_CARD = "4000000000000002"

_DECLINED = "Your card was declined."
_UNKNOWN = "Your card number is invalid; use one of the test cards below."
#: What a person can do to a subscription in the portal, and what becomes of it.
_ACTIONS = {"cancel": "canceled", "fail": "past_due", "settle": "active"}

_TEMPLATES = Environment(
    loader=PackageLoader("billow.payments.stand_in"), autoescape=True, undefined=StrictUndefined
)

Page = Callable[[Books, Request, dict[str, str]], Response]


def routes(books: Books) -> list[Route]:
    """The pages."""

    def route(method: str, path: str, page: Page) -> Route:
        return Route(path, _answering(books, page), methods=[method])

    return [
        route("GET", "/pay/{id}", _show_checkout),
        route("POST", "/pay/{id}", _pay),
        route("GET", "/portal/{id}", _show_portal),
        route("POST", "/portal/{id}", _change),
    ]


def _answering(books: Books, page: Page) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        form = await request.form()
        given = {name: str(value) for name, value in form.items()}
        try:
            return await run_in_threadpool(page, books, request, given)
        except Problem as problem:
            return _write("gone.html", problem.status, problem=str(problem))

    return answer


def _show_checkout(books: Books, request: Request, _: dict[str, str]) -> Response:
    return _checkout(books, books.open_session(request.path_params["id"]))


def _checkout(books: Books, session: Thing, problem: str = "") -> Response:
    price = books.get("prices", session["line_items"]["data"][0]["price"]["id"])
    return _write(
        "pay.html", 402 if problem else 200, problem=problem, price=text_of(price),
        customer=books.get("customers", session["customer"])["email"],
        cancel=session["cancel_url"], good=_spaced(GOOD_CARD), declined=_spaced(DECLINED_CARD),
    )  # fmt: skip


def _pay(books: Books, request: Request, given: dict[str, str]) -> Response:
    session = books.open_session(request.path_params["id"])
    card = "".join(given.get("card", "").split())
    if card != GOOD_CARD:
        return _checkout(books, session, _DECLINED if card == DECLINED_CARD else _UNKNOWN)
    books.pay(session["id"])
    url = session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"])
    return RedirectResponse(url, 303)


def _show_portal(books: Books, request: Request, _: dict[str, str]) -> Response:
    portal = books.get("portals", request.path_params["id"])
    found = [
        {
            "id": each["id"],
            "status": each["status"].replace("_", " "),
            "open": each["status"] != "canceled",
            "price": text_of(each["items"]["data"][0]["price"]),
        }
        for each in books.all("subscriptions", customer=portal["customer"])
    ]
    return _write("portal.html", subscriptions=found, back=portal["return_url"])


def _change(books: Books, request: Request, given: dict[str, str]) -> Response:
    portal = books.get("portals", request.path_params["id"])
    found = books.get("subscriptions", given.get("subscription", ""))
    if found["customer"] != portal["customer"] or given.get("action") not in _ACTIONS:
        raise Problem(404, "resource_missing", "There is no such subscription here.")
    books.set_status(found["id"], _ACTIONS[given["action"]])
    return RedirectResponse(request.url.path, 303)


def text_of(price: Thing) -> str:
    """What a price is, in words."""
    interval = price["recurring"]["interval"]
    return Price("", "", price["unit_amount"], price["currency"], interval).text


def _spaced(card: str) -> str:
    return " ".join(card[start : start + 4] for start in range(0, len(card), 4))


def _write(name: str, status: int = 200, **values: Any) -> Response:
    return HTMLResponse(_TEMPLATES.get_template(name).render(values), status)
