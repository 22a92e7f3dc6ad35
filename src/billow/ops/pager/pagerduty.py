"""Events to PagerDuty, by its Events API v2."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from billow.ports.incidents import Incident
from billow.ports.mail import Handover, Verdict

#: Where events go.
URL = "https://events.pagerduty.com/v2/enqueue"
#: Bytes of an event, and characters of its summary and key.
MOST_BYTES, MOST_SUMMARY, MOST_KEY = 512_000, 1024, 255

_ACTIONS = {"page": "trigger", "acknowledged": "acknowledge", "resolved": "resolve"}
_TOO_MANY = 429


def dedup_key(app: str, incident: Incident) -> str:
    """What PagerDuty tells incidents apart by; the same from the first sign to the last."""
    return f"billow/{app}/{incident.number}"[:MOST_KEY]


def event(
    incident: Incident, kind: str, routing_key: str, app: str, url: str = ""
) -> dict[str, Any]:
    """The event that tells of an incident.

    Args:
        incident: what it tells of.
        kind: `page`, `acknowledged` or `resolved`.
        routing_key: the integration's.
        app: what the service is called.
        url: where people reach it; "" if that is not known.
    """
    action = _ACTIONS[kind]
    made: dict[str, Any] = {
        "routing_key": routing_key,
        "event_action": action,
        "dedup_key": dedup_key(app, incident),
    }
    if action != "trigger":
        return made
    made["payload"] = {
        "summary": incident.summary[:MOST_SUMMARY],
        "source": incident.source or app,
        "severity": incident.severity,
        "timestamp": datetime.fromtimestamp(incident.created, UTC).isoformat(),
        "component": incident.service,
        "group": app,
        "class": incident.key[:MOST_KEY],
        "custom_details": json.loads(incident.details),
    }
    made["client"] = f"Billow: {app}"
    if url:
        page = f"{url}/incidents/{incident.number}"
        made |= {"client_url": page, "links": [{"href": page, "text": "The incident's page"}]}
    return made


def test_event(person: str, routing_key: str, app: str, key: str) -> dict[str, Any]:
    """An event that proves the chain."""
    return {
        "routing_key": routing_key,
        "event_action": "trigger",
        "dedup_key": f"billow/{app}/test/{key}"[:MOST_KEY],
        "payload": {
            "summary": f"Test alert of {app} for {person}",
            "source": app,
            "severity": "info",
        },
    }


def encode(made: Mapping[str, Any]) -> bytes:
    """An event as JSON; details that make it too big give way, the page itself never does."""
    body = json.dumps(made, ensure_ascii=False).encode("utf-8", "replace")
    if len(body) <= MOST_BYTES:
        return body
    payload = {**made["payload"], "custom_details": {"error": "the details were too big to send"}}
    return json.dumps({**made, "payload": payload}, ensure_ascii=False).encode("utf-8", "replace")


def verdict(status: int | None, reason: str) -> Handover:
    """What an answer means: 202 is taken, 429 and server errors are tried again, else never."""
    if status == 202:
        return Handover(Verdict.SENT, "queued at PagerDuty")
    if status is None or status == _TOO_MANY or status >= 500:
        return Handover(Verdict.LATER, reason)
    return Handover(Verdict.NEVER, reason)
