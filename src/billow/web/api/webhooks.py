"""Webhook endpoints of whoever asks: where they are told what happened."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from billow.errors import BadInput
from billow.settings import in_force
from billow.web.api.endpoint import PREFIX, TEXT, Answer, Endpoint, Query, Schema
from billow.web.context import Context, context_of
from billow.web.limits import read_json
from billow.web.replies import reply
from billow.webhooks.endpoints import Delivery, Webhooks
from billow.webhooks.endpoints import Endpoint as Hook


async def list_webhooks(request: Request, _: Query) -> Response:
    """Your webhook endpoints, oldest first."""
    context, owner = context_of(request), _owner(request)
    found = await context.run(_hooks(context).all, owner)
    return reply({"webhooks": [_shape(hook) for hook in found]})


async def create_webhook(request: Request, _: Query) -> Response:
    """Add a webhook endpoint. The answer holds the secret that messages are signed with.

    `types` are the types of events it wants, such as `job.completed`; `job` stands for all that
    begin with `job.`, and without types it gets every event.
    """
    context, owner = context_of(request), _owner(request)
    asked = await read_json(request, ("url", "types"))
    url, types, hooks = _text(asked, "url"), _types(asked), _hooks(context)
    if url is None:
        raise BadInput("url is missing: where webhooks should go")

    def add() -> dict[str, Any]:
        hook = hooks.add(owner, url, types or ())
        return {**_shape(hook), "secret": hooks.secrets(hook)[0]}

    made = await context.run(add)
    return reply(made, 201, {"Location": f"{PREFIX}/webhooks/{made['id']}"})


async def get_webhook(request: Request, _: Query) -> Response:
    """One of your webhook endpoints."""
    context, owner = context_of(request), _owner(request)
    return reply(_shape(await context.run(_hooks(context).get, owner, _id(request))))


async def change_webhook(request: Request, _: Query) -> Response:
    """Change a webhook endpoint's address or types, or switch it off or on; the rest stays."""
    context, owner = context_of(request), _owner(request)
    asked = await read_json(request, ("url", "types", "enabled"))
    enabled = asked.get("enabled")
    if enabled is not None and not isinstance(enabled, bool):
        raise BadInput("enabled must be true or false")
    changed = await context.run(
        _hooks(context).change,
        owner,
        _id(request),
        url=_text(asked, "url"),
        types=_types(asked),
        enabled=enabled,
    )
    return reply(_shape(changed))


async def delete_webhook(request: Request, _: Query) -> Response:
    """Remove a webhook endpoint; what waits to be delivered there is dropped."""
    context, owner = context_of(request), _owner(request)
    await context.run(_hooks(context).remove, owner, _id(request))
    return Response(status_code=204)


async def rotate_webhook_secret(request: Request, _: Query) -> Response:
    """Make a new secret; for a day, messages carry a signature by the old one too."""
    context, owner = context_of(request), _owner(request)
    return reply({"secret": await context.run(_hooks(context).rotate, owner, _id(request))})


async def try_webhook(request: Request, _: Query) -> Response:
    """Send a message of the type `webhook.test`, also to an endpoint that is off; it is tried once.

    How it went is soon among the deliveries, under the id that is answered.
    """
    context, owner = context_of(request), _owner(request)
    message = await context.run(_hooks(context).test, owner, _id(request))
    return reply({"message": message}, 202)


async def list_webhook_deliveries(request: Request, _: Query) -> Response:
    """The latest 100 tries to tell an endpoint, newest first."""
    context, owner = context_of(request), _owner(request)
    found = await context.run(_hooks(context).deliveries, owner, _id(request))
    return reply({"deliveries": [_delivery(each) for each in found]})


def _hooks(context: Context) -> Webhooks:
    return Webhooks(context.home, in_force("webhooks_local").value)


def _owner(request: Request) -> str:
    """Whoever tells people apart says in the request's scope who asks."""
    owner: str = request.scope.get("billow.owner", "local")
    return owner


def _id(request: Request) -> str:
    id_: str = request.path_params["id"]
    return id_


def _text(asked: dict[str, Any], name: str) -> str | None:
    value = asked.get(name)
    if value is not None and not isinstance(value, str):
        raise BadInput(f"{name} must be text")
    return value


def _types(asked: dict[str, Any]) -> list[str] | None:
    value = asked.get("types")
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise BadInput("types must be a list of texts")
    return value


def _shape(hook: Hook) -> dict[str, Any]:
    return {
        "id": hook.id,
        "url": hook.url,
        "types": list(hook.types),
        "enabled": hook.enabled,
        "reason": hook.reason,
        "created": hook.created,
    }


def _delivery(each: Delivery) -> dict[str, Any]:
    return {
        "message": each.message,
        "type": each.type,
        "at": each.at,
        "status": each.status,
        "reason": each.reason,
        "seconds": each.seconds,
    }


def _object(**properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _some(**properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _list_of(schema: Schema) -> Schema:
    return {"type": "array", "items": schema}


_NUMBER: Schema = {"type": "number"}
_SWITCH: Schema = {"type": "boolean"}
_HOOK: dict[str, Schema] = {
    "id": TEXT,
    "url": TEXT,
    "types": _list_of(TEXT),
    "enabled": _SWITCH,
    "reason": TEXT,
    "created": _NUMBER,
}
_TRY = _object(
    message=TEXT,
    type=TEXT,
    at=_NUMBER,
    status={"type": ["integer", "null"]},
    reason=TEXT,
    seconds=_NUMBER,
)


def _json(schema: Schema) -> dict[str, Schema]:
    return {"application/json": schema}


_ALL, _ONE = f"{PREFIX}/webhooks", f"{PREFIX}/webhooks/{{id}}"

ENDPOINTS = [
    Endpoint(
        "GET",
        _ALL,
        list_webhooks,
        {200: Answer("Your endpoints", _json(_object(webhooks=_list_of(_object(**_HOOK)))))},
    ),
    Endpoint(
        "POST",
        _ALL,
        create_webhook,
        {
            201: Answer(
                "The endpoint and its secret",
                _json(_object(**_HOOK, secret=TEXT)),
                {"Location": "The endpoint"},
            )
        },
        body=_json({**_some(url=TEXT, types=_list_of(TEXT)), "required": ["url"]}),
        problems=(422,),
    ),
    Endpoint(
        "GET", _ONE, get_webhook, {200: Answer("The endpoint", _json(_object(**_HOOK)))},
        problems=(404,),
    ),
    Endpoint(
        "PATCH",
        _ONE,
        change_webhook,
        {200: Answer("The endpoint as it is now", _json(_object(**_HOOK)))},
        body=_json(_some(url=TEXT, types=_list_of(TEXT), enabled=_SWITCH)),
        problems=(404, 422),
    ),
    Endpoint("DELETE", _ONE, delete_webhook, {204: Answer("It is removed")}, problems=(404,)),
    Endpoint(
        "POST",
        f"{_ONE}/secret",
        rotate_webhook_secret,
        {200: Answer("The new secret", _json(_object(secret=TEXT)))},
        problems=(404,),
    ),
    Endpoint(
        "POST",
        f"{_ONE}/test",
        try_webhook,
        {202: Answer("It will be sent", _json(_object(message=TEXT)))},
        problems=(404,),
    ),
    Endpoint(
        "GET",
        f"{_ONE}/deliveries",
        list_webhook_deliveries,
        {200: Answer("The tries", _json(_object(deliveries=_list_of(_TRY))))},
        problems=(404,),
    ),
]  # fmt: skip
