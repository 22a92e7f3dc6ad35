"""The app of the fault drill: what is struck, the alarms that notice, and who is called."""

from __future__ import annotations

import socket
import time

from billow.app import App
from billow.fleet.queue import Queue
from billow.ops.alarm import Alarm
from billow.ops.page import Page
from billow.ops.rota.rota import Rota
from billow.options import Fleet, Retry
from billow.pool import Web
from billow.units import MiB

#: The functions: one leaks, one gets more work than a worker can do, one calls another service.
HOARD, TOIL, ASK = "hoard", "toil", "ask"
#: What it calls.
ORACLE = "oracle"
#: The alarms.
LEAK, DISK, MAIL, SILENCE = "leak", "disk", "mail", "silence"
#: Whoever is called.
PERSON = "ana"
#: Servers of the pool; workers that `toil` may have, and jobs that each should.
SERVERS, MOST, EACH = 2, 3, 5
#: Per cent of the time that it is to be available, all faults at once. The looks that a hung server
#: costs before it is noticed are few; a machine that is busy with other things costs some more.
PROMISED = 95.0
#: MiB that workers of `hoard` may hold.
BOUND = 400

_kept: list[bytearray] = []


def make_app(*, disk: bool, oracle: int) -> App:
    """The app.

    Args:
        disk: whether the service has a small disk of its own, which is watched.
        oracle: the port of the service that is called.
    """
    app = App("drill")
    app.usual_alarms = False  # the machine of a drill may be busy with other things, too
    app.web(Web(min=SERVERS, max=SERVERS, shed_after="1 min"))
    app.availability(PROMISED)
    rota = Rota("drill", people=[PERSON])
    app.oncall(Page(rota, after="3 min"))

    @app.function(fleet=Fleet(min=1, max=1), name=HOARD)
    def hoard(number: int, mib: int) -> int:
        """Keep so much memory for ever."""
        _kept.append(bytearray(b"x") * (mib * MiB))
        time.sleep(0.1)
        return number

    fleet = Fleet(min=1, max=MOST, scale=Queue(per_worker=EACH, shrink_after="5 s"))

    @app.function(fleet=fleet, name=TOIL)
    def toil(number: int) -> int:
        """Take a while."""
        time.sleep(0.3)
        return number

    # Often enough that some fail in each ten seconds, and not so often that they fill the disk.
    often = Retry(attempts=1000, backoff="2 s", max_backoff="2 s")

    @app.function(fleet=Fleet(min=1, max=1), retry=often, calls=ORACLE, name=ASK)
    def ask(number: int) -> int:
        """Have another service answer."""
        with socket.create_connection(("127.0.0.1", oracle), 30) as line:
            if not line.recv(1):
                raise OSError("no answer")
        return number

    silence = Alarm(SILENCE, f"function.{ASK}.errors > 0 for 10 s")
    app.alarm(silence, do=f"open breaker {ORACLE}", dry=False, page=True)
    leak = Alarm(LEAK, f"process.{HOARD}.rss > {BOUND} MiB for 10 s")
    app.alarm(leak, do=f"recycle {HOARD}", dry=False, page=True)
    if disk:
        app.alarm(Alarm(DISK, "host.disk > 90 % for 10 s"), do="free disk", dry=False, page=True)
    # Tries are rare, so that one in a minute tells as much as many.
    dead = Alarm(MAIL, "function.billow.mail.errors > 0 over 10 s for 1 of 6")
    app.alarm(dead, page=Page(rota), severity="critical")
    return app
