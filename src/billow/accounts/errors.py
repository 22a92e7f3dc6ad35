"""Why somebody is not let in.

Error
├── NotLoggedIn   who is asking is not known            401
├── Forbidden     who is asking is known, and may not   403
└── TooMany       tried too often of late               429
"""

from __future__ import annotations

from billow.errors import Error


class NotLoggedIn(Error):
    """Nobody is logged in, or what was shown to log in is not right; never says which part."""

    status = 401
    title = "Not logged in"


class Forbidden(Error):
    """The account, or the token, may not do this."""

    status = 403
    title = "Forbidden"


class TooMany(Error):
    """Tried too often; `extra["retry_after"]` says when to try again, in seconds."""

    status = 429
    title = "Too many tries"
