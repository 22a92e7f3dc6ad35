"""How photos come in: the upload page, and the endpoint of programs and of the page's script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from gallery.library import AlreadyThere, Arrived, Library, Wishes, wishes
from gallery.photo import Photo
from gallery.words import line
from pictures import KINDS

import billow
from billow import site
from screens.shown import Frame, known

#: Files of one form.
MOST_FILES = 100
#: Bytes that are read and dropped of files that are refused, so that those after them have a turn.
_MOST_DROPPED = 256 * billow.MiB


class Outcome(NamedTuple):
    """What became of a file."""

    name: str
    photo: Photo | None
    problem: billow.Error | None = None

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        if self.problem is not None:
            return {"name": self.name, **self.problem.problem()}
        return {"name": self.name, "id": self.photo.id if self.photo else None}


class _Held(NamedTuple):
    """A file of a form: taken in, or why not."""

    name: str
    found: Arrived | billow.Error


class Arrivals:
    """Uploading."""

    def __init__(self, library: Library, frame: Frame) -> None:
        self._library = library
        self._frame = frame

    async def page(self, request: site.Request) -> site.Response:
        """The upload form, and what it sends when there is no script."""
        if request.method != "POST":
            return self._form(request)
        _, outcomes = await self._receive(request)
        kept = [each for each in outcomes if each.problem is None]
        if kept and len(kept) == len(outcomes):
            return site.redirect("/mine")
        return self._form(request, 422, outcomes)

    def _form(
        self, request: site.Request, status: int = 200, outcomes: Sequence[Outcome] = ()
    ) -> site.Response:
        taken = [each for kind in KINDS.values() for each in (kind.type, *kind.endings)]
        *names, last = [kind.name for kind in KINDS.values()]
        return request.render(
            "upload.html",
            status=status,
            outcomes=outcomes,
            small=self._frame.small,
            taken=",".join(taken),
            kinds=f"{', '.join(names)} or {last}",
        )

    async def endpoint(self, request: site.Request) -> Any:
        """`POST /rest/edit`: files become photos; without files, the photo `id` is changed.

        The answer is `{"ids": […], "log": […]}` if anything was done, and says why otherwise.
        """
        if request.headers.get("content-type", "").lower().startswith("multipart/"):
            fields, outcomes = await self._receive(request)
        else:
            fields, outcomes = _plain(request), []
        if outcomes:
            return _answer(outcomes)
        number = fields.pop("id", "")
        if not (number.isascii() and number.isdecimal() and len(number) < 19):
            raise site.BadInput("send a file, or the `id` of the photo that is to be changed")
        owner = known(request).owner
        photo = await request.run(lambda: self._library.change(int(number), owner, wishes(fields)))
        return {"ids": [photo.id], "log": [{"id": photo.id, "changed": sorted(fields)}]}

    async def _receive(self, request: site.Request) -> tuple[dict[str, str], list[Outcome]]:
        """A form's fields, and its files, which become photos once the whole form has come."""
        fields: dict[str, str] = {}
        held: list[_Held] = []
        try:
            await self._read(request, fields, held)
        except BaseException:
            await request.run(lambda: self._drop(held))
            raise
        visitor = known(request)
        return fields, await request.run(lambda: self._enter(held, visitor, fields))

    async def _read(self, request: site.Request, fields: dict[str, str], held: list[_Held]) -> None:
        dropped = 0
        async for part in request.parts():
            if part.filename is None:
                fields[part.name[:80]] = await part.text()
            elif part.filename:
                if len(held) == MOST_FILES:
                    raise site.BadInput(f"send {MOST_FILES} files at a time")
                held.append(await self._take(request, part, fields))
                async for block in part.blocks():
                    dropped += len(block)
                    if dropped > _MOST_DROPPED:
                        raise site.TooLarge("too much was refused of this form")

    async def _take(
        self, request: site.Request, part: site.Part, fields: Mapping[str, str]
    ) -> _Held:
        name = line((part.filename or "").replace("\\", "/").rpartition("/")[2], 1000, "name")[
            -120:
        ]
        try:
            _said(fields)
            take = partial(self._library.take, name=name, visitor=known(request))
            return _Held(name, await request.take(part, take))
        except billow.Error as problem:
            return _Held(name, problem)

    def _enter(
        self, held: list[_Held], visitor: site.Visitor, fields: Mapping[str, str]
    ) -> list[Outcome]:
        outcomes = []
        for name, found in held:
            if isinstance(found, billow.Error):
                outcomes.append(Outcome(name, None, found))
                continue
            try:
                photo = self._library.enter(found, visitor, _said(fields))
                outcomes.append(Outcome(name, photo))
            except billow.Error as problem:
                self._library.drop(found.id)
                outcomes.append(Outcome(name, None, problem))
        return outcomes

    def _drop(self, held: list[_Held]) -> None:
        for _, found in held:
            if isinstance(found, Arrived):
                self._library.drop(found.id)


def _said(fields: Mapping[str, str]) -> Wishes:
    return wishes({key: value for key, value in fields.items() if key != "id"})


def _plain(request: site.Request) -> dict[str, str]:
    """The fields of a plain form, or of a JSON object."""
    if request.headers.get("content-type", "").lower().startswith("application/json"):
        sent = request.json
        if not isinstance(sent, dict) or not all(isinstance(v, (str, int)) for v in sent.values()):
            raise site.BadInput("send an object with texts and whole numbers")
        return {name: str(int(v) if isinstance(v, bool) else v) for name, v in sent.items()}
    return dict(request.form)


def _answer(outcomes: list[Outcome]) -> Any:
    """What became of the files; if none was taken, the first one's problem is the answer's."""
    ids = [each.photo.id for each in outcomes if each.photo]
    if not ids and outcomes[0].problem is not None:
        problem = outcomes[0].problem
        if isinstance(problem, AlreadyThere) or len(outcomes) == 1:
            raise problem
        told = {**problem.problem(), "log": [each.as_json() for each in outcomes]}
        return site.JSONResponse(told, problem.status, media_type="application/problem+json")
    return {"ids": ids, "log": [each.as_json() for each in outcomes]}
