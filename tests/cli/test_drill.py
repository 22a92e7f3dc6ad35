"""`billow drill`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from billow.drill.checker import FAULTS
from tests.cli.conftest import Billow


def test_lists_what_is_checked(billow: Billow) -> None:
    shown = billow("drill")
    assert shown.status == 0
    assert "lost" in shown.out
    listed = [json.loads(line)["name"] for line in billow("drill", "--json").out.splitlines()]
    assert listed == list(FAULTS)


def test_a_folder_with_something_in_it_is_refused(billow: Billow, tmp_path: Path) -> None:
    (tmp_path / "precious").touch()
    refused = billow("drill", "crash", "--folder", str(tmp_path))
    assert refused.status == 2
    assert "is not empty" in refused.err


@pytest.mark.drill
def test_a_short_drill_passes_and_tells_how_to_repeat_it(billow: Billow, tmp_path: Path) -> None:
    place = tmp_path / "drill"
    shown = billow(
        "drill", "crash", "--kills", "3", "--seed", "5", "--folder", str(place), "--json"
    )
    report = json.loads(shown.out)
    assert shown.status == 0
    assert report["passed"] is True
    assert report["kills"] == 3
    assert report["replay"].startswith("billow drill crash --seed 5 --kills 3")
    assert json.loads((place / "report.json").read_text()) == report
