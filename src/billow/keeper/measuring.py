"""What the keeper measures of the machine and of the stores, for the metrics of the service."""

from __future__ import annotations

import shutil
from pathlib import Path

from billow.drivers.embedded.disk import Disk
from billow.flow.stuck import stuck
from billow.home import Home, disk_room
from billow.usage import cpu_share, machine_memory, machine_times

#: Seconds between two counts of what is stored: they read the whole catalogue.
_STORES = 60.0
#: Dead letters are counted up to here.
_DEAD = 1000


class Measuring:
    """Measures the machine, the stores and the dead letters into the home's recorder."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._folder = home.folder or Path()
        self._disk = Disk(self._folder, *disk_room())
        self._times = machine_times()
        self._stored = -_STORES

    def look(self) -> None:
        """Measure once; to be called every few seconds."""
        recorder = self._home.recorder
        for name, value in self._machine().items():
            recorder.gauge(f"host.{name}", value, "%")
        dead = self._home.ledger.find(dead=True, limit=_DEAD, results=False).jobs
        recorder.gauge("jobs.dead", len(dead))
        recorder.gauge("host.full", float(self._disk.is_full))
        now = self._home.clock.now()
        if not 0 <= now - self._stored < _STORES:
            self._stored = now
            for store, (count, size) in self._home.objects.usage().items():
                recorder.gauge(f"store.{store}.objects", count)
                recorder.gauge(f"store.{store}.bytes", size, "bytes")
            recorder.gauge("archive.stuck", stuck(self._home).files)

    def _machine(self) -> dict[str, float]:
        """Processors, memory and disk, in percent; what the system does not tell is left out."""
        before, self._times = self._times, machine_times()
        disk = shutil.disk_usage(self._folder)
        found = {
            "cpu": cpu_share(before, self._times),
            "memory": machine_memory(),
            "disk": 1 - disk.free / disk.total if disk.total else None,
        }
        return {name: 100 * share for name, share in found.items() if share is not None}
