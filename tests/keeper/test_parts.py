"""The keeper's smaller parts: lock, socket, report, upkeep, plain view, kernel figures."""

from __future__ import annotations

import io
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from billow.app import App
from billow.clock import VirtualClock
from billow.errors import Conflict, SettingError, Unavailable
from billow.fleet.fixed import Fixed
from billow.home import open_home
from billow.keeper.listen import listen, url
from billow.keeper.lock import KeeperLock, keeper_pid
from billow.keeper.report import Report
from billow.keeper.upkeep import KEEP, LOG_SIZE, Upkeep
from billow.keeper.view import PlainView
from billow.ops.remedies.guard import Done
from billow.ops.remedies.records import KEPT, Record, Records
from billow.options import Fleet
from billow.ports.incidents import Notice
from billow.ports.journal import Entry
from billow.ports.ledger import Completed, Submission
from billow.testing import memory_home
from billow.usage import cpu_time, memory
from tests.fleet.simulation import SimulatedFleet


def test_the_lock_is_exclusive_and_let_go(tmp_path: Path) -> None:
    with KeeperLock(tmp_path / "data"):
        assert keeper_pid(tmp_path / "data") == os.getpid()
        with (
            pytest.raises(Conflict, match=f"process {os.getpid()} runs"),
            KeeperLock(tmp_path / "data"),
        ):
            pass
    assert keeper_pid(tmp_path / "data") is None
    with KeeperLock(tmp_path / "data"):
        pass


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from billow.keeper.lock import KeeperLock\n"
        "with KeeperLock(Path(sys.argv[1])): os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False)
    assert (tmp_path / "keeper.lock").read_text().strip().isdigit()
    assert keeper_pid(tmp_path) is None
    with KeeperLock(tmp_path):
        pass


def test_no_keeper_where_there_is_no_folder(tmp_path: Path) -> None:
    assert keeper_pid(tmp_path / "nowhere") is None


def test_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Unavailable, match="cannot be used"), KeeperLock(tmp_path / "file" / "x"):
        pass


def test_any_free_port() -> None:
    with listen("127.0.0.1", 0) as bound:
        port = bound.getsockname()[1]
        assert url(bound) == f"http://127.0.0.1:{port}"
        assert not bound.get_inheritable()
        socket.create_connection(("127.0.0.1", port)).close()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_loopback_by_either_name(host: str) -> None:
    with listen(host, 0) as bound:
        assert url(bound).startswith("http://127.0.0.1:")


def test_a_port_in_use_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("billow.keeper.listen.PATIENCE", 0.0)
    with listen("127.0.0.1", 0) as bound:
        port = bound.getsockname()[1]
        with pytest.raises(Unavailable, match=f"port {port} on 127.0.0.1 is in use by another"):
            listen("127.0.0.1", port)


def test_a_port_about_to_be_free_is_waited_for() -> None:
    first = listen("127.0.0.1", 0)
    port = first.getsockname()[1]
    threading.Timer(0.2, first.close).start()
    with listen("127.0.0.1", port) as second:
        assert second.getsockname()[1] == port


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::"])
def test_an_address_that_others_can_reach_is_refused(host: str) -> None:
    with pytest.raises(SettingError, match="would let others in"):
        listen(host, 0)


def test_a_host_that_is_not_known() -> None:
    with pytest.raises(Unavailable, match="host 'no such host' is not known"):
        listen("no such host", 0)


def test_the_kernel_tells_memory_and_time() -> None:
    assert memory(os.getpid()) > 10_000_000
    before, end = cpu_time(os.getpid()), time.process_time() + 0.03
    while time.process_time() < end:
        pass
    assert cpu_time(os.getpid()) > before
    assert (memory(2**22 + 1), cpu_time(2**22 + 1)) == (0, 0.0)


