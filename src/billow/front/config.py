"""What the keeper tells the front at its start."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from billow.pool import Web
from billow.units import per_second, seconds


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a front allows; see `billow.Web`. Times are seconds, rates are a second."""

    shed_after: float
    queue: int
    in_flight: int
    #: None: 100 a second, and this machine's own programs as many as they like.
    per_client: float | None
    per_account: float
    connections: int
    connections_per_client: int
    head: int
    body: int
    head_time: float
    idle: float
    slowest: int
    answer_time: float

    @classmethod
    def of(cls, web: Web, body: int) -> Bounds:
        """The bounds that an app declares; `body` is the largest one that it can use."""
        return cls(
            shed_after=seconds(web.shed_after),
            queue=web.queue,
            in_flight=web.in_flight,
            per_client=None if web.per_client is None else per_second(web.per_client),
            per_account=per_second(web.per_account),
            connections=web.connections,
            connections_per_client=web.connections_per_client,
            head=web.head,
            body=web.body or body,
            head_time=seconds(web.head_time),
            idle=seconds(web.idle),
            slowest=web.slowest,
            answer_time=seconds(web.answer_time),
        )


@dataclass(frozen=True, slots=True)
class Config:
    """How a front is to work."""

    bounds: Bounds
    #: Known to this front and its servers only.
    token: str
    #: Folders that files may be sent from.
    files: tuple[str, ...] = ()
    #: Networks whose word about the visitor's address is taken.
    trusted: tuple[str, ...] = ()
    #: Whether people log in, so that those who have not come last.
    accounts: bool = False
    #: Beginnings of the addresses that must answer when nothing else does.
    vital: tuple[str, ...] = ()
    #: Where the access log goes, how it is written, and how many bytes a file of it may have.
    log: str = ""
    log_format: str = "json"
    log_size: int = 10 * 1024 * 1024
    #: Files of certificate and key; without them the front speaks plain HTTP.
    cert: str = ""
    key: str = ""
    #: Whether browsers are told to use https only.
    hsts: bool = False

    def encode(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)

    @classmethod
    def decode(cls, told: dict[str, Any]) -> Config:
        """Of plain values."""
        known = {field.name for field in fields(cls)}
        made = {name: value for name, value in told.items() if name in known}
        lists = {name: tuple(made[name]) for name in ("files", "trusted", "vital")}
        return cls(**{**made, **lists, "bounds": Bounds(**told["bounds"])})
