"""Pages from templates, whole or as a stream of what changes on them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator, Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlencode

import jinja2
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

import billow
from billow.app import App
from billow.errors import Error
from billow.flow.followup import label
from billow.units import human_size
from billow.web.context import Context, context_of
from billow.web.pages import charts, duty, now, wording
from billow.web.pages.asked import Asked
from billow.web.site.values import site_values
from billow.web.sse import PULSE, Pulse, stream
from billow.web.visitor import Visitor

#: Where templates and static files are.
FOLDER = Path(__file__).parent.parent
STATIC = FOLDER / "static"

#: Builds what a page shows. Called in a thread, once for a page and again for each look of a
#: live one.
Build: TypeAlias = Callable[[Asked], dict[str, Any]]

#: How long ago something was changes by itself; the browser keeps that up to date.
_RELATIVE = re.compile(r"(<\w+ [^>]*\bdata-(?:ago|since)\b[^>]*>)[^<]*")


async def show(request: Request, page: str, build: Build) -> Response:
    """The page `page`, or with `?live` the stream of its changing part.

    The template `<page>.html` is the whole, `<page>_live.html` its changing part.

    Raises:
        Error: what `build` raises.
    """
    context = context_of(request)
    query = dict(request.query_params) | request.path_params
    if "live" in query:
        return stream(_changes(request, context, page, build, query))
    text = await context.run(_whole, request, context, page, build, query)
    return HTMLResponse(text)


def render(template: str, request: Request, model: Mapping[str, Any]) -> str:
    """A template with its model and what every page needs."""
    context = context_of(request)
    visitor = context.visitor
    on_rota = bool(duty.own_names(context.app, visitor))
    shared = {
        **site_values(request),
        "version": billow.__version__,
        "start": console_place(context.app),
        "frame": _frame(context.app.template_folder),
        "query": dict(request.query_params),
        "address": request.headers.get("host", ""),
        "dead_count": now.count_dead(context.home) if visitor.runs_it else "",
        "menu": _menu(visitor, context.app, on_rota),
        "on_rota": on_rota,
        "account": visitor.who and visitor.who.account,
        "owner": visitor.owner,
        "first_function": next(iter(context.app.functions), ""),
        "function_count": len(context.app.functions),
        "told": _TOLD.get(request.query_params.get("told", ""), "").format(
            request.query_params.get("n", "").rjust(1, "0")[:9]
        ),
    }
    return (
        templates(context.app.template_folder).get_template(template).render(shared | dict(model))
    )


def error_page(request: Request, problem: Mapping[str, Any]) -> Response:
    """The page that says what went wrong."""
    folder = context_of(request).app.template_folder
    own = folder is not None and (folder / "error.html").is_file()
    text = render("site/error.html" if own else "error.html", request, {"problem": problem})
    return HTMLResponse(text, problem["status"])


class _SiteLoader(jinja2.FileSystemLoader):
    """Loads `site/…`. Jinja's own loader of prefixes would leave them out of the names."""

    def get_source(
        self, environment: jinja2.Environment, template: str
    ) -> tuple[str, str, Callable[[], bool]]:
        if not template.startswith("site/"):
            raise jinja2.TemplateNotFound(template)
        return super().get_source(environment, template.removeprefix("site/"))


class _Environment(jinja2.Environment):
    """Where `site/…` names a template of the app, and its templates mean each other."""

    def join_path(self, template: str, parent: str) -> str:
        if template.startswith("billow/"):
            return template.removeprefix("billow/")
        return f"site/{template}" if parent.startswith("site/") else template


