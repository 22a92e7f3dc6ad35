"""Mail: what became of each, and in development the letters themselves."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from billow.errors import NotFound
from billow.mail.records import Records, release
from billow.web.context import context_of
from billow.web.pages.asked import Asked
from billow.web.pages.view import show

#: Mails on a page.
PAGE = 50


def routes() -> list[BaseRoute]:
    """Addresses of this screen."""
    return [
        Route("/inbox", inbox_page, methods=["GET"], name="inbox"),
        Route("/inbox/{key}", letter_page, methods=["GET"], name="letter"),
        Route("/inbox/{key}", send_again, methods=["POST"]),
    ]


async def inbox_page(request: Request) -> Response:
    """All mails, the latest first."""
    return await show(request, "inbox", build)


async def letter_page(request: Request) -> Response:
    """One mail: what became of it, and what it says if it was kept."""
    return await show(request, "letter", build_letter)


async def send_again(request: Request) -> Response:
    """Send a mail that is held.

    Raises:
        NotFound: no such mail is held.
    """
    context, key = context_of(request), request.path_params["key"]
    await context.run(release, context.home, key)
    return RedirectResponse(f"/inbox/{key}?told=retried&n=1", 303)


def build(asked: Asked) -> dict[str, Any]:
    """What the page shows."""
    after = asked.query.get("after") or None
    found = Records(asked.home).latest(after, PAGE + 1)
    more = found[PAGE - 1].key if len(found) > PAGE else None
    return {"mails": found[:PAGE], "more": more}


def build_letter(asked: Asked) -> dict[str, Any]:
    """A mail and, if it was kept, its letter.

    Raises:
        NotFound: there is no such mail.
    """
    records, key = Records(asked.home), asked.query["key"]
    mail = records.get(key)
    if mail is None:
        raise NotFound("there is no such mail")
    return {"mail": mail, "letter": records.letter(key)}
