"""Everything that Billow raises on purpose.

Error
├── DeclarationError      the author declared something that cannot work
├── SettingError          a setting is unknown or has an impossible value
├── BadInput              what a client sent cannot be taken           422
│   ├── TooLarge          ... because it is too big                    413
│   └── NotAccepted       ... because it is of the wrong kind          415
├── NotFound              no such job, object, queue, function         404
├── Conflict              the state does not allow it, or a key was    409
│                         used before for something else
├── Unavailable           try again later (overload, a store is shut)  503
│   └── DiskFull          ... when there is room on the disk again     507
└── Rejected              raised by an author's function: this input
                          can never work; the job fails without retry  422

Every error carries `status` (the HTTP status of its kind), `title` (the kind in words) and
`detail` (this case in words); `problem()` is the one JSON shape of them all (RFC 9457).
"""

from __future__ import annotations

from typing import Any, ClassVar


class Error(Exception):
    """The base of all errors raised on purpose; `str(error)` is one line for people."""

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Error"

    def __init__(self, detail: str, **extra: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        #: Machine-readable facts about this case, such as `limit` or `allowed`.
        self.extra = extra

    def problem(self) -> dict[str, Any]:
        """The RFC 9457 problem document of this error."""
        kind = type(self).__name__
        members = {
            "type": f"urn:billow:error:{kind}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        return members | self.extra | members


class DeclarationError(Error):
    """The app declares something that cannot work; the message names it and the cure."""

    title = "Declaration error"


class SettingError(Error):
    """A setting is unknown or has an impossible value; the message names both."""

    title = "Setting error"


class BadInput(Error):
    """What a client sent cannot be taken; the message names what was wrong and what is allowed."""

    status = 422
    title = "Bad input"


class TooLarge(BadInput):
    """The input is bigger than allowed; `extra["limit"]` is the limit in bytes."""

    status = 413
    title = "Too large"


class NotAccepted(BadInput):
    """The input is of a kind that is not accepted; `extra["allowed"]` lists what is."""

    status = 415
    title = "Not accepted"


class NotFound(Error):
    """There is no such thing, or it is not yours to see."""

    status = 404
    title = "Not found"


class Conflict(Error):
    """The present state does not allow the request."""

    status = 409
    title = "Conflict"


class Unavailable(Error):
    """The service cannot take this now; `extra["retry_after"]` says when to try again, in s."""

    status = 503
    title = "Unavailable"


class DiskFull(Unavailable):
    """The disk has no room for more; `extra` names it (`disk`) and what is left (`free`, bytes)."""

    status = 507
    title = "Disk full"


class Rejected(Error):
    """Raise it in a function for an input that can never work: the job fails at once, unretried."""

    status = 422
    title = "Rejected"
