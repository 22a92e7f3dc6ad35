"""Times on the command line."""

from __future__ import annotations

import time
from datetime import datetime
from zoneinfo import ZoneInfo

from billow.errors import BadInput, DeclarationError
from billow.units import seconds


def read_time(text: str, now: float, zone: ZoneInfo | None = None) -> float:
    """A UNIX time from "2026-01-05 09:00" (local, or of `zone`), "now", or "+2 h" from now on.

    Raises:
        BadInput: it is none.
    """
    if text == "now":
        return now
    try:
        if text.startswith("+"):
            return now + seconds(text[1:])
        read = datetime.fromisoformat(text)
    except (ValueError, DeclarationError):
        raise BadInput(
            f"{text!r} is no time; write 2026-01-05T09:00, now, or +2h from now"
        ) from None
    return (read if read.tzinfo or zone is None else read.replace(tzinfo=zone)).timestamp()


def show_time(at: float) -> str:
    """A time as people of this machine read it."""
    return time.strftime("%a %d %b %Y %H:%M", time.localtime(at))
