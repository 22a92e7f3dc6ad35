"""Puts the pictures into Billow's album, as its users would, and asks for each once."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from bench.web.contenders import BILLOW, Place
from bench.web.fixtures import ROWS, USER, paths, session

_PROGRAM = """
import json, sys
from pathlib import Path

from billow.flow.client import connect
from billow.loading import load_app

target, folder, fixtures, rows, user = sys.argv[1:]
client = connect(load_app(target), folder)
module = sys.modules[type(client.app.collections["photos"]).__module__]
photos = client.app.collections["photos"]
import billow_app_billow_apps_album as album
numbers = []
for number in range(1, 201):
    with (Path(fixtures) / "cache" / f"{number}.jpg").open("rb") as picture:
        numbers.append(photos.add(picture, f"{number}.jpg", "local"))
with album.db.write() as connection:
    connection.many(
        "insert into photos values (:id, :owner, :private, :steps)",
        [
            {"id": n, "owner": int(user), "private": int(n % 3 == 0), "steps": ""}
            for n in range(1, int(rows) + 1)
        ],
    )
print(json.dumps(numbers))
"""


def stock(place: Place, surroundings: Mapping[str, str]) -> None:
    """Fill the album that runs at `place`; whatever else runs there has its pictures already."""
    home = place.folder / "home"
    if not (home / "app.db").exists() or not _has_album(home):
        return
    command = [sys.executable, "-c", _PROGRAM, str(BILLOW / "album.py"), str(home)]
    done = subprocess.run(
        [*command, str(place.fixtures), str(ROWS), str(USER)],
        env={**surroundings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == list(range(1, len(paths()) + 1))
    for path in paths():
        request = urllib.request.Request(f"http://127.0.0.1:{place.port}{path}")
        request.add_header("Cookie", f"sid={session()}")
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert len(answer.read()) > 50_000


def _has_album(home: Path) -> bool:
    told = json.loads((home / "service.json").read_text())
    return str(told["app"]) == "album"
