"""What the keeper measures of the machine and of the stores."""

from __future__ import annotations

from billow.clock import VirtualClock
from billow.drivers.memory.home import open_memory
from billow.keeper.measuring import Measuring
from billow.usage import cpu_share


def test_the_machine_and_the_stores_are_measured() -> None:
    clock = VirtualClock()
    home = open_memory(clock=clock)
    home.objects.put("photos", [b"abc"], key="a")
    measuring = Measuring(home)
    measuring.look()
    first = {one.name: one for one in home.recorder.take()}
    for name in ("host.memory", "host.disk"):
        assert 0 <= first[name].summary.low <= 100
    assert first["store.photos.bytes"].summary.total == 3
    assert first["jobs.dead"].summary.total == 0
    assert first["host.full"].summary.total in (0, 1)
    measuring.look()
    assert "store.photos.bytes" not in {one.name for one in home.recorder.take()}
    clock.advance(60)
    measuring.look()
    assert "store.photos.bytes" in {one.name for one in home.recorder.take()}


def test_the_busy_share_of_processors() -> None:
    assert cpu_share((10, 100), (35, 150)) == 0.5
    assert cpu_share((10, 100), (10, 100)) is None
    assert cpu_share(None, (10, 100)) is None
