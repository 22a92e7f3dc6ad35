"""A whole service: keeper, workers, chores' workers from none, and time that passes faster."""

from __future__ import annotations

from pathlib import Path

from billow.flow.client import Client
from billow.flow.whereabouts import FileState, whereabouts
from billow.home import Home, open_home
from billow.job import Job
from billow.loading import load_app
from billow.outputs import ResultFile
from tests.chores.world import World
from tests.keeper.helpers import running, until

APP = """
import billow
app = billow.App("gas")
app.plans(billow.Plan("free", keep="30 min", then="archive"), billow.Plan("premium"))

@app.function(fleet=billow.Fleet(min=1, max=1))
def annotate(text: str = "variants") -> billow.Outputs:
    return billow.Outputs({".annot.vcf": text, ".count.log": "1"})

@app.on(billow.Event.PLAN_CHANGED, to="premium")
def thaw(account: billow.Account) -> None:
    account.restore_all()
"""


def states(home: Home, job: Job) -> set[FileState]:
    return {whereabouts(home, file).state for file in job.files.values()}


def test_results_are_archived_and_restored_by_a_running_service(tmp_path: Path) -> None:
    target = tmp_path / "app.py"
    target.write_text(APP)
    folder = tmp_path / "data"
    with running(str(target), folder, speed=900) as service:
        home = open_home(folder)
        world = World(home, load_app(target))
        client = Client(home, world.app)
        assert "billow.archive" not in service.view.fleets
        job = client.wait(client.submit("annotate", name="a.vcf", owner="ana").id, 20)
        assert states(home, job) == {FileState.HOT}
        until(lambda: states(home, job) == {FileState.COLD})
        assert service.view.fleets["billow.archive"]["max"] == 2
        world.set_plan("premium")
        until(lambda: states(home, job) == {FileState.HOT})
        file = job.files[".annot.vcf"]
        assert b"".join(home.objects.read(file.store, file.key)) == b"variants"
        until(lambda: home.cold.list("gas-results") == [])
    assert [dead.failure for dead in home.ledger.find(dead=True).jobs] == []
    assert service.view.of("worker.crashed", "worker.killed") == []


def test_a_rotten_copy_is_told_of_and_not_served(tmp_path: Path) -> None:
    target = tmp_path / "app.py"
    target.write_text(APP)
    folder = tmp_path / "data"
    with running(str(target), folder, speed=1800) as service:
        home = open_home(folder)
        world = World(home, load_app(target))
        client = Client(home, world.app)
        job = client.wait(client.submit("annotate", name="a.vcf", owner="ana").id, 20)
        until(lambda: states(home, job) == {FileState.COLD})
        rotten, sound = job.files.values()
        for path in packed_files(folder):
            if path.stat().st_size == packed_size(home, rotten):
                data = path.read_bytes()
                path.write_bytes(data[:15] + bytes([data[15] ^ 4]) + data[16:])
        world.set_plan("premium")
        until(lambda: whereabouts(home, sound).state is FileState.HOT)
        until(lambda: whereabouts(home, rotten).state is FileState.DAMAGED)
        until(lambda: service.view.of("alarm.alarm"))
    assert service.view.of("cold.damaged")[0].subject == rotten.key
    assert home.objects.head(rotten.store, rotten.key) is None


def packed_files(folder: Path) -> list[Path]:
    return [path for path in (folder / "cold" / "packed").rglob("*") if path.is_file()]


def packed_size(home: Home, file: ResultFile) -> int:
    frozen = home.cold.head(file.store, file.key)
    assert frozen is not None
    return frozen.packed
