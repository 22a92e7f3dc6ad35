"""Signed forms and addresses: uploads that go straight to a store, and fetching from it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode
from xml.sax.saxutils import escape

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from billow.errors import BadInput, NotFound
from billow.flow.direct import ask_form, take_form
from billow.flow.presign import CHECKSUM
from billow.flow.presigned import Terms, check_post, check_url, decode_checksum
from billow.names import check_key
from billow.ports.objects import ObjectInfo
from billow.units import KiB
from billow.web.api.endpoint import PREFIX, TEXT, Answer, Endpoint, Parameter, Query, Schema
from billow.web.context import context_of
from billow.web.download import download
from billow.web.forms import Form, Part
from billow.web.limits import blocks_of, media_type, read_json
from billow.web.receive import argument, pull
from billow.web.replies import reply

#: Where stores are; signed addresses begin with it.
STORE = "/store/{store}"

#: Bytes of all fields of a signed form together, and how many they may be.
MAX_FIELDS = 20 * KiB
MAX_COUNT = 40


class Who(NamedTuple):
    """For whom a request asks."""

    owner: str
    #: Bytes that an upload of theirs may have; None is as many as the function accepts.
    most: int | None


def who_asks(request: Request) -> Who:
    """The owner of what a request makes, and the limit of their plan.

    Whoever tells people apart says so in the request's scope.
    """
    scope = request.scope
    return Who(scope.get("billow.owner", "local"), scope.get("billow.max_upload"))


async def make_form(request: Request, _: Query) -> Response:
    """A signed form for one upload, straight to the store.

    Post its `fields`, then the file as `file`, to its `url` within five minutes. The file becomes
    a job. `name` is the file's name; without it the file brings its own. Afterwards the browser is
    sent to the path `redirect`, with `bucket`, `key` and `etag` in the query; without it the
    answer is 204. A form can be used for one file only.
    """
    context, who = context_of(request), who_asks(request)
    asked = await read_json(request, ("name", "type", "args", "fields", "redirect"))
    function = request.path_params["name"]
    form = await context.run(
        ask_form,
        context.client,
        function,
        name=text_in(asked, "name"),
        args=read_arguments(context.app.get(function), asked),
        owner=who.owner,
        type=text_in(asked, "type") or "application/octet-stream",
        limit=who.most,
        answer=_local(text_in(asked, "redirect")) or 204,
    )
    return reply(form._asdict(), 201)


def read_arguments(function: Any, asked: dict[str, Any]) -> dict[str, Any]:
    """The arguments in `args`, which is JSON, and in `fields`, which are texts of a form.

    Raises:
        BadInput: they cannot be read.
    """
    args, fields = asked.get("args", {}), asked.get("fields", {})
    if not isinstance(args, dict) or not isinstance(fields, dict):
        raise BadInput("args and fields must be objects")
    read = dict(args)
    for name, text in fields.items():
        if text != "" or name in function.required:
            read[name] = argument(function, name, str(text))
    return read


def text_in(asked: dict[str, Any], name: str) -> str:
    """A short text of a request, printable; empty if it is not there.

    Raises:
        BadInput: it is something else.
    """
    value = asked.get(name, "")
    if not isinstance(value, str) or len(value) > 1024 or not (value == "" or value.isprintable()):
        raise BadInput(f"{name} must be a text of 1024 printable characters at most")
    return value


def _local(path: str) -> str:
    """A path of this service: elsewhere nobody is sent on our word."""
    if path and (not path.startswith("/") or path[1:2] in ("/", "\\") or "#" in path):
        raise BadInput("redirect must be a path of this service, such as /jobs")
    return path


async def post_object(request: Request, _: Query) -> Response:
    """Upload a file with a signed form.

    Every field must be as it was signed, and the file, called `file`, must come last.
    """
    context, store = context_of(request), request.path_params["store"]
    if media_type(request) != "multipart/form-data":
        raise BadInput("post a multipart/form-data form")
    form = Form(request.headers["content-type"], blocks_of(request))
    terms, part = await _read_form(request, store, form)
    stored = await context.store(
        take_form,
        context.home,
        store,
        terms,
        part.filename or "",
        pull(part.blocks(), asyncio.get_running_loop()),
    )
    return _answer(context.home.uploads.address(store), terms, stored.info)


async def _read_form(request: Request, store: str, form: Form) -> tuple[Terms, Part]:
    """What the form allows, checked before a byte of the file is read; and the file."""
    fields: dict[str, str] = {}
    size = 0
    async for part in form.parts():
        if part.name == "file":
            context = context_of(request)
            return await context.run(check_post, context.home, store, fields), part
        if part.name in fields or len(fields) >= MAX_COUNT:
            raise BadInput(f"the form has too many fields called {part.name[:80]!r}")
        text = await _short_text(part.blocks(), MAX_FIELDS - size)
        size += len(text) + len(part.name)
        fields[part.name] = text
    raise BadInput("the form has no file called 'file'")


async def _short_text(blocks: AsyncIterator[bytes], most: int) -> str:
    gathered = bytearray()
    async for block in blocks:
        gathered += block
        if len(gathered) > most:
            raise BadInput(f"the fields of a form may have {MAX_FIELDS} bytes together")
    try:
        return gathered.decode()
    except UnicodeDecodeError:
        raise BadInput("a field is not UTF-8 text") from None


def _answer(address: str, terms: Terms, info: ObjectInfo) -> Response:
    """What S3 answers."""
    etag = f'"{info.sha256}"'
    if terms.redirect:
        told = urlencode({"bucket": info.store, "key": info.key, "etag": etag})
        mark = "&" if "?" in terms.redirect else "?"
        return RedirectResponse(f"{terms.redirect}{mark}{told}", 303, headers={"ETag": etag})
    headers = {"ETag": etag}
    if terms.status != 201:
        return Response(status_code=terms.status, headers=headers)
    facts = {
        "Location": f"{address}/{info.key}", "Bucket": info.store, "Key": info.key, "ETag": etag,
    }  # fmt: skip
    inner = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in facts.items())
    text = f'<?xml version="1.0" encoding="UTF-8"?><PostResponse>{inner}</PostResponse>'
    return Response(text, 201, headers, media_type="application/xml")


async def get_object(request: Request, query: Query) -> Response:
    """Fetch an object with a signed address. Ranges and ETags work; HEAD needs its own."""
    context = context_of(request)
    store, key = await check_signed(request)
    info = await context.run(context.home.objects.head, store, key)
    if info is None:
        raise NotFound("there is no such object any more")
    answer = await download(context, request, info)
    if query["response-content-disposition"]:
        answer.headers["Content-Disposition"] = query["response-content-disposition"]
    return answer


async def put_part(request: Request, query: Query) -> Response:
    """Send a part of an upload to its signed address.

    The header `x-amz-checksum-sha256` says the SHA-256 that it was signed for. When this answers,
    the part is durable; its ETag is needed to complete the upload.
    """
    context = context_of(request)
    store, key = await check_signed(request)
    upload = await context.run(context.home.uploads.get, query["uploadId"] or "")
    if upload is None or (upload.store, upload.key) != (store, key):
        raise NotFound("there is no such upload any more")
    part = await context.store(
        context.home.uploads.put_part,
        upload.id,
        query["partNumber"] or 0,
        pull(blocks_of(request), asyncio.get_running_loop()),
        decode_checksum(request.headers.get(CHECKSUM, "")),
    )
    checksum = request.headers[CHECKSUM]
    return Response(status_code=200, headers={"ETag": part.etag, CHECKSUM: checksum})


async def check_signed(request: Request) -> tuple[str, str]:
    """Store and key that a signed address is for.

    Raises:
        NotSigned: it is not signed for this request.
    """
    context, given = context_of(request), request.query_params
    store, key = request.path_params["store"], check_key(request.path_params["key"])
    method, headers = request.method, request.headers
    await context.run(check_url, context.home, method, store, key, dict(given), headers)
    return store, key


def shape(required: Mapping[str, Schema], **optional: Schema) -> Schema:
    """The schema of an object with these fields and no others."""
    return {
        "type": "object",
        "properties": {**required, **optional},
        "required": list(required),
        "additionalProperties": False,
    }


_SIGNED = tuple(
    Parameter(f"X-Amz-{name}", "Part of the signature")
    for name in ("Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature")
)
_FILE = {"application/octet-stream": {"type": "string"}}
_MAP = {"type": "object", "additionalProperties": TEXT}

ENDPOINTS = [
    Endpoint(
        "POST",
        f"{PREFIX}/functions/{{name}}/forms",
        make_form,
        {
            201: Answer(
                "The form",
                {
                    "application/json": shape(
                        {"url": TEXT, "fields": _MAP, "expires": {"type": "number"}}
                    )
                },
            )
        },
        body={
            "application/json": shape(
                {}, name=TEXT, type=TEXT, redirect=TEXT, args={"type": "object"}, fields=_MAP
            )
        },
        problems=(404, 413, 415),
    ),
    Endpoint(
        "POST",
        STORE,
        post_object,
        {
            200: Answer("Stored"),
            201: Answer("Stored", {"application/xml": TEXT}),
            204: Answer("Stored"),
            303: Answer("Stored; go on from there"),
        },
        body={
            "multipart/form-data": {"type": "object", "properties": {"file": {"type": "string"}}}
        },
        problems=(403, 409, 413, 415, 503, 507),
    ),
    Endpoint(
        "GET",
        f"{STORE}/{{key:path}}",
        get_object,
        {
            200: Answer("The object", _FILE),
            206: Answer("A range of it", _FILE),
            304: Answer("Not changed"),
        },
        parameters=(
            *_SIGNED,
            Parameter("response-content-disposition", "What to answer as Content-Disposition"),
        ),
        problems=(403, 404, 416),
    ),
    Endpoint(
        "PUT",
        f"{STORE}/{{key:path}}",
        put_part,
        {200: Answer("The part is durable", {}, {"ETag": "Names its content"})},
        parameters=(
            *_SIGNED,
            Parameter("partNumber", "From 1", {"type": "integer", "minimum": 1, "maximum": 10000}),
            Parameter("uploadId", "The upload"),
            Parameter(CHECKSUM, "SHA-256 of the part in base64", where="header"),
        ),
        body=_FILE,
        problems=(403, 404, 409, 413, 503, 507),
    ),
]
