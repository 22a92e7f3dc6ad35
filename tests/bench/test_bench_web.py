"""The web measurements' own parts: fixtures, tables, which processes serve. Nothing is measured."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from bench.web import fixtures
from bench.web.apps import core
from bench.web.contenders import FLOODED, STRUCK, WHOLE, Place, haproxy, nginx
from bench.web.table import tables


def test_everybody_serves_the_same_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fixtures, "ROWS", 300)
    monkeypatch.setattr(fixtures, "PICTURES", 3)
    fixtures.make(tmp_path / "f")
    monkeypatch.setenv("FIXTURES", str(tmp_path / "f"))
    status, path = core.authorised(f"other=1; sid={fixtures.session()}", "2.jpg")
    assert status == 200
    assert 80_000 < len(Path(path).read_bytes()) < 121_000
    assert core.authorised("", "2.jpg")[0] == 401
    assert core.authorised(f"sid={fixtures.session()[:-1]}0", "2.jpg")[0] in (200, 401)
    assert core.authorised(f"sid={fixtures.session()}", "301.jpg")[0] == 404
    core._local.database.close()
    del core._local.database
    with sqlite3.connect(tmp_path / "f" / "photos.db") as database:
        assert database.execute("select count(*) from photos").fetchone() == (300,)
    database.close()


def test_a_session_that_was_altered_is_none() -> None:
    signed = fixtures.session()
    assert core.signed(signed) == fixtures.USER
    assert core.signed("2" + signed[1:]) is None
    assert core.signed("") is None


def test_configurations_are_filled_in(tmp_path: Path) -> None:
    place = Place(tmp_path, tmp_path / "f", 1234, (2001, 2002, 2003))
    nginx(place, "alias @fixtures@/cache/;")
    for tuned in (True, False):
        haproxy(place, tuned=tuned)
        assert "server s2 127.0.0.1:2003" in (tmp_path / "haproxy.cfg").read_text()
    for made in ("nginx.conf", "haproxy.cfg"):
        text = (tmp_path / made).read_text()
        assert "@" not in text
        assert "127.0.0.1:1234" in text
    assert f"alias {tmp_path}/f/cache/;" in (tmp_path / "nginx.conf").read_text()


def test_every_table_has_billow_and_its_peers() -> None:
    for rows in (WHOLE, STRUCK, FLOODED):
        names = [each.name for each in rows]
        assert names[0].startswith("Billow")
        assert len(names) == len(set(names)) > 2


def test_tables_show_medians() -> None:
    records = [
        {"kind": "whole", "name": "A", "requests_s": rate, "cpu_us": 100, "p99_ms": None}
        for rate in (10, 1000, 30)
    ]
    records += [{"kind": "struck", "name": "A", "fault": "SIGSTOP", "failed": 4}]
    told = tables(records)
    assert "| A | 30 | 100 | – | – | – |" in told
    assert "stopped at 167 requests/s" in told
    assert "killed" not in told
