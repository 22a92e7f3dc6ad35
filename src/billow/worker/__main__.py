"""`python -m billow.worker`: run the jobs of one function."""

from __future__ import annotations

import os
import sys

from billow.errors import Error
from billow.home import open_home
from billow.ops.logs.start import log_to, make_shipper
from billow.ops.otlp import open_exporter
from billow.ops.shipping import Shipper
from billow.ops.traces import tracing
from billow.worker.bench import Workbench
from billow.worker.desk import Desk
from billow.worker.parent import Worker
from billow.worker.process import ChildProcess
from billow.worker.settings import USAGE, read_settings


def main(arguments: list[str]) -> int:
    """Work until told to leave; the exit status: 0, 1 if it could not, 2 for bad usage."""
    if "--help" in arguments:
        sys.stdout.write(USAGE)
        return 0
    try:
        settings = read_settings(arguments)
    except Error as problem:
        sys.stderr.write(f"{USAGE}\n{problem}\n")
        return 2
    for fd in (settings.lifeline, settings.status):
        if fd is not None:
            os.set_inheritable(fd, False)
    shipper = make_shipper(settings.id)
    log_to(shipper)
    child = ChildProcess(settings, watch=shipper.watch)  # loads the app meanwhile
    try:
        home = open_home(settings.folder)
        passed_on = open_exporter(settings.function)
    except Error as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    metrics = Shipper(home.recorder, home.metrics, also=passed_on).start()
    desk = Desk(home, settings.function, settings.id, settings.lease)
    bench = Workbench(settings, desk, child, shipper.watch)
    shipper.start(home.logs)
    try:
        with tracing(settings.id):
            return Worker(settings, home, bench, desk).run()
    finally:
        metrics.stop()
        shipper.stop()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
