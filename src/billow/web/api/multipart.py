"""Uploads in parts: begun, resumed, completed or given up."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from billow.errors import BadInput
from billow.flow.direct import begin_upload, job_of, own_upload
from billow.flow.presign import CHECKSUM, encode_checksum, presign_part
from billow.ports.uploads import Multipart, Named
from billow.web.api.endpoint import PREFIX, TEXT, Answer, Endpoint, Query
from billow.web.api.shapes import job_row, ref
from billow.web.api.signed import read_arguments, shape, text_in, who_asks
from billow.web.context import Context, context_of
from billow.web.limits import read_json
from billow.web.replies import reply

#: Parts for which one request may ask addresses.
MAX_ADDRESSES = 100

_HERE = f"{PREFIX}/uploads/{{id}}"


async def create_upload(request: Request, _: Query) -> Response:
    """Begin the upload of a large file in parts.

    Then, for each part: ask for its signed address with its SHA-256, and send it there. Complete
    the upload when all parts are there. Parts stay for a day, so an upload that broke off can go on
    where it stopped.
    """
    context, who = context_of(request), who_asks(request)
    asked = await read_json(request, ("name", "size", "type", "args", "fields"))
    function, size = request.path_params["name"], asked.get("size")
    if type(size) is not int or size < 0:
        raise BadInput("size must be the file's number of bytes")
    upload = await context.run(
        begin_upload,
        context.client,
        function,
        name=text_in(asked, "name"),
        size=size,
        args=read_arguments(context.app.get(function), asked),
        owner=who.owner,
        type=text_in(asked, "type") or "application/octet-stream",
        limit=who.most,
    )
    place = {"Location": f"{PREFIX}/uploads/{upload.id}"}
    return reply(_shape(upload), 201, place)


async def list_uploads(request: Request, _: Query) -> Response:
    """Your unfinished uploads, newest first."""
    context = context_of(request)
    found = await context.run(context.home.uploads.unfinished, who_asks(request).owner)
    return reply({"uploads": [_shape(upload) for upload in found]})


async def get_upload(request: Request, _: Query) -> Response:
    """One upload with the parts that are there already."""
    context = context_of(request)
    return reply(await context.run(_full, context, await _own(request)))


def _full(context: Context, upload: Multipart) -> dict[str, Any]:
    parts = context.home.uploads.parts(upload.id)
    return {**_shape(upload), "parts": [{**p._asdict(), "etag": p.etag} for p in parts]}


async def sign_parts(request: Request, _: Query) -> Response:
    """Signed addresses for parts, each bound to the part's SHA-256 and valid for an hour.

    Send each part (PUT) with the headers that are given with its address.
    """
    context, upload = context_of(request), await _own(request)
    asked = _parts_in(await read_json(request, ("parts",)), "sha256")
    if len(asked) > MAX_ADDRESSES:
        raise BadInput(f"ask for {MAX_ADDRESSES} addresses at a time")
    return reply({"addresses": await context.run(_sign, context, upload, asked)})


def _sign(
    context: Context, upload: Multipart, asked: list[tuple[int, str]]
) -> list[dict[str, Any]]:
    return [
        {
            "number": number,
            "url": presign_part(context.home, upload, number, sha256),
            "headers": {CHECKSUM: encode_checksum(sha256)},
        }
        for number, sha256 in asked
    ]


async def complete_upload(request: Request, _: Query) -> Response:
    """Make the parts one file, which becomes a job. Asking again gives the same job.

    Name all parts in order, each with its ETag.
    """
    context, upload = context_of(request), await _own(request)
    named = [Named(*part) for part in _parts_in(await read_json(request, ("parts",)), "etag")]
    await context.store(context.home.uploads.complete, upload.id, named)
    job = await context.run(job_of, context.client, upload.key, upload.owner)
    return reply({"job": None if job is None else job_row(job)})


async def abort_upload(request: Request, _: Query) -> Response:
    """Give up an upload. Its parts are removed."""
    context, upload = context_of(request), await _own(request)
    await context.run(context.home.uploads.abort, upload.id)
    return Response(status_code=204)


async def _own(request: Request) -> Multipart:
    context, owner = context_of(request), who_asks(request).owner
    return await context.run(own_upload, context.client, request.path_params["id"], owner)


def _parts_in(asked: dict[str, Any], field: str) -> list[tuple[int, str]]:
    parts = asked.get("parts")
    if not isinstance(parts, list):
        raise BadInput("parts must be a list")
    made = []
    for part in parts:
        number, value = (part.get("number"), part.get(field)) if isinstance(part, dict) else (0, 0)
        if type(number) is not int or not isinstance(value, str) or len(value) > 200:
            raise BadInput(f"a part has a number and its {field}")
        made.append((number, value))
    return made


def _shape(upload: Multipart) -> dict[str, Any]:
    return {
        "id": upload.id,
        "name": upload.name,
        "size": upload.size,
        "part_size": upload.part_size,
        "count": upload.count,
        "created": upload.created,
        "completed": upload.completed,
    }


_WHOLE = {"type": "integer", "minimum": 0}
_MAP = {"type": "object", "additionalProperties": TEXT}
_TIME = {"type": ["number", "null"], "description": "UNIX seconds"}
_UPLOAD = {
    "id": TEXT,
    "name": TEXT,
    "size": _WHOLE,
    "part_size": _WHOLE,
    "count": _WHOLE,
    "created": _TIME,
    "completed": _TIME,
}
_PART = {"number": _WHOLE, "size": _WHOLE, "sha256": TEXT, "etag": TEXT}
_JSON = "application/json"


def _named(field: str) -> dict[str, Any]:
    items = shape({"number": _WHOLE, field: TEXT})
    return {_JSON: shape({"parts": {"type": "array", "items": items}})}


ENDPOINTS = [
    Endpoint(
        "POST",
        f"{PREFIX}/functions/{{name}}/uploads",
        create_upload,
        {201: Answer("The upload", {_JSON: shape(_UPLOAD)}, {"Location": "Its address"})},
        body={
            _JSON: shape(
                {"name": TEXT, "size": _WHOLE}, type=TEXT, args={"type": "object"}, fields=_MAP
            )
        },
        problems=(404, 409, 413, 415),
    ),
    Endpoint(
        "GET",
        f"{PREFIX}/uploads",
        list_uploads,
        {
            200: Answer(
                "All of them",
                {_JSON: shape({"uploads": {"type": "array", "items": shape(_UPLOAD)}})},
            )
        },
    ),
    Endpoint(
        "GET",
        _HERE,
        get_upload,
        {
            200: Answer(
                "The upload",
                {_JSON: shape({**_UPLOAD, "parts": {"type": "array", "items": shape(_PART)}})},
            )
        },
        problems=(404,),
    ),
    Endpoint(
        "POST",
        f"{_HERE}/addresses",
        sign_parts,
        {
            200: Answer(
                "An address for each part",
                {
                    _JSON: shape(
                        {
                            "addresses": {
                                "type": "array",
                                "items": shape({"number": _WHOLE, "url": TEXT, "headers": _MAP}),
                            }
                        }
                    )
                },
            )
        },
        body=_named("sha256"),
        problems=(404, 413, 415),
    ),
    Endpoint(
        "POST",
        f"{_HERE}/complete",
        complete_upload,
        {
            200: Answer(
                "The file is stored; the job that it became",
                {_JSON: shape({"job": {"oneOf": [ref("Job"), {"type": "null"}]}})},
            )
        },
        body=_named("etag"),
        problems=(404, 409, 413, 415, 503, 507),
    ),
    Endpoint("DELETE", _HERE, abort_upload, {204: Answer("Given up")}, problems=(404,)),
]
