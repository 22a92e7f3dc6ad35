"""What Stripe tells: webhooks about payments."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from billow.errors import TooLarge
from billow.payments.opening import open_payments
from billow.payments.service import Payments
from billow.units import KiB, human_size
from billow.web.api.endpoint import PREFIX, Answer, Endpoint, Query
from billow.web.context import Context, context_of
from billow.web.limits import blocks_of
from billow.web.replies import reply

#: Bytes of a webhook; Stripe's are far below.
MAX_BODY = 256 * KiB


async def receive_payment_event(request: Request, _: Query) -> Response:
    """Take a webhook of Stripe.

    Its signature is checked over the bytes as they came. When this answers 200 the event is kept
    and will be followed, or is nothing to follow. Sent again, an event has no further effect.
    """
    context = context_of(request)
    payments = await context.run(_payments, request, context)
    body = bytearray()
    async for block in blocks_of(request):
        body += block
        if len(body) > MAX_BODY:
            raise TooLarge(f"a webhook may have {human_size(MAX_BODY)}", limit=MAX_BODY)
    signatures = request.headers.getlist("stripe-signature")
    followed = await context.run(payments.receive, bytes(body), signatures)
    return reply({"received": True, "followed": followed})


def _payments(request: Request, context: Context) -> Payments:
    """The payments of this process, opened at the first webhook."""
    state = request.app.state
    if not hasattr(state, "payments"):
        state.payments = open_payments(context.home, context.app)
    payments: Payments = state.payments
    return payments


ENDPOINTS = [
    Endpoint(
        "POST",
        f"{PREFIX}/payments/stripe",
        receive_payment_event,
        {
            200: Answer(
                "Kept, or nothing to follow",
                {
                    "application/json": {
                        "type": "object",
                        "properties": {
                            "received": {"type": "boolean"},
                            "followed": {"type": "boolean"},
                        },
                        "required": ["received", "followed"],
                        "additionalProperties": False,
                    }
                },
            )
        },
        body={"application/json": {"type": "object"}},
        problems=(400, 404, 413, 503),
    )
]
