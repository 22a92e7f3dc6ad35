"""What the pages of an app's own site are made of; see docs/sites.md."""

from __future__ import annotations

from starlette.responses import HTMLResponse, JSONResponse, Response

from billow.accounts.errors import Forbidden, NotLoggedIn
from billow.errors import BadInput, Conflict, NotAccepted, NotFound, TooLarge, Unavailable
from billow.web.forms import Part
from billow.web.site.request import Request, attachment, redirect
from billow.web.site.values import Visitor

__all__ = [
    "BadInput",
    "Conflict",
    "Forbidden",
    "HTMLResponse",
    "JSONResponse",
    "NotAccepted",
    "NotFound",
    "NotLoggedIn",
    "Part",
    "Request",
    "Response",
    "TooLarge",
    "Unavailable",
    "Visitor",
    "attachment",
    "redirect",
]
