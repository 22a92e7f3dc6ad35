"""What a generator is told when it starts, as one JSON document."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from billow.drill.load.arrivals import Stage


@dataclass(frozen=True, slots=True)
class Orders:
    """What one generator is to do."""

    #: The address that was resolved when the drill began, and the port.
    address: str
    port: int
    #: What the Host header says.
    host: str
    tls: bool
    #: Whether the service must prove by its certificate that it is the host.
    verify: bool
    stages: list[Stage]
    #: Visitors of all generators together, and as many again in a flood's crowd.
    visitors: int
    seed: int
    poisson: bool
    #: Seconds that a request may take, and after which a right answer counts as slow.
    timeout: float
    slow: float
    #: The app whose visitors these are; None: whoever fetches `paths`.
    app: str | None = None
    paths: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)
    seeded: Any = None
    #: Whether safe requests are sent again if their connection breaks, as browsers do.
    again: bool = True
    #: Which generator this is, from 0, and how many there are.
    part: int = 0
    parts: int = 1

    def for_part(self, part: int, parts: int) -> Orders:
        """The orders of one generator of several."""
        return replace(self, part=part, parts=parts)

    def encode(self) -> str:
        """As text in one line."""
        return json.dumps(asdict(self))

    @classmethod
    def decode(cls, text: str) -> Orders:
        """What `encode` made."""
        told = json.loads(text)
        return cls(**{**told, "stages": [Stage(**stage) for stage in told["stages"]]})
