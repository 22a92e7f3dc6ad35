"""How a service is to be run: what its keeper is told at the start."""

from __future__ import annotations

import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from billow.keeper.certificate import NO_TLS, Tls

#: The web server's command, before its arguments.
WEB = (sys.executable, "-m", "billow.web")
#: The pager's.
PAGER = (sys.executable, "-m", "billow.ops.pager")
#: The render pool's.
RENDERER = (sys.executable, "-m", "billow.renderer")
#: Before the commands of those who work behind a front: it must get its turn when they use all
#: processors, as only the front can refuse what is too much.
YIELDING = ("nice", "-n", "5")
#: That of a process of the app's own.
OWN = (sys.executable, "-m", "billow.process")


@dataclass(frozen=True, slots=True)
class Settings:
    """How a service is to be run."""

    #: The app: a file, a folder or `package.module:name`.
    target: str
    folder: Path
    #: How much faster the policies' periods and cooldowns pass.
    speed: float = 1.0
    #: Seconds that workers may take to finish their jobs when the service stops.
    grace: float = 30.0
    #: The web server's command; None runs none.
    web: tuple[str, ...] | None = WEB

    #: Certificate and key, and the socket that sends visitors of plain HTTP on to https.
    tls: Tls = NO_TLS
    plain: socket.socket | None = None

    @property
    def logs(self) -> Path:
        """The folder of the processes' logs."""
        return self.folder / "logs"
