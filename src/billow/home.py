"""A home: the drivers a service runs on, in one place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from billow.clock import Clock, SystemClock
from billow.ops.recorder import Recorder
from billow.ports.accounts import Accounts
from billow.ports.cold import Cold
from billow.ports.incidents import Incidents
from billow.ports.journal import Journal
from billow.ports.ledger import Ledger
from billow.ports.logs import Logs
from billow.ports.metrics import Metrics
from billow.ports.objects import ArrivalRule, Objects
from billow.ports.queues import Queues
from billow.ports.steps import StepRules
from billow.ports.tables import Tables
from billow.ports.uploads import Uploads
from billow.ports.wake import Wake
from billow.settings import in_force


@dataclass(frozen=True, slots=True)
class Home:
    """Everything that outlives a process."""

    ledger: Ledger
    queues: Queues
    tables: Tables
    objects: Objects
    uploads: Uploads
    accounts: Accounts
    incidents: Incidents
    cold: Cold
    journal: Journal
    metrics: Metrics
    logs: Logs
    wake: Wake
    clock: Clock
    #: Where it keeps its files on this machine; None if it has none.
    folder: Path | None = None
    #: How many times faster than on the wall clock plans and archives count their time.
    speed: float = 1.0
    #: What this process measures; shipped to `metrics` if the process ships it.
    recorder: Recorder = field(default_factory=Recorder)
    #: Closes what the calling thread has open of it; the next use opens it again.
    close: Callable[[], None] = lambda: None


def open_home(
    folder: str | Path,
    *,
    arrivals: ArrivalRule | None = None,
    clock: Clock | None = None,
    speed: float = 1.0,
    follow: StepRules | None = None,
) -> Home:
    """The embedded home in `folder`, which is made if needed.

    Args:
        folder: where everything is kept; give each service its own.
        arrivals: what arriving objects set off; see `billow.flow.arrivals`.
        clock: where the time comes from.
        speed: how many times faster than on the wall clock plans and archives count their time.
        follow: what steps of jobs set off; see `billow.flow.following`.

    Raises:
        Unavailable: the folder cannot be used.
    """
    from billow.drivers.embedded.home import open_embedded  # noqa: PLC0415 - chosen by settings

    home = open_embedded(
        Path(folder),
        arrivals=arrivals,
        clock=clock or SystemClock(),
        follow=follow,
        room=disk_room(),
    )
    return replace(home, speed=speed)


def disk_room() -> tuple[int | None, int | None]:
    """Bytes of the disk that must be left for anything new, and that are held back.

    As the settings `disk_floor` and `disk_reserve` say; None where they say nothing.
    """
    said = (in_force(name).value for name in ("disk_floor", "disk_reserve"))
    floor, reserve = (None if size == "" else size for size in said)
    return floor, reserve
