"""Puts pictures into Billow's collections, as its users would, and asks for each once."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterable, Mapping
from pathlib import Path

from bench.web.contenders import BILLOW, Place
from bench.web.fixtures import PICTURES, ROWS, USER, hot_paths, paths, session

_PROGRAM = """
import sys
from billow.flow.client import connect
from billow.loading import load_app

target, folder, rows, user, *files = sys.argv[1:]
app = load_app(target)
connect(app, folder)
for file in files:
    with open(file, "rb") as picture:
        app.collections["photos"].add(picture, "picture.jpg", "local")
if int(rows):
    database = next(
        module.db for name, module in sys.modules.items() if name.endswith("billow_apps_album")
    )
    with database.write() as connection:
        connection.many(
            "insert into photos values (:id, :owner, :private, :steps)",
            [
                {"id": n, "owner": int(user), "private": int(n % 3 == 0), "steps": ""}
                for n in range(1, int(rows) + 1)
            ],
        )
"""


def stock(place: Place, surroundings: Mapping[str, str]) -> None:
    """Fill the collection of the app that runs at `place`; others have their pictures already."""
    match _app_of(place.folder / "home"):
        case "album":
            files = [place.fixtures / "cache" / f"{n}.jpg" for n in range(1, PICTURES + 1)]
            _add(place, surroundings, "album", files, ROWS)
            _look(place, paths())
        case "prints":
            _add(place, surroundings, "prints", sorted((place.fixtures / "photos").iterdir()), 0)
            _look(place, hot_paths())


def _add(
    place: Place, surroundings: Mapping[str, str], app: str, files: Iterable[Path], rows: int
) -> None:
    program = [sys.executable, "-c", _PROGRAM, str(BILLOW / f"{app}.py")]
    home = str(place.folder / "home")
    done = subprocess.run(
        [*program, home, str(rows), str(USER), *map(str, files)],
        env={**surroundings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def _look(place: Place, wanted: Iterable[str]) -> None:
    for path in wanted:
        request = urllib.request.Request(f"http://127.0.0.1:{place.port}{path}")
        request.add_header("Cookie", f"sid={session()}")
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert len(answer.read()) > 5_000


def _app_of(home: Path) -> str:
    file = home / "service.json"
    return str(json.loads(file.read_text())["app"]) if file.exists() else ""
