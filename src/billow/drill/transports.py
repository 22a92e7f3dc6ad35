"""How a drill's clients reach the service: through its home, or over HTTP."""

from __future__ import annotations

import http.client
import json
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote, urlsplit

from billow.app import App
from billow.drill.app import READ
from billow.drill.history import Asked, End, digest
from billow.drill.texts import make_text
from billow.errors import Error
from billow.flow.client import Client
from billow.home import Home
from billow.job import Status

#: Seconds that a request may take before its end counts as unknown.
TIMEOUT = 5.0


class Answer(NamedTuple):
    """What came of a call."""

    end: End
    job: str | None = None
    why: str = ""


class Look(NamedTuple):
    """How a job looked."""

    status: str
    finished: float | None
    #: Digest of the result, None if there is none.
    result: str | None


class Transport(Protocol):
    """A way to the service."""

    def ask(self, asked: Asked, args: dict[str, Any]) -> Answer:
        """Ask for a job."""
        ...

    def look(self, job: str, wait: float) -> Look | None:
        """Look at a job once it is final or after `wait` seconds; None if nobody answers."""
        ...


class Direct:
    """Uses the home itself, as a Python program on the same machine does."""

    def __init__(self, home: Home, app: App) -> None:
        self._client = Client(home, app)

    def ask(self, asked: Asked, args: dict[str, Any]) -> Answer:
        """Ask for a job."""
        key = asked.key
        try:
            if asked.function == READ:
                data = iter([make_text(asked.seed).encode()])
                made = self._client.send_file(READ, data, name=f"{key}.txt", args=args, key=key)
            else:
                made = self._client.submit(asked.function, args, key=key, name=key)
        except Error as problem:
            return Answer(_end_of(problem.status), why=problem.detail)
        return Answer(End.OK, made.id)

    def look(self, job: str, wait: float) -> Look | None:
        """Look at a job."""
        try:
            found = self._client.wait(job, wait)
        except Error:
            return None
        result = digest(found.result) if found.status is Status.COMPLETED else None
        return Look(found.status.value, found.finished, result)


class Http:
    """Speaks to the web server."""

    def __init__(self, url: str) -> None:
        self._address = urlsplit(url).netloc

    def ask(self, asked: Asked, args: dict[str, Any]) -> Answer:
        """Ask for a job."""
        path = f"/api/v1/functions/{asked.function}/jobs"
        headers = {"Idempotency-Key": asked.key, "Content-Type": "application/json"}
        body = json.dumps({"args": args, "name": asked.key}).encode()
        if asked.function == READ:
            path += f"?name={quote(asked.key)}.txt&args={quote(json.dumps(args))}"
            headers["Content-Type"] = "application/octet-stream"
            body = make_text(asked.seed).encode()
        try:
            status, told = self._request("POST", path, body, headers)
        except (OSError, http.client.HTTPException, ValueError) as problem:
            return Answer(End.INFO, why=repr(problem))
        if status in (200, 202):
            return Answer(End.OK, told["id"])
        return Answer(_end_of(status), why=str(told.get("detail")))

    def look(self, job: str, wait: float) -> Look | None:
        """Look at a job."""
        try:
            status, told = self._request("GET", f"/api/v1/jobs/{job}?wait={wait}")
        except (OSError, http.client.HTTPException, ValueError):
            return None
        if status != 200:
            return None
        done = told["status"] == Status.COMPLETED
        result = digest(told["result"]) if done and told["result"] is not None else None
        return Look(told["status"], told["finished"], result)

    def pages(self) -> list[dict[str, Any]]:
        """All jobs, as the list shows them: without their results.

        Raises:
            OSError: nobody answers.
        """
        found: list[dict[str, Any]] = []
        path: str | None = "/api/v1/jobs?limit=500"
        while path is not None:
            _, told = self._request("GET", path)
            found += told["jobs"]
            path = told["next"]
        return found

    def _request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, Any]:
        connection = http.client.HTTPConnection(self._address, timeout=TIMEOUT)
        try:
            connection.request(method, path, body, headers or {})
            reply = connection.getresponse()
            return reply.status, json.loads(reply.read())
        finally:
            connection.close()


def _end_of(status: int) -> End:
    """Only a refusal is certain; a trouble of the service may come after the acceptance."""
    return End.FAIL if 400 <= status < 500 else End.INFO
