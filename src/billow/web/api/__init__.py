"""The HTTP API. Each module holds the endpoints of one noun in a list called `ENDPOINTS`."""

from __future__ import annotations

from billow.web.api import (
    alarms,
    dead,
    events,
    files,
    fleets,
    functions,
    health,
    jobs,
    journal,
    logs,
    multipart,
    pagerduty,
    queues,
    reference,
    signed,
    stripe,
    tables,
    webhooks,
)
from billow.web.api.endpoint import Endpoint

#: Every endpoint, in the order in which the reference shows them.
ENDPOINTS: list[Endpoint] = [
    endpoint
    for module in (
        functions,
        jobs,
        files,
        multipart,
        signed,
        dead,
        events,
        queues,
        tables,
        fleets,
        alarms,
        webhooks,
        journal,
        logs,
        stripe,
        pagerduty,
        health,
        reference,
    )
    for endpoint in module.ENDPOINTS
]
