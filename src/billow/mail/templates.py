"""The words of mails: `<kind>.txt`, whose first line is the subject, and `<kind>.html`.

An app's own folder of templates comes before Billow's, so that an app can say things its own way.
In HTML everything that comes from outside is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import jinja2

from billow.errors import DeclarationError

_HERE = Path(__file__).parent / "templates"
_KIND = re.compile(r"[a-z][a-z0-9_-]{0,62}", re.ASCII)
_SUBJECT = "Subject:"


class Words(NamedTuple):
    """What a mail says. `html` is empty if the kind has text only."""

    subject: str
    text: str
    html: str


def write(kind: str, context: Mapping[str, Any], own: Path | None = None) -> Words:
    """The words of a mail of this kind, filled with `context`.

    Raises:
        DeclarationError: there is no such template, or it wants what the context has not.
    """
    if not _KIND.fullmatch(kind):
        raise DeclarationError(f"{kind[:63]!r} is no kind of mail")
    chosen = _environment(own)
    try:
        subject, text = _split(chosen.get_template(f"{kind}.txt").render(context))
        html = _html(chosen, kind, {**context, "subject": subject})
    except jinja2.TemplateNotFound as problem:
        raise DeclarationError(f"there is no mail template {problem.name}") from None
    except jinja2.TemplateError as problem:
        raise DeclarationError(f"the mail template {kind}: {problem.message}") from None
    return Words(subject, text, html)


def _split(whole: str) -> tuple[str, str]:
    first, _, rest = whole.lstrip("\n").partition("\n")
    if first.startswith(_SUBJECT):
        return first.removeprefix(_SUBJECT).strip(), f"{rest.strip()}\n"
    return "", f"{whole.strip()}\n"


def _html(environment: jinja2.Environment, kind: str, context: Mapping[str, Any]) -> str:
    try:
        template = environment.get_template(f"{kind}.html")
    except jinja2.TemplateNotFound:
        return ""
    return template.render(context)


@cache
def _environment(own: Path | None) -> jinja2.Environment:
    folders = [_HERE] if own is None else [own, _HERE]
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folders),
        autoescape=jinja2.select_autoescape(["html"], default=False),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["line"] = lambda text: " ".join(str(text).split())
    return made
