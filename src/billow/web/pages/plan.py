"""One's plan: what it allows, what a better one costs, and the ways to pay for it."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from billow.errors import BadInput, Error, NotFound
from billow.payments.opening import open_payments, takes_payments
from billow.payments.service import Payments
from billow.settings import in_force
from billow.web.auth import Lobby
from billow.web.context import context_of
from billow.web.guard import content_policy
from billow.web.pages.desk import answer, go, person, read

#: Where Stripe's own pages are.
_STRIPE_PAGES = ("https://checkout.stripe.com", "https://billing.stripe.com")
#: Seconds that a price is remembered, and that it is not asked for again after a failure.
_KNOWN = 600.0
_FAILED = 30.0
#: Seconds after which a page that waits for a payment looks again.
_LOOK_AGAIN = 2

_log = logging.getLogger("billow.web")


class _Shown(NamedTuple):
    """A price as text, empty if it is not known now, and until when that is to be believed."""

    text: str
    until: float


class PlanPages:
    """The plan of whoever is logged in, and its payment."""

    def __init__(self, lobby: Lobby) -> None:
        self._lobby = lobby
        self._payments: Payments | None = None
        self._prices: dict[str, _Shown] = {}
        self._lock = threading.Lock()

    def routes(self) -> list[BaseRoute]:
        """Their addresses."""
        return [
            Route("/plan", self.plan, methods=["GET"], name="plan"),
            Route("/plan/upgrade", self.upgrade, methods=["POST"]),
            Route("/plan/billing", self.billing, methods=["POST"]),
        ]

    async def plan(self, request: Request) -> Response:
        """What the plan allows, what is used of it, and what a better one costs."""
        return await self._show(request)

    async def upgrade(self, request: Request) -> Response:
        """Lead to the page where a plan is paid for."""
        sent, owner, back = await read(request), person(request).owner, self._back(request)

        def start() -> str:
            plan, payments = sent.get("plan", ""), self._open()
            if plan not in payments.sold:
                raise BadInput("choose a plan that can be paid for")
            return payments.start_checkout(owner, plan, f"{back}?paid={plan}", back)

        return await self._lead(request, start)

    async def billing(self, request: Request) -> Response:
        """Lead to the page with bills, where a card is changed and a plan is cancelled."""
        owner, back = person(request).owner, self._back(request)
        return await self._lead(request, lambda: self._open().portal(owner, back))

    async def _lead(self, request: Request, start: Any) -> Response:
        try:
            return go(await context_of(request).run(start))
        except Error as problem:
            return await self._show(request, problem)

    async def _show(self, request: Request, problem: Error | None = None) -> Response:
        context, owner = context_of(request), person(request).owner
        stands = await context.run(self._lobby.allowance.standing, owner)
        offer = await context.run(self._offer, owner, stands.plan.name)
        paid = request.query_params.get("paid", "")
        waiting = paid in offer["prices"] and paid != stands.plan.name
        model = {
            "plan": stands.plan,
            "spent": stands.spent,
            "plans": list(self._lobby.plans.values()),
            "exempt": context.visitor.runs_it,
            "waiting": waiting,
            "arrived": paid in offer["prices"] and not waiting,
            **offer,
        }
        response = await answer(request, "account/plan", model, problem)
        if offer["prices"]:
            response.headers["content-security-policy"] = content_policy(*_payment_pages())
        if waiting:
            response.headers["refresh"] = str(_LOOK_AGAIN)
        return response

    def _offer(self, owner: str, plan: str) -> dict[str, Any]:
        """Prices by plan, none if nothing is sold; whether to offer them, and the billing page."""
        try:
            payments = self._open()
        except NotFound:
            return {"prices": {}, "sells": False, "billed": False}
        except Error as problem:
            _log.warning("payments are set up wrongly: %s", problem.detail)
            return {"prices": {}, "sells": False, "billed": False}
        prices = {name: self._price(payments, name) for name in payments.sold}
        billed = payments.customer(owner) is not None
        return {"prices": prices, "sells": plan not in prices, "billed": billed}

    def _price(self, payments: Payments, plan: str) -> str:
        known, now = self._prices.get(plan), time.monotonic()
        if known is not None and now < known.until:
            return known.text
        try:
            found = _Shown(payments.price(plan).text, now + _KNOWN)
        except Error as problem:
            _log.warning("the price of %s is not known: %s", plan, problem.detail)
            found = _Shown("", now + _FAILED)
        self._prices[plan] = found
        return found.text

    def _open(self) -> Payments:
        """The payments of this process.

        Raises:
            NotFound: the service takes none.
            SettingError: they are set up wrongly.
        """
        whole = self._lobby.whole
        if not takes_payments(whole.app):
            raise NotFound("this service takes no payments")
        with self._lock:
            if self._payments is None:
                self._payments = open_payments(whole.home, whole.app)
            return self._payments

    def _back(self, request: Request) -> str:
        """The address of the plan's page, as the browser reaches it."""
        base = self._lobby.public.url or str(request.base_url)
        return f"{base.rstrip('/')}/plan"


def _payment_pages() -> tuple[str, ...]:
    """Origins of the pages on which people pay."""
    base = urlsplit(in_force("stripe_api_base").value)
    return (f"{base.scheme}://{base.netloc}",) if base.netloc else _STRIPE_PAGES