def test_report_writes_series_while_something_changes_and_rarely_when_idle(
    clock: VirtualClock,
) -> None:
    app = App("a")
    function = app.function(name="f", fleet=Fleet(scale=Fixed(1)))(lambda: None)
    home = memory_home(app, clock)
    fleet = SimulatedFleet(function.fleet)
    report = Report(home, [(function, fleet.controller)], [])

    def pass_seconds(count: int) -> None:
        for _ in range(count):
            clock.advance(1)
            fleet.run(1)
            assert report.due(clock.now())
            report.look(clock.now())
            assert not report.due(clock.now())

    def samples(name: str) -> list[float]:
        return [point.mean for point in home.journal.series(name, 0, clock.now() + 1, 1)]

    pass_seconds(3)
    idle_from = clock.now()
    pass_seconds(40)
    points = home.journal.series("fleet.f.idle", idle_from, clock.now() + 1, 1)
    assert 3 <= len(points) <= 5
    home.ledger.submit([Submission("f")] * 4)
    leases = home.ledger.exchange("f", "w", [], 4, 60).leases
    done = [Completed(lease.seq, lease.token, "1", 0, 0) for lease in leases]
    home.ledger.exchange("f", "w", done, 0, 60)
    pass_seconds(2)
    assert samples("jobs.f.completed")[-2:] == [4.0, 0.0]
    assert samples("queue.a-f.visible")[-1] == 0
    assert samples("process.keeper.rss")[-1] > 0
    board = home.journal.board()
    assert board["fleet.f"]["wanted"] == 1
    assert board["process.keeper"]["pid"] == os.getpid()


def test_upkeep_does_what_an_app_needs_too_and_goes_on_if_that_fails(tmp_path: Path) -> None:
    home = open_home(tmp_path / "data")
    (tmp_path / "logs").mkdir()
    done: list[str] = []

    def fail() -> None:
        raise OSError("no")

    Upkeep(home, tmp_path / "logs", [fail, lambda: done.append("swept")]).round()
    assert done == ["swept"]


def test_upkeep_trims_the_journal_and_the_logs(tmp_path: Path, clock: VirtualClock) -> None:
    home = open_home(tmp_path / "data", clock=clock)
    home.journal.write("scale.out", "f", "old", at=clock.now() - KEEP - 1)
    home.journal.write("scale.out", "f", "new")
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "gone.log").write_text("from long ago")
    old = time.time() - KEEP - 60
    os.utime(logs / "gone.log", (old, old))
    (logs / "small.log").write_text("few words")
    with (logs / "large.log").open("ab") as writer:
        writer.write(b"x" * (LOG_SIZE + 1))
        writer.flush()
        Upkeep(home, logs).round()
        writer.write(b"goes on")
    assert [entry.reason for entry in home.journal.read()] == ["new"]
    assert sorted(path.name for path in logs.iterdir()) == [
        "large.log",
        "large.log.old",
        "small.log",
    ]
    assert (logs / "large.log").read_bytes() == b"goes on"
    assert (logs / "large.log.old").stat().st_size == LOG_SIZE + 1


def test_upkeep_forgets_what_nobody_needs_any_more(tmp_path: Path, clock: VirtualClock) -> None:
    home = open_home(tmp_path / "data", clock=clock)
    (tmp_path / "logs").mkdir()
    home.queues.send("told", ["old"])
    [chore] = home.ledger.submit([Submission("billow.report", owner="billow")])
    home.ledger.cancel(chore.id)
    records = Records(home.tables)
    records.begin(Record("", Done(clock.now(), "restart", "f", "slow", "done"), "why", "sign"))
    notice = Notice("k", 0, "ana", "c", "test", "r", 0.0, "sent", 0.0, done=clock.now())
    home.incidents.change(lambda books: books.notices.add(notice))
    clock.advance(max(KEEP, KEPT) + 86400)
    home.queues.send("told", ["new"])
    Upkeep(home, tmp_path / "logs").round()
    assert [message.body for message in home.queues.peek("told")] == ["new"]
    assert home.ledger.get(chore.id) is None
    assert records.since(0) == []
    assert home.incidents.look(lambda books: books.notices.find()) == []


def test_plain_view_prints_a_line_for_each_event() -> None:
    out = io.StringIO()
    view = PlainView(out)
    view.started({"app": "tiny", "url": "http://127.0.0.1:1", "folder": "/data"})
    view.happened(Entry(1, 0.0, "scale.out", "f", "many wait", {}))
    view.progressed({})
    view.stopping("stopping")
    view.stopped()
    lines = out.getvalue().splitlines()
    assert lines[0] == "tiny is up at http://127.0.0.1:1 (files in /data)"
    assert lines[1].endswith("scale.out          f: many wait")
    assert lines[2:] == ["stopping", "stopped"]
