"""The fault drill: a service with real processes, six faults at once, and what came of them."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

from billow.drill.faults.app import PERSON, SERVERS
from billow.drill.faults.faults import EVERY, Fault, FullDisk
from billow.drill.faults.report import Looks, Report
from billow.drill.faults.scene import Scene
from billow.drill.faults.sinks import MailServer, Oracle, Phone
from billow.drill.load.probe import Probe
from billow.drill.load.service import started
from billow.drill.load.target import find_target
from billow.errors import Unavailable
from billow.flow.client import connect
from billow.loading import load_app
from billow.ops.availability.book import AvailabilityBook
from billow.ops.availability.figures import HOUR
from billow.ops.pager.opening import open_desk
from billow.ops.pager.roster import Roster
from billow.units import MiB

#: Seconds in which everything must be well again, and in which all processes must be in service.
LIMIT, START_LIMIT = 240.0, 60.0
#: Probes at the same time; each looks at two pages twice a second.
PROBES = 4
#: Bytes of the disk that is filled, and held back of it: enough for what is written until an alarm
#: has looked, and so little that with all of that free it still finds the disk full.
DISK, RESERVE = 256 * MiB, 16 * MiB
_LOOK_EVERY = 0.1

#: The file that declares the drill's app.
APP = """\
from billow.drill.faults.app import make_app

app = make_app(disk={disk!r}, oracle={oracle})
"""


def drill(place: Path, tell: Callable[[str], None] | None = None, limit: float = LIMIT) -> Report:
    """Do the drill and judge it.

    Args:
        place: where it keeps everything; must be empty or new.
        tell: is told what happens, in a line each time.
        limit: seconds in which everything must be well again.

    Raises:
        Unavailable: the service does not start.
    """
    tell = tell or (lambda _: None)
    place = place.absolute()
    folder = place / "service"
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        skipped = stack.enter_context(small_disk(folder))
        mail = stack.enter_context(closing(MailServer()))
        oracle = stack.enter_context(closing(Oracle()))
        phone = stack.enter_context(closing(Phone()))
        (place / "app.py").write_text(APP.format(disk=not skipped, oracle=oracle.port))
        around = {
            "BILLOW_MAIL": f"smtp://127.0.0.1:{mail.port}?tls=none&timeout=30",
            "BILLOW_MAIL_FROM": "Drill <drill@example.org>",
            "BILLOW_WEBHOOKS_LOCAL": "1",
            "BILLOW_DISK_RESERVE": f"{RESERVE}",
        }
        running = stack.enter_context(started(str(place / "app.py"), folder, around))
        client = connect(load_app(place / "app.py"), folder)
        scene = Scene(client, folder, mail, oracle, phone)
        kinds = [each for each in EVERY if not (skipped and each is FullDisk)]
        report = _drill(scene, running.url, kinds, tell, limit)
        report.skipped = {"full disk": skipped} if skipped else {}
        return report


def _drill(
    scene: Scene, url: str, kinds: list[type[Fault]], tell: Callable[[str], None], limit: float
) -> Report:
    Roster(scene.client.home).add_contact(
        PERSON, "webhook", scene.phone.url, vouched=True, local=True
    )
    _wait_for_members(scene)
    newest = scene.client.home.journal.read(limit=1, newest=True)
    scene.after = newest[0].seq if newest else 0
    began, now = time.time(), time.monotonic()
    target = find_target(url)
    probes = [Probe(target, now, {}) for _ in range(PROBES)]
    faults = [kind(scene) for kind in kinds]
    for probe in probes:
        probe.start()
    try:
        for fault in faults:
            fault.begin()
            tell(f"{fault.course.fault}: {fault.course.injected}")
        _watch(faults, tell, limit)
    finally:
        for probe in probes:
            probe.end()
    looks = [look for probe in probes for look in probe.looks]
    in_vain = sorted((look for look in looks if not look.ok), key=lambda look: look.at)
    return _judge(scene, faults, began, Looks(len(looks), in_vain))


def _wait_for_members(scene: Scene) -> None:
    """Until both servers and the workers are in service."""
    deadline = time.monotonic() + START_LIMIT
    wanted = {"web": SERVERS, **dict.fromkeys(scene.client.app.functions, 1)}
    while True:
        ready = {
            name: sum(one["state"] in ("idle", "busy") for one in scene.members(name))
            for name in wanted
        }
        if ready == wanted:
            return
        if time.monotonic() > deadline:
            raise Unavailable(f"in service are {ready}, and not {wanted}")
        time.sleep(_LOOK_EVERY)


def _watch(faults: list[Fault], tell: Callable[[str], None], limit: float) -> None:
    deadline = time.monotonic() + limit
    left = list(faults)
    while left and time.monotonic() < deadline:
        for fault in list(left):
            fault.look()
            course = fault.course
            if course.well is not None:
                tell(f"{course.fault}: well after {course.well - course.began:.1f} s")
                left.remove(fault)
        time.sleep(_LOOK_EVERY)


def _judge(scene: Scene, faults: list[Fault], began: float, looks: Looks) -> Report:
    """What came of everything; the jobs that were asked for must be done by now, once each."""
    home = scene.client.home
    jobs = {id_: scene.client.job(id_) for id_ in scene.asked}
    letters = scene.mail.letters
    report = Report([fault.course for fault in faults], began, time.time(), looks)
    report.jobs = len(jobs)
    report.lost = sum(jobs[id_].result != number for id_, number in scene.asked.items())
    report.repeated = sum(
        bool(job.lost or (job.failures and id_ not in scene.may_fail)) for id_, job in jobs.items()
    )
    incidents = open_desk(home, scene.client.app).open()
    report.count_pages([page.key for page in scene.phone.pages], [each.key for each in incidents])
    report.doubled = len(letters) - len(set(letters))
    report.letters = len(set(letters))
    since = began // HOUR * HOUR
    figures = AvailabilityBook(home, scene.client.app.name).figures(since, report.ended)
    report.own = figures.by_time
    return report


@contextmanager
def small_disk(folder: Path) -> Iterator[str]:
    """A small disk of the service's own, in memory; says why if there can be none."""
    if os.geteuid() != 0:
        yield "only root can give the service a small disk of its own"
        return
    trouble = told_by("mount", "-t", "tmpfs", "-o", f"size={DISK}", "billow-drill", str(folder))
    try:
        yield f"the service can have no disk of its own: {trouble}" if trouble else ""
    finally:
        if not trouble:
            _keep_logs(folder)
            told_by("umount", "--lazy", str(folder))


def _keep_logs(folder: Path) -> None:
    """Copy the service's logs to beside its folder, which is lost with its disk."""
    with suppress(OSError):
        earlier = shutil.ignore_patterns("*.old")
        shutil.copytree(folder / "logs", folder.parent / "logs", ignore=earlier)


def told_by(*command: str) -> str:
    """What a command says if it does not work; empty if it does."""
    try:
        made = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as problem:
        return str(problem)
    return (made.stderr.strip() or f"{command[0]} failed") if made.returncode else ""
