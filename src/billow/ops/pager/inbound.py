"""Events that programs send us, in the form of PagerDuty's Events API v2."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from billow.errors import Error
from billow.ops.incidents.room import SEVERITIES
from billow.ops.incidents.signs import Sign
from billow.ops.pager.pagerduty import MOST_BYTES, MOST_KEY, MOST_SUMMARY

_ACTIONS = ("trigger", "acknowledge", "resolve")
_TEXTS = ("summary", "source", "severity")
#: Characters of a routing key.
_KEY_LENGTH = 32


class InvalidEvent(Error):
    """The event cannot be taken; `errors` says why, each in PagerDuty's words."""

    status = 400
    title = "Invalid event"

    def __init__(self, *errors: str) -> None:
        super().__init__("; ".join(errors))
        self.errors = list(errors)


class Received(NamedTuple):
    """An event that was read."""

    routing_key: str
    action: str
    dedup_key: str
    payload: Mapping[str, Any]
    client: str

    def sign(self, service: str) -> Sign:
        """What it says is wrong."""
        payload = self.payload
        details = payload.get("custom_details")
        more = dict(details) if isinstance(details, dict) else {}
        if details is not None and not isinstance(details, dict):
            more["details"] = details
        for name in ("component", "group", "class"):
            if isinstance(payload.get(name), str):
                more.setdefault(name, payload[name])
        summary = payload["summary"][:MOST_SUMMARY]
        return Sign(service, self.dedup_key, summary, payload["severity"], payload["source"], more)


def read_event(body: bytes) -> Received:
    """An event from a request's body.

    Raises:
        InvalidEvent: it is none; all that is wrong with it is said.
    """
    if len(body) > MOST_BYTES:
        raise InvalidEvent(f"Event size exceeds the limit of {MOST_BYTES} bytes")
    try:
        told = json.loads(body, parse_constant=_refuse)
        # An escape can smuggle in half a surrogate pair, which no store can keep.
        json.dumps(told, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise InvalidEvent("JSON cannot be parsed") from None
    if not isinstance(told, dict):
        raise InvalidEvent("Event must be a JSON object")
    action: Any = told.get("event_action")
    errors = [*_key_errors(told), *_dedup_errors(told, action)]
    if action not in _ACTIONS:
        errors.append("'event_action' must be one of trigger, acknowledge, resolve")
    payload = told.get("payload")
    if action == "trigger":
        errors += _payload_errors(payload)
    if errors:
        raise InvalidEvent(*errors)
    given = told.get("dedup_key")
    key = given if isinstance(given, str) and given else _made_key(body)
    client = told.get("client")
    known = payload if isinstance(payload, dict) else {}
    return Received(
        told["routing_key"], action, key, known, client if isinstance(client, str) else ""
    )


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _key_errors(told: Mapping[str, Any]) -> list[str]:
    key = told.get("routing_key")
    if not isinstance(key, str) or not key:
        return ["'routing_key' is missing or blank"]
    if len(key) != _KEY_LENGTH:
        return [f"Length of 'routing_key' is incorrect (should be {_KEY_LENGTH} characters)"]
    return []


def _dedup_errors(told: Mapping[str, Any], action: Any) -> list[str]:
    key = told.get("dedup_key")
    if key is not None and not isinstance(key, str):
        return ["'dedup_key' must be a string"]
    if key and len(key) > MOST_KEY:
        return [f"Length of 'dedup_key' is incorrect (should be at most {MOST_KEY} characters)"]
    if not key and action in ("acknowledge", "resolve"):
        return ["'dedup_key' is missing or blank"]
    return []


def _payload_errors(payload: Any) -> list[str]:
    if not isinstance(payload, dict):
        return ["'payload' is missing or blank"]
    errors = [
        f"'payload.{name}' is missing or blank"
        for name in _TEXTS
        if not isinstance(payload.get(name), str) or not payload[name].strip()
    ]
    severity = payload.get("severity")
    if isinstance(severity, str) and severity.strip() and severity not in SEVERITIES:
        errors.append(
            "'payload.severity' is invalid (must be one of the following: "
            "'critical', 'warning', 'error' or 'info')"
        )
    return errors


def _made_key(body: bytes) -> str:
    """A key for an event that came with none: the same event sent again is the same."""
    return hashlib.sha256(body).hexdigest()[:32]
