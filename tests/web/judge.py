"""Holds answers against the OpenAPI document."""

from __future__ import annotations

import re
from typing import Any

import httpx
from jsonschema import Draft202012Validator


class Judge:
    """Fails the test in which an answer is not as documented."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        # The plainest paths first: `/jobs/{id}` would match what `/jobs/special` means.
        self._paths = [
            (re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))), methods)
            for path, methods in sorted(
                document["paths"].items(), key=lambda item: item[0].count("{")
            )
        ]

    async def check(self, response: httpx.Response) -> None:
        """Check one answer."""
        if response.request.method == "HEAD":
            return
        await response.aread()
        operation = self._operation(response.request)
        if response.status_code >= 400 and not _documents_json(operation, response):
            self._check_problem(response)
            return
        if operation is None:
            return
        answers = operation["responses"]
        status = str(response.status_code)
        assert status in answers, f"{response.request.url}: status {status} is not documented"
        content = answers[status].get("content", {})
        kind = response.headers.get("content-type", "").partition(";")[0]
        if not content:
            assert not response.content
            return
        assert kind in content, f"{response.request.url}: {kind} is not documented"
        if kind == "application/json":
            self._validate(content[kind]["schema"], response.json())

    def _operation(self, request: httpx.Request) -> dict[str, Any] | None:
        for pattern, methods in self._paths:
            if pattern.fullmatch(request.url.path):
                found: dict[str, Any] | None = methods.get(request.method.lower())
                return found
        return None

    def _check_problem(self, response: httpx.Response) -> None:
        if "text/html" in response.request.headers.get("accept", ""):
            return
        assert response.headers["content-type"] == "application/problem+json"
        problem = response.json()
        self._validate({"$ref": "#/components/schemas/Problem"}, problem)
        assert problem["status"] == response.status_code
        assert problem["instance"].endswith(response.headers["x-request-id"])

    def _validate(self, schema: dict[str, Any], value: Any) -> None:
        whole = {**schema, "components": self._document["components"]}
        Draft202012Validator(whole).validate(value)


def _documents_json(operation: dict[str, Any] | None, response: httpx.Response) -> bool:
    """Whether a refusal has, as documented, a form of its own."""
    answer = (operation or {}).get("responses", {}).get(str(response.status_code), {})
    return "application/json" in answer.get("content", {})
