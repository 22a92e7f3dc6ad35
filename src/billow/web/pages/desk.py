"""What the pages of accounts share: forms that are read, and pages that answer them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from billow.accounts.roles import Principal
from billow.accounts.secret import Secret
from billow.errors import BadInput, Error
from billow.web.context import context_of
from billow.web.pages.form import read_form
from billow.web.pages.view import render

#: What a form sent, by name; of a name that stands several times, the last.
Sent: TypeAlias = Mapping[str, str]


async def answer(
    request: Request, page: str, model: Mapping[str, Any], problem: Error | None = None
) -> Response:
    """A page, which says what was wrong if something was."""
    full = {"problem": "" if problem is None else problem.detail, **model}
    text = await context_of(request).run(render, f"{page}.html", request, full)
    response = HTMLResponse(text, 200 if problem is None else problem.status)
    if problem is not None and "retry_after" in problem.extra:
        response.headers["Retry-After"] = str(problem.extra["retry_after"])
    return response


async def read(request: Request) -> Sent:
    """What a form sent."""
    return dict(await read_form(request))


def secret(sent: Sent, name: str) -> Secret:
    """A password or code of a form."""
    return Secret(sent.get(name, ""))


def person(request: Request) -> Principal:
    """Who is logged in, on a route that lets nobody else in."""
    who = context_of(request).visitor.who
    assert who is not None
    return who


def whole(text: str, most: int) -> int:
    """A number of a form, from 1 to `most`.

    Raises:
        BadInput: it is none.
    """
    if not (text.isascii() and text.isdecimal() and len(text) < 16 and 1 <= int(text) <= most):
        raise BadInput(f"write a number from 1 to {most}")
    return int(text)


def go(address: str) -> Response:
    """Lead the browser on, after a form was done."""
    return RedirectResponse(address, 303)
