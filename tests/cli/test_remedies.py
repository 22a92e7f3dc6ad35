"""`billow remedies`."""

from __future__ import annotations

from billow.home import Home
from billow.ops import controls
from billow.ops.remedies.guard import Done
from billow.ops.remedies.records import Record, Records
from tests.cli.conftest import Billow


def test_what_was_done_and_the_switch(billow: Billow, home: Home) -> None:
    done = Done(home.clock.now(), "restart", "web", "slow", "acting")
    records = Records(home.tables)
    records.end(records.begin(Record("", done, "95", "m0 is silent")), "helped", "m0 is replaced")
    mode, told = billow("remedies", "--json").lines
    assert mode == {"mode": "on", "shedding": None}
    assert (told["kind"], told["outcome"], told["detail"]) == (
        "restart",
        "helped",
        "m0 is replaced",
    )
    assert "m0 is silent" in billow("remedies").out
    assert billow("remedies", "off", "--reason", "a test").out == "remedies are off\n"
    assert controls.mode(home.journal) == "off"
    assert billow("remedies", "maybe").status == 2


def test_that_load_is_shed_is_told(billow: Billow, home: Home) -> None:
    until = home.clock.now() + 600
    controls.shed(home.journal, "slow", until, "9 s")
    first, *_ = billow("remedies", "--json").lines
    assert first["shedding"] == {"until": until, "reason": "9 s"}
    assert "min at most: 9 s" in billow("remedies").out
