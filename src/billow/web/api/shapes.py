"""How the API's things look as JSON, and the schemas that say so."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from billow.flow.whereabouts import FileState
from billow.function import Function
from billow.job import Attempt, Job
from billow.ports.journal import Entry
from billow.ports.queues import Message
from billow.ports.tables import Item
from billow.shapes import attempt_shape, job_shape
from billow.web.api.endpoint import PREFIX, Schema
from billow.web.files import Listed
from billow.web.steps import steps_of


def job_row(job: Job) -> dict[str, Any]:
    """A job as lists show it: without its result, and its failure without details."""
    shape = job_shape(job)
    if job.failure is not None:
        shape["failure"] = {"kind": job.failure.kind, "message": job.failure.message}
    return {**shape, "links": job_links(job)}


def job_full(job: Job, attempts: list[Attempt], files: list[Listed]) -> dict[str, Any]:
    """All there is to know about a job."""
    steps = [step._asdict() for step in steps_of(job, attempts)]
    return {
        **job_shape(job),
        "result": job.result,
        "files": [file._asdict() for file in files],
        "attempts": [attempt_shape(attempt) for attempt in attempts],
        "steps": steps,
        "links": job_links(job),
    }


def job_links(job: Job) -> dict[str, str]:
    """Where to go on from a job."""
    here = f"{PREFIX}/jobs/{job.id}"
    links = {"self": here, "events": f"{here}/events", "result": f"{here}/result"}
    if job.upload is not None:
        links["input"] = f"{here}/input"
    return links


def function_shape(function: Function) -> dict[str, Any]:
    """What clients need to know to call a function."""
    accepts = function.accepts
    return {
        "name": function.name,
        "summary": function.summary,
        "queue": function.queue,
        "accepts": accepts
        and {"suffixes": list(accepts.suffixes), "max_size": accepts.max_size, "field": "file"},
        "parameters": [
            {
                "name": name,
                "types": None if kinds is None else sorted({_json_type(kind) for kind in kinds}),
                "required": name in function.required,
            }
            for name, kinds in function.parameters.items()
        ],
        "limits": {
            "time": function.limits.time,
            "memory": function.limits.memory,
            "result": function.limits.result,
            "attempts": function.retry.attempts,
        },
        "links": {"submit": f"{PREFIX}/functions/{quote(function.name)}/jobs"},
    }


def message_shape(message: Message) -> dict[str, Any]:
    """A message of a queue."""
    return message._asdict()


def item_shape(item: Item) -> dict[str, Any]:
    """An item of a table."""
    return item._asdict()


def entry_shape(entry: Entry) -> dict[str, Any]:
    """Something that happened, and why."""
    return entry._asdict()


def _json_type(kind: type) -> str:
    names = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array"}
    return names.get(kind, "null" if kind is type(None) else "object")


_TIME: Schema = {"type": ["number", "null"], "description": "UNIX seconds"}


def _object(required: dict[str, Schema], **optional: Schema) -> Schema:
    return {
        "type": "object",
        "properties": {**required, **optional},
        "required": list(required),
        "additionalProperties": False,
    }


def ref(name: str) -> Schema:
    """The schema that is called `name` in the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def list_of(name: str, field: str = "", **beside: Schema) -> Schema:
    """An object with a list of `name` in `field` (its plural if not given), and further fields."""
    items: Schema = {"type": "array", "items": ref(name)}
    return _object({field or f"{name.lower()}s": items, **beside})


