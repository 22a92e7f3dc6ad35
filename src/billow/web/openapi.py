"""The API's description in OpenAPI 3.1, made of the endpoints themselves."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from billow.web.api.endpoint import Answer, Endpoint, Parameter, Schema
from billow.web.api.shapes import SCHEMAS, ref
from billow.web.replies import PROBLEM

_IN_PATH = re.compile(r"\{(\w+)(?::\w+)?\}")

_ABOUT = """\
Send work to the service's functions, follow it, fetch what came of it, and look after what failed.

Times are UNIX seconds. Errors are problem documents (RFC 9457). Requests that change something are
refused when a browser sends them for another site's page. A service without accounts listens on
this machine only and refuses other host names; one with accounts takes an API token, sent as
`Authorization: Bearer …`, and shows everybody what is theirs.
"""


def document(endpoints: Iterable[Endpoint], app: str, version: str) -> dict[str, Any]:
    """The OpenAPI document of `endpoints`."""
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        path = plain_path(endpoint.path)
        paths.setdefault(path, {})[endpoint.method.lower()] = _operation(endpoint)
    return {
        "openapi": "3.1.0",
        "info": {"title": f"{app} by Billow", "version": version, "description": _ABOUT},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {"schemas": {name: dict(schema) for name, schema in SCHEMAS.items()}},
    }


def plain_path(path: str) -> str:
    """A route's path as OpenAPI writes it: `{key:path}` becomes `{key}`."""
    return _IN_PATH.sub(r"{\1}", path)


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    summary, _, rest = (inspect.getdoc(endpoint.handler) or "").partition("\n")
    made: dict[str, Any] = {
        "operationId": endpoint.name,
        "summary": summary.rstrip("."),
        "tags": [_tag(endpoint.path)],
        "parameters": [
            *(_in_path(name) for name in _IN_PATH.findall(endpoint.path)),
            *(_parameter(parameter) for parameter in endpoint.parameters),
        ],
        "responses": {
            **{str(status): _response(answer) for status, answer in endpoint.answers.items()},
            **{str(status): _problem(status) for status in endpoint.problems},
            "default": {
                "description": "Any other problem",
                "content": {PROBLEM: {"schema": ref("Problem")}},
            },
        },
    }
    if description := rest.strip():
        made["description"] = description
    if endpoint.body:
        made["requestBody"] = {"content": _content(endpoint.body)}
    return made


def _tag(path: str) -> str:
    """The noun an address is about."""
    parts = [part for part in path.split("/") if part and not part.startswith("{")]
    return parts[2] if parts[0] == "api" else "service"


def _in_path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _parameter(parameter: Parameter) -> dict[str, Any]:
    schema: Schema = parameter.schema
    if parameter.many:
        schema = {"type": "array", "items": schema}
    elif parameter.default is not None:
        schema = {**schema, "default": parameter.default}
    return {
        "name": parameter.name,
        "in": parameter.where,
        "description": parameter.meaning,
        "schema": schema,
    }


def _response(answer: Answer) -> dict[str, Any]:
    made: dict[str, Any] = {"description": answer.meaning}
    if answer.content:
        made["content"] = _content(answer.content)
    if answer.headers:
        made["headers"] = {
            name: {"description": meaning, "schema": {"type": "string"}}
            for name, meaning in answer.headers.items()
        }
    return made


def _problem(status: int) -> dict[str, Any]:
    return {
        "description": HTTPStatus(status).phrase,
        "content": {PROBLEM: {"schema": ref("Problem")}},
    }


def _content(schemas: Mapping[str, Schema]) -> dict[str, Any]:
    return {kind: {"schema": schema} for kind, schema in schemas.items()}
