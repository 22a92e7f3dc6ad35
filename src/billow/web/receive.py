"""Taking in what clients send: forms, files and arguments become accepted jobs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, NamedTuple

from starlette.requests import Request

from billow.errors import BadInput, Error, NotAccepted, TooLarge
from billow.function import Function
from billow.names import clean_name
from billow.ports.ledger import Accepted
from billow.ports.objects import Staged
from billow.units import KiB, MiB, human_size
from billow.web.context import Context
from billow.web.forms import Form, Part
from billow.web.limits import announced_digest, blocks_of, digest_in, parse_json

#: Bytes handed to the storing thread at a time.
_PIECE = 256 * KiB
_BYTES = "application/octet-stream"
#: Bytes of refused files that are read and dropped, so that the files after them get their turn.
_MAX_DROPPED = 64 * MiB


class Terms(NamedTuple):
    """What a request says about all jobs it asks for."""

    #: Idempotency key.
    key: str | None = None
    #: Seconds before a job may start.
    delay: float = 0.0
    owner: str = "local"


class Arriving(NamedTuple):
    """A file on its way in."""

    name: str
    #: The media type that the client says it has.
    type: str
    #: The SHA-256 that the client announces, if it does.
    digest: str | None
    blocks: AsyncIterator[bytes]


class Refusal(NamedTuple):
    """A file of a form that was not taken, and why."""

    name: str
    problem: dict[str, Any]


class Received(NamedTuple):
    """What became of a form."""

    jobs: list[Accepted]
    refused: list[Refusal]


async def receive_file(
    context: Context, request: Request, function: Function, name: str, args: Any, terms: Terms
) -> Accepted:
    """Take a body that is a file.

    Raises:
        NotAccepted, TooLarge, BadInput, Conflict: see `Client.send_file`.
    """
    length = request.headers.get("content-length", "")
    if function.accepts and length.isdecimal() and int(length) > function.accepts.max_size:
        limit = function.accepts.max_size
        raise TooLarge(f"larger than the allowed {human_size(limit)}", limit=limit)
    kind = request.headers.get("content-type", "")[:200]
    file = Arriving(clean_name(name), kind, announced_digest(request), blocks_of(request))
    return await _store(context, function, file, args, terms)


async def receive_form(
    context: Context, request: Request, function: Function, terms: Terms
) -> Received:
    """Take a multipart form: fields for the arguments, and files called `file`.

    Every file becomes a job, once the whole form was read: of a form that is refused or cut off
    nothing is taken. A file that cannot be taken does not keep back the others.

    Raises:
        BadInput: the form cannot be read, a field fits no argument, or nothing is in it to do.
        Error: the only file, or every file, was refused; it says why the first was.
    """
    form = Form(request.headers["content-type"], blocks_of(request))
    intake = _Intake(context, function, terms)
    try:
        async for part in form.parts():
            if part.filename is None:
                await intake.take_field(part)
            elif part.filename or function.accepts is None:
                await intake.take_file(part)
        return await intake.finish()
    finally:
        await intake.tidy()


class _Held(NamedTuple):
    """A file of a form that came whole, and what will be said when it is sent."""

    name: str
    type: str
    staged: Staged
    digest: str | None
    terms: Terms


class _Intake:
    """A form on its way in. Its files are held, and sent when it has ended."""

    def __init__(self, context: Context, function: Function, terms: Terms) -> None:
        self._context = context
        self._function = function
        self._terms = terms
        self._args: dict[str, Any] = {}
        self._held: list[_Held] = []
        self._jobs: list[Accepted] = []
        self._refused: list[Refusal] = []
        self._errors: list[Error] = []
        self._files = 0
        self._dropped = 0

    async def take_field(self, part: Part) -> None:
        text = await part.text()
        if part.name == "args":
            self._args |= read_args(text)
        elif (value := argument(self._function, part.name, text)) is not _NOTHING:
            self._args[part.name] = value

    async def take_file(self, part: Part) -> None:
        if part.name != "file":
            raise BadInput(f"files must be called 'file' in the form, not {part.name[:80]!r}")
        self._files += 1
        name = clean_name(part.filename or "")
        try:
            self._held.append(await self._hold(part, name))
        except Error as error:
            self._refuse(name, error)
            await self._drop(part)

    async def _hold(self, part: Part, name: str) -> _Held:
        _check(self._function, name)
        digest, terms = digest_in(part.headers), self._own_terms()
        staged = await self._context.store(
            self._context.client.stage_file,
            self._function.name,
            pull(part.blocks(), asyncio.get_running_loop()),
            name=name,
            key=terms.key,
            owner=terms.owner,
        )
        return _Held(name, part.type or _BYTES, staged, digest, terms)

    async def finish(self) -> Received:
        if not self._files:
            self._jobs.append(await self._submit())
        for held in self._held:
            try:
                self._jobs.append(await self._send(held))
            except Error as error:
                self._refuse(held.name, error)
        if self._errors and not self._jobs:
            raise self._errors[0]
        return Received(self._jobs, self._refused)

    async def _submit(self) -> Accepted:
        function = self._function
        if function.accepts is not None:
            raise BadInput(f"{function.name} needs a file; the form has none called 'file'")
        key, delay, owner = self._terms
        submit = self._context.client.submit
        return await self._context.run(
            submit, function.name, self._args, key=key, delay=delay, owner=owner
        )

    async def _send(self, held: _Held) -> Accepted:
        return await self._context.run(
            self._context.client.send_file,
            self._function.name,
            held.staged,
            name=held.name,
            args=self._args,
            key=held.terms.key,
            owner=held.terms.owner,
            type=held.type,
            sha256=held.digest,
            delay=held.terms.delay,
        )

    async def tidy(self) -> None:
        """Forget the files of which nothing came."""
        if sum(job.new for job in self._jobs) < len(self._held):
            await self._context.run(self._unstage)

    def _unstage(self) -> None:
        for held in self._held:
            self._context.client.home.objects.unstage(held.staged)

    def _refuse(self, name: str, error: Error) -> None:
        self._errors.append(error)
        self._refused.append(Refusal(name, error.problem()))

    def _own_terms(self) -> Terms:
        """The terms of the next file: from the second on, the idempotency key has its number."""
        key = self._terms.key
        if key is None or self._files == 1:
            return self._terms
        return self._terms._replace(key=f"{key}#{self._files}")

    async def _drop(self, part: Part) -> None:
        async for block in part.blocks():
            self._dropped += len(block)
            if self._dropped > _MAX_DROPPED:
                raise self._errors[0]


class _Nothing:
    """A field left empty."""


_NOTHING = _Nothing()


def argument(function: Function, name: str, text: str) -> Any:
    """The argument that a form's field means: text, number, yes or no, else JSON.

    An empty field of an optional argument means that its default applies.

    Raises:
        BadInput: the function has no such argument, or the text does not fit it.
    """
    if name not in function.parameters:
        allowed = ", ".join(sorted({*function.parameters, "args", "file"}))
        raise BadInput(f"the form has an unknown field {name[:80]!r}; it may have: {allowed}")
    if text == "" and name not in function.required:
        return _NOTHING
    kinds = function.parameters[name] or (str,)
    for kind in (bool, int, float, list, dict, type(None)):
        if kind in kinds and (value := _read_as(kind, text)) is not _NOTHING:
            return value
    if str in kinds:
        return text
    raise BadInput(f"the field {name!r} has a value that does not fit: {text[:80]!r}")


def _read_as(kind: type, text: str) -> Any:
    if kind is bool:
        return {"true": True, "on": True, "1": True, "false": False, "0": False}.get(
            text.lower(), _NOTHING
        )
    try:
        value = parse_json(text, "it")
    except BadInput:
        return _NOTHING
    if kind is float and type(value) is int:
        return value
    return value if type(value) is kind else _NOTHING


def read_args(text: str | None) -> Mapping[str, Any]:
    """The arguments in a piece of JSON text.

    Raises:
        BadInput: it is not a JSON object.
    """
    value = parse_json(text, "args") if text else {}
    if not isinstance(value, dict):
        raise BadInput("args must be a JSON object")
    return value


async def _store(
    context: Context, function: Function, file: Arriving, args: Mapping[str, Any], terms: Terms
) -> Accepted:
    _check(function, file.name)
    return await context.store(
        context.client.send_file,
        function.name,
        pull(file.blocks, asyncio.get_running_loop()),
        name=file.name,
        args=args,
        key=terms.key,
        owner=terms.owner,
        type=file.type or _BYTES,
        sha256=file.digest,
        delay=terms.delay,
    )


def _check(function: Function, name: str) -> None:
    if function.accepts is None:
        raise NotAccepted(f"{function.name} takes no file; send arguments as application/json")
    function.accepts.check(name)


def pull(blocks: AsyncIterator[bytes], loop: asyncio.AbstractEventLoop) -> Iterator[bytes]:
    """The blocks of a coroutine's stream for a thread, fetched only as the thread needs them."""
    while piece := asyncio.run_coroutine_threadsafe(_gather(blocks), loop).result():
        yield piece


async def _gather(blocks: AsyncIterator[bytes]) -> bytes:
    piece = bytearray()
    while len(piece) < _PIECE and (block := await anext(blocks, None)) is not None:
        piece += block
    return bytes(piece)
