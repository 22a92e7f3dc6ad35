"""Web servers, archivers, thawers and mailers killed together: what the checker finds, and must."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from billow.flow.whereabouts import FileState
from billow.keeper.how import WEB
from tests.drills.life_check import Evidence, Kept, Seen, Sent, faults
from tests.drills.life_drill import APP, CREWS, SPEED, Life, pids
from tests.keeper.helpers import running, until
from tests.mail.server import MailServer

#: Times that up to three workers, and now and then the web server, are killed.
ROUNDS = 6
#: Then whichever of these was not killed yet, for so many seconds at most, with a change of plans
#: every so often, which gives archivers and thawers something to do.
KINDS = {"web", *CREWS}
LONGEST, CHANGE = 150.0, 3.0
#: Seconds; who was killed often is started again after 30.
PATIENCE = 90

Fleets: TypeAlias = Mapping[str, Mapping[str, Any]]


@pytest.mark.drill
@pytest.mark.timeout(400)
def test_killed_together_they_lose_nothing_and_show_nobody_elses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "data"
    with MailServer(slow=0.01).open() as server:
        monkeypatch.setenv("BILLOW_MAIL", f"smtp://127.0.0.1:{server.port}?tls=none&timeout=5")
        monkeypatch.setenv("BILLOW_MAIL_FROM", "GAS <gas@example.org>")
        with running(str(APP), folder, speed=SPEED, port=0, web=WEB) as service:
            life = Life(folder, str(service.view.service["url"]), seed=11)
            threads = [
                threading.Thread(target=life.observe),
                *(threading.Thread(target=life.client, args=(name,)) for name in life.owners),
            ]
            for thread in threads:
                thread.start()
            for number in range(ROUNDS):
                life.change_a_plan()
                ready = until(lambda: life.ready(service.view.fleets), PATIENCE)
                for crew, pid in ready[:3]:
                    life.kill(crew, pid)
                if number % 4 == 3:
                    life.kill("web", *pids(folder, "billow.web"))
                before = len(life.seen)
                until(lambda b=before: len(life.seen) > b + 1, PATIENCE)  # type: ignore[misc]
            kill_the_others(life, lambda: service.view.fleets)
            life.put_on("ana", "premium")
            life.put_on("ben", "free")
            life.over.set()
            for thread in threads:
                thread.join(30)
            until(life.settled, 90)
        seen = life.evidence(server)
    told = f"{sum(life.kills.values())} kills {dict(life.kills)}, {len(seen.kept)} jobs, "
    told += f"{len(seen.seen)} looks, states {set(seen.states)}"
    print(told)  # noqa: T201 - shown by `pytest -s`
    assert faults(seen) == {}, told
    assert sum(sent.job is not None for sent in seen.sent) >= 10, told
    assert life.kills.keys() >= KINDS, told
    assert {FileState.HOT, FileState.COLD} <= set(seen.states), told


def kill_the_others(life: Life, fleets: Callable[[], Fleets]) -> None:
    """Kill a worker of each crew of which none was killed yet, when one happens to be there.

    The others are left in peace: who is killed often rests, and nothing would go on.
    """
    end = time.monotonic() + LONGEST
    while (left := KINDS - life.kills.keys()) and time.monotonic() < end:
        life.change_a_plan()
        with suppress(AssertionError):  # nobody of them had anything to do
            crew, pid = until(lambda: life.ready(fleets(), left), CHANGE)[0]
            life.kill(crew, pid)


JOB = Kept("j1", "ana", "completed", 100.0, "in", "out", FileState.COLD)
RIGHT = Evidence(
    sent=[Sent("ana", "k1", "in", "out", "j1")],
    seen=[Seen("ben", "ana", "j1", 404, ""), Seen("ana", "ana", "j1", 200, "out")],
    kept=[JOB],
    orphans=[],
    states=[FileState.HOT, FileState.ARCHIVING, FileState.COLD, FileState.RESTORING],
    archived=[("j1", 103.5)],
    keep=3.0,
    intents=["j1"],
    letters=[("j1", "<a>"), ("j1", "<a>")],
    plans={"ana": "free", "ben": "premium"},
    folded={"ana": "free", "ben": "premium"},
    events={"e1": 1},
    said=["e1"],
)

#: A fault planted in what was seen, and the invariant that must name it.
MUTANTS: dict[str, tuple[str, Callable[[Evidence], Evidence]]] = {
    "a job is dropped": ("I5", lambda e: e._replace(kept=[], intents=[], letters=[], archived=[])),
    "an upload is altered": ("I5", lambda e: e._replace(kept=[JOB._replace(input="x")])),
    "an owner is changed": ("I5", lambda e: e._replace(kept=[JOB._replace(owner="ben")])),
    "a job is doubled": ("I5", lambda e: e._replace(kept=[JOB, JOB._replace(id="j2")])),
    "a file is left over": ("I5", lambda e: e._replace(orphans=["s/k"])),
    "hot is deleted before cold is there": ("I6", lambda e: e._replace(states=[FileState.GONE])),
    "a restored file is altered": ("I6", lambda e: e._replace(kept=[JOB._replace(result="x")])),
    "other bytes are served": (
        "I6",
        lambda e: e._replace(seen=[Seen("ana", "ana", "j1", 200, "x")]),
    ),
    "a job does not end": ("I6", lambda e: e._replace(kept=[JOB._replace(status="running")])),
    "archived too soon": ("I7", lambda e: e._replace(archived=[("j1", 102.9)])),
    "never archived": ("I7", lambda e: e._replace(kept=[JOB._replace(tier=FileState.HOT)])),
    "premium is archived": (
        "I7",
        lambda e: e._replace(plans={"ana": "premium"}, folded={"ana": "premium"}),
    ),
    "no intent to mail": ("I8", lambda e: e._replace(intents=[])),
    "two intents": ("I8", lambda e: e._replace(intents=["j1", "j1"])),
    "no letter": ("I8", lambda e: e._replace(letters=[])),
    "another Message-ID": ("I8", lambda e: e._replace(letters=[("j1", "<a>"), ("j1", "<b>")])),
    "a letter about nothing": ("I8", lambda e: e._replace(letters=[*e.letters, ("j9", "<c>")])),
    "a plan is not what was paid": ("I11", lambda e: e._replace(folded={**e.plans, "ben": "free"})),
    "an event is forgotten": ("I11", lambda e: e._replace(events={})),
    "an event is applied twice": ("I11", lambda e: e._replace(events={"e1": 2})),
    "somebody else's job is shown": (
        "I15",
        lambda e: e._replace(seen=[Seen("ben", "ana", "j1", 200, "")]),
    ),
    "it is told that it is there": (
        "I15",
        lambda e: e._replace(seen=[Seen("ben", "ana", "j1", 403, "")]),
    ),
}


def test_what_is_right_is_found_right() -> None:
    assert faults(RIGHT) == {}
    unsure = Sent("ana", "k2", "in", "out", None)
    assert faults(RIGHT._replace(sent=[*RIGHT.sent, unsure])) == {}


@pytest.mark.parametrize("name", MUTANTS)
def test_every_planted_fault_is_named(name: str) -> None:
    invariant, plant = MUTANTS[name]
    assert invariant in faults(plant(RIGHT))
