"""What a page is asked to show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from billow.app import App
from billow.home import Home


class Asked(NamedTuple):
    """Where a page's builder finds things, and what the address says."""

    home: Home
    app: App
    #: The query's fields and the path's, by name.
    query: Mapping[str, str]
    #: Bytes that an upload of whoever asks may have by their plan; None is no limit.
    most: int | None = None
