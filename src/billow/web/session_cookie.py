"""The cookie that holds a session, and the token that forms of that session carry."""

from __future__ import annotations

from typing import NamedTuple

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import Response

from billow.accounts.secret import Secret, derive
from billow.accounts.sessions import LoggedIn
from billow.ports.accounts import Session

_LONGEST = 200


class Cookie(NamedTuple):
    """How the cookie is set. By https its name binds it to this host, without exception."""

    secure: bool

    @property
    def name(self) -> str:
        """What it is called."""
        return "__Host-billow" if self.secure else "billow"

    def read(self, headers: Headers) -> Secret | None:
        """The session token that a browser sent."""
        value = cookie_parser(headers.get("cookie", "")).get(self.name, "")
        return Secret(value) if 0 < len(value) <= _LONGEST else None

    def give(self, response: Response, made: LoggedIn) -> Response:
        """Have the browser keep a session, until it ends at last."""
        lasts = max(1, int(made.session.expires - made.session.created))
        response.set_cookie(
            self.name,
            made.token.reveal(),
            max_age=lasts,
            path="/",
            secure=self.secure,
            httponly=True,
            samesite="lax",
        )
        return response

    def take(self, response: Response) -> Response:
        """Have the browser forget it."""
        response.delete_cookie(
            self.name, path="/", secure=self.secure, httponly=True, samesite="lax"
        )
        return response


def form_token(key: bytes, session: Session) -> str:
    """What the forms of a session carry, and no page of another site can know.

    Args:
        key: the home's.
        session: whose forms they are.
    """
    return derive(key, f"form {session.hash}").reveal()[:32]
