"""What visitors do: what the app says, or else fetch some pages again and again."""

from __future__ import annotations

from collections.abc import Sequence

from billow.app import App
from billow.visits import Browse, Visit, Visitor

#: What visitors fetch of an app that does not say what they do.
PAGES = ("/", "/jobs", "/functions", "/fleet", "/data", "/api/v1/jobs?limit=20", "/healthz")
#: The same where people have to log in first.
PUBLIC_PAGES = ("/login", "/signup", "/healthz")


def fetching(paths: Sequence[str]) -> Browse:
    """Visits that fetch one of `paths`, any of them at random."""

    def browse(visitor: Visitor) -> Visit:
        yield visitor.get(visitor.chance.choice(paths))

    return browse


def browsing(app: App | None, paths: Sequence[str]) -> Browse:
    """What visitors do: fetch `paths` if there are any, else what the app says."""
    if paths or app is None:
        return fetching(paths or ["/"])
    if app.visiting is not None:
        return app.visiting.browse
    return fetching(PUBLIC_PAGES if app.plan_by_name else PAGES)
