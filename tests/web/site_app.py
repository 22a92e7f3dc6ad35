"""An app with a site of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import billow
from billow import site

HERE = Path(__file__).parent

app = billow.App("notes")
app.plans(billow.Plan("free"), billow.Plan("premium"))
app.templates(HERE / "site_templates")
app.static(HERE / "site_files")

#: Notes by owner, and bytes of files that came.
notes: list[tuple[str, str]] = []


@app.page("/", who="anybody")
def start(request: site.Request) -> site.Response:
    return request.render("hello.html", title="Start", words=request.query.get("words", ""))


@app.page("/who", who="anybody", scope="read")
def who(request: site.Request) -> dict[str, Any] | None:
    return None if request.visitor is None else request.visitor._asdict()


@app.page("/sessions-only", who="anybody")
async def sessions_only(request: site.Request) -> str:
    return "known" if request.visitor else "not known"


@app.page("/notes", who="user")
def own(request: site.Request) -> list[str]:
    assert request.visitor is not None
    return [text for owner, text in notes if owner == request.visitor.owner]


@app.page("/notes", who="user", methods=["POST"], scope="submit")
def write(request: site.Request) -> site.Response:
    assert request.visitor is not None
    text = request.form.get("text")
    if not text:
        raise site.BadInput("write something")
    notes.append((request.visitor.owner, text))
    return site.redirect(request.form.get("next", "/notes"), "/notes")


@app.page("/notes/{number:int}", who="anybody", methods=("GET", "DELETE"))
async def note(request: site.Request, number: int) -> dict[str, Any]:
    if number >= len(notes):
        raise site.NotFound("there is no such note")
    if request.visitor is None:
        raise site.NotLoggedIn("log in to see it")
    if notes[number][0] != request.visitor.owner:
        raise site.Forbidden("it is another's")
    return {"text": notes[number][1], "method": request.method}


@app.page("/json", who="user", methods=["POST"], scope="submit")
def take_json(request: site.Request) -> Any:
    return {"got": request.json}


@app.page("/files", who="user", methods=["POST"])
async def files(request: site.Request) -> dict[str, Any]:
    found: dict[str, Any] = {}
    async for part in request.parts():
        if part.filename is None:
            found[part.name] = await part.text()
        else:
            found[part.filename] = await request.take(part, lambda blocks: sum(map(len, blocks)))
    return found


@app.page("/office", who="admin")
def office(request: site.Request) -> str:
    return request.url("/office")


@app.page("/broken", who="anybody")
def broken(request: site.Request) -> str:
    raise RuntimeError("the inside is nobody's business")