NEXT: Schema = {"type": ["string", "null"], "description": "Address of the next page"}
_TEXT: Schema = {"type": "string"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_NUMBER: Schema = {"type": "number"}
_FREE: Schema = {"type": "object"}

STATUS: Schema = {"enum": ["pending", "running", "completed", "failed", "cancelled"]}

_FAILURE = _object({"kind": _TEXT, "message": _TEXT}, detail=_TEXT)

_JOB: dict[str, Schema] = {
    "id": _TEXT,
    "seq": _COUNT,
    "function": _TEXT,
    "name": _TEXT,
    "status": STATUS,
    "owner": _TEXT,
    "args": _FREE,
    "upload": {"type": ["string", "null"], "description": "store/key of the uploaded file"},
    "progress": {"type": ["number", "null"], "description": "Share of the work done, 0 to 1"},
    "failure": {"oneOf": [ref("Failure"), {"type": "null"}]},
    "failures": _COUNT,
    "lost": _COUNT,
    "worker": {"type": ["string", "null"]},
    "created": _TIME,
    "started": _TIME,
    "finished": _TIME,
    "wait": {"type": ["number", "null"], "description": "Seconds from acceptance to start"},
    "duration": {"type": ["number", "null"], "description": "Seconds its latest try took"},
    "due": {**_TIME, "description": "When it may be taken next, or when its lease ends"},
    "links": {"type": "object", "additionalProperties": _TEXT},
}

#: Every schema that the document names.
SCHEMAS: dict[str, Schema] = {
    "Problem": {
        "type": "object",
        "description": "What went wrong (RFC 9457). Further fields give facts, such as `limit`.",
        "properties": {
            "type": _TEXT,
            "title": _TEXT,
            "status": {"type": "integer"},
            "detail": _TEXT,
            "instance": {"type": "string", "description": "Names the request in the server's log"},
        },
        "required": ["type", "title", "status", "detail", "instance"],
    },
    "Failure": _FAILURE,
    "Job": _object(_JOB),
    "SentJob": _object(
        {**_JOB, "result": {"description": "What the function returned, if it is completed"}}
    ),
    "SentJobs": _object(
        {
            "jobs": {"type": "array", "items": ref("Job")},
            "refused": {"type": "array", "items": ref("Refusal")},
        }
    ),
    "Attempt": _object(
        {"worker": _TEXT, "started": _NUMBER, "ended": _NUMBER, "failure": ref("Failure")}
    ),
    "File": _object(
        {
            "name": _TEXT,
            "ending": _TEXT,
            "size": _COUNT,
            "sha256": _TEXT,
            "state": {"enum": [state.value for state in FileState]},
            "ready": {**_TIME, "description": "About when a file that is being restored is back"},
            "note": {"type": "string", "description": "The state in words"},
            "href": {"type": ["string", "null"], "description": "Where it can be fetched"},
        }
    ),
    "Step": _object({"name": _TEXT, "at": _NUMBER, "data": _FREE}),
    "FullJob": _object(
        {
            **_JOB,
            "result": {"description": "What the function returned; null until it completed"},
            "files": {"type": "array", "items": ref("File")},
            "attempts": {"type": "array", "items": ref("Attempt")},
            "steps": {"type": "array", "items": ref("Step")},
        }
    ),
    "Function": _object(
        {
            "name": _TEXT,
            "summary": _TEXT,
            "queue": _TEXT,
            "accepts": {
                "oneOf": [
                    _object(
                        {
                            "suffixes": {"type": "array", "items": _TEXT},
                            "max_size": _COUNT,
                            "field": _TEXT,
                        }
                    ),
                    {"type": "null"},
                ]
            },
            "parameters": {
                "type": "array",
                "items": _object(
                    {
                        "name": _TEXT,
                        "types": {"type": ["array", "null"], "items": _TEXT},
                        "required": {"type": "boolean"},
                    }
                ),
            },
            "limits": _FREE,
            "links": {"type": "object", "additionalProperties": _TEXT},
        }
    ),
    "Refusal": _object({"name": _TEXT, "problem": _FREE}),
    "Queue": _object(
        {
            "name": _TEXT,
            "function": {"type": ["string", "null"], "description": "Whose jobs wait in it"},
            "topics": {"type": "array", "items": _TEXT},
            "visible": _COUNT,
            "in_flight": _COUNT,
            "delayed": _COUNT,
            "oldest": {"type": "number", "description": "Seconds the oldest visible one waits"},
        }
    ),
    "Message": _object(
        {"id": _TEXT, "body": _TEXT, "receipt": _TEXT, "receives": _COUNT, "sent": _NUMBER}
    ),
    "Item": _object({"key": _TEXT, "value": _FREE, "version": _COUNT}),
    "Table": _object({"name": _TEXT, "items": _COUNT}),
    "Fleet": {
        "type": "object",
        "description": "What is declared, and `state`, what the keeper last said of it.",
        "properties": {
            "function": _TEXT,
            "min": _COUNT,
            "max": _COUNT,
            "policy": _TEXT,
            "state": {"type": ["object", "null"]},
        },
        "required": ["function", "min", "max", "policy", "state"],
    },
    "Alarm": {
        "type": "object",
        "description": "An alarm as it was evaluated last. Times are UNIX seconds.",
        "properties": {
            "name": _TEXT,
            "state": {"type": "string", "enum": ["OK", "ALARM", "INSUFFICIENT_DATA"]},
            "value": {"type": ["number", "null"]},
            "since": _NUMBER,
            "when": _TEXT,
            "about": _TEXT,
            "do": {"type": "array", "items": _TEXT},
            "page": _TEXT,
            "severity": _TEXT,
            "off": {"type": "boolean"},
        },
        "required": ["name", "state", "value", "since", "when", "do", "page", "off"],
    },
    "Entry": _object(
        {
            "seq": _COUNT,
            "at": _NUMBER,
            "kind": _TEXT,
            "subject": _TEXT,
            "reason": _TEXT,
            "data": _FREE,
        }
    ),
    "Group": _object(
        {
            "id": _TEXT,
            "function": _TEXT,
            "kind": _TEXT,
            "message": _TEXT,
            "count": _COUNT,
            "newest": _NUMBER,
            "sample": ref("Job"),
        }
    ),
}