@cache
def templates(site: Path | None = None) -> jinja2.Environment:
    """The templates' environment; everything is escaped unless it is markup of our own.

    Args:
        site: the folder of the app's own templates.
    """
    own = [] if site is None else [_SiteLoader(site)]
    console = jinja2.FileSystemLoader(FOLDER / "templates")
    made = _Environment(
        loader=jinja2.ChoiceLoader([*own, console]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= {
        "number": wording.number,
        "span": wording.span,
        "when": wording.when,
        "clock": wording.clock,
        "iso": wording.iso,
        "size": human_size,
        "pretty": wording.pretty,
        "kind": wording.kind,
        "label": label,
        "tone": wording.tone,
        "policy": wording.policy,
        "comparison": wording.comparison,
        "urlquery": _with_query,
    }
    made.globals |= {
        "static": static,
        "ago": wording.ago,
        "count": wording.count,
        "decision": charts.decision,
    }
    return made


@cache
def static(name: str) -> str:
    """The address of a static file; it changes with the file, so that it can be kept for ever."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:10]
    return f"/static/{name}?v={digest}"


#: What was done, told on the page that follows a form; the address only says which and how many.
_TOLD = {
    "sent": "Accepted: {} sent.",
    "retried": "Sent round again: {}.",
    "cancelled": "Cancelled: {}.",
    "unchanged": "Nothing was changed: no selected job is in a state for that.",
    "none-selected": "Select at least one job first.",
    "mailed": "A mail is on its way. Follow the link in it.",
    "saved": "Saved.",
    "password-set": "The new password is set. Log in with it.",
    "logged-out": "You are logged out.",
    "left": "Your account is deleted.",
    "ended": "Ended: {}.",
    "tested": "A test is on its way; load this page again to see the answer.",
}


#: What the side bar leads to: address, name, icon, key.
_OPERATIONS = (
    ("/jobs", "Jobs", "jobs", "j"),
    ("/fleet", "Fleet", "fleet", "f"),
    ("/charts", "Charts", "chart", "c"),
    ("/alarms", "Alarms", "bell", "w"),
    ("/dead", "Dead letters", "dead", "d"),
    ("/data", "Data", "data", "q"),
    ("/logs", "Logs", "logs", "l"),
    ("/incidents", "Incidents", "bell", "i"),
    ("/oncall", "On call", "person", "o"),
    ("/inbox", "Mail", "mail", "m"),
)
_ADMIN = ("/admin", "Accounts", "person", "a")
_OWN = (
    ("/jobs", "My jobs", "jobs", "j"),
    ("/plan", "My plan", "data", "p"),
    ("/account", "Account", "person", "a"),
)
#: For people of a rota.
_CONTACTS = ("/oncall/contacts", "Contacts", "bell", "o")


def console_place(app: App) -> str:
    """Where the console begins: elsewhere if the app has a page of its own at the start."""
    return "/console" if any("GET /" in route.keys for route in app.routes) else "/"


def _frame(site: Path | None) -> str:
    """The template around the pages of accounts: the site's own if it has one."""
    if site is not None and (site / "account.html").is_file():
        return "site/account.html"
    return "base.html"


def _menu(visitor: Visitor, app: App, on_rota: bool) -> tuple[tuple[str, str, str, str], ...]:
    operations = ((console_place(app), "Now", "now", "n"), *_OPERATIONS)
    if not visitor.accounts:
        return operations
    if visitor.runs_it:
        return (*operations, _ADMIN)
    if visitor.who is None:
        return ()
    return (*_OWN, _CONTACTS) if on_rota else _OWN


def _with_query(query: Mapping[str, str], **changes: str | int | None) -> str:
    """The same address with some fields changed; None and empty take a field away."""
    kept = {key: value for key, value in (dict(query) | changes).items() if value not in (None, "")}
    for passing in ("told", "n", "live", "seen"):
        kept.pop(passing, None)
    return f"?{urlencode(kept)}" if kept else "?"


def _whole(
    request: Request, context: Context, page: str, build: Build, query: Mapping[str, str]
) -> str:
    model = build(Asked(context.home, context.app, query, context.visitor.most))
    live = render(f"{page}_live.html", request, model)
    own = {"live": Markup(live), "live_url": _live_url(request, live)}  # noqa: S704 - our own template
    return render(f"{page}.html", request, model | own)


def _live_url(request: Request, live: str) -> str:
    query = _with_query(dict(request.query_params))
    joint = "" if query == "?" else "&"
    return f"{request.url.path}{query}{joint}live=1&seen={_stamp(live)}"


def _stamp(live: str) -> str:
    """Tells whether a changing part has changed, apart from how long ago things were."""
    return hashlib.sha256(_RELATIVE.sub(r"\1", live).encode()).hexdigest()[:16]


async def _changes(
    request: Request, context: Context, page: str, build: Build, query: Mapping[str, str]
) -> AsyncIterator[bytes]:
    """The changing part as server-sent events, whenever it has changed."""

    def look() -> str:
        model = build(Asked(context.home, context.app, query, context.visitor.most))
        return render(f"{page}_live.html", request, model)

    seen = query.get("seen", "")
    with context.news.listen() as ear:
        pulse = Pulse(context, ear)
        while True:
            try:
                live = await context.run(look)
            except Error:  # what it shows is gone
                return
            if (stamp := _stamp(live)) != seen:
                seen = stamp
                yield _event(live)
                pulse.spoke()
            elif pulse.silent:
                yield PULSE
                pulse.spoke()
            if not await pulse.wait():
                return


def _event(text: str) -> bytes:
    return "".join([*(f"data: {line}\n" for line in text.splitlines()), "\n"]).encode()
