"""What every template of a site can use, and who is asking as its pages see them."""

from __future__ import annotations

import secrets
from functools import partial
from typing import Any, NamedTuple

from starlette.requests import Request

from billow.web.context import context_of
from billow.web.site.assets import asset_address
from billow.web.visitor import Visitor as Asker


class Visitor(NamedTuple):
    """Somebody who is known."""

    #: The id of their account; what is theirs has it as owner. "local" without accounts.
    owner: str
    #: What they say they are called; it may be empty.
    name: str
    #: Name of their plan; "" is that of new accounts.
    plan: str
    #: Whether they run the service.
    admin: bool


def seen(asker: Asker, scope: str = "") -> Visitor | None:
    """Who asks, for a page that takes API tokens that are good for `scope`."""
    if not asker.accounts:
        return Visitor(asker.owner, "", "", admin=True)
    who = asker.who
    if who is None or (who.token is not None and not (scope and who.may(scope))):
        return None
    account = who.account
    return Visitor(who.owner, account.name, account.plan, who.is_admin)


def site_values(request: Request) -> dict[str, Any]:
    """What a template has beside its own values."""
    context = context_of(request)
    asker, app = context.visitor, context.app
    return {
        "app_name": app.name,
        "path": request.url.path,
        "query": request.query_params,
        "now": context.home.clock.now(),
        "visitor": seen(asker),
        "accounts_on": asker.accounts,
        "asset": partial(asset_address, app.static_folder),
        "act": partial(_act, asker.form),
        "nonce": _nonce(request),
    }


def _act(form: str, address: str) -> str:
    """Where a form is sent, with what proves that it is one of this session's."""
    if not form:
        return address
    joint = "&" if "?" in address else "?"
    return f"{address}{joint}form={form}"


def _nonce(request: Request) -> str:
    """What inline styles and scripts of this one answer carry; the guard tells the browser."""
    nonce: str = request.scope.setdefault("billow.nonce", secrets.token_urlsafe(16))
    return nonce
