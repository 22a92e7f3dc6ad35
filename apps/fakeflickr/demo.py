"""`make fakeflickr`: the photo site with people and photos to look at, on this machine alone.

The service is the real one, as `billow up` runs it. The photos are the samples beside this file,
and pictures that a program makes; they come in one after the other while the site is up.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import click

import billow
from billow.accounts.admin import OPERATOR
from billow.accounts.opening import open_accounts
from billow.home import open_home
from billow.keeper import run
from billow.keeper.demo import Welcome, make_people, show
from billow.loading import load_app
from billow.site import Visitor

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parents[1] / "var" / "fakeflickr"
PORT = 8420
PASSWORD = "look at these photos"  # noqa: S105 - everybody may know it: the demo is this machine's
#: Of the pictures that are made.
COUNT, WIDTH = 20, 1400

#: People of the demo, and what they say of the sample photos.
PEOPLE = ("Ada Byrne", "Bruno Keller", "Chiara Rossi")
ALBUM = "Looked at twice"
SAMPLES = {
    "rocket.jpg": ("Falcon 9 lifts off", "space, rocket, launch"),
    "two_wings.jpg": ("Two wings", "nature, macro"),
}


class Picture(NamedTuple):
    """Something to upload."""

    name: str
    data: bytes
    caption: str
    tags: str


class HowTo(Welcome):
    """Where everything is."""

    def started(self, service: Mapping[str, Any]) -> None:
        """Tell it."""
        super().started(service)
        url = service["url"]
        click.echo(
            f"""
  look         {url}
  log in       {url}/login as {address_of(PEOPLE[0])}, password "{PASSWORD}"
  sign up      {url}/signup; mails are at {url}/inbox, for the administrator: {self.admin}
  console      {url}/console, as the administrator
  stop         Ctrl-C
"""
        )


def main() -> int:
    """Run FakeFlickr until Ctrl-C."""
    wanted = _arguments()
    return show(partial(_serve, wanted), wanted.folder)


def _serve(wanted: argparse.Namespace) -> None:
    home, people = open_home(wanted.folder), {address_of(name): name for name in PEOPLE}
    view = HowTo(make_people(home, load_app(HERE / "app.py"), people, PASSWORD))
    stopped = threading.Event()
    threading.Thread(target=_fill, args=(wanted, stopped), daemon=True).start()
    try:
        run(str(HERE / "app.py"), wanted.folder, port=wanted.port, view=view)
    finally:
        stopped.set()


def address_of(name: str) -> str:
    """The mail address of one of the people."""
    return f"{name.partition(' ')[0].lower()}@example.org"


def _fill(wanted: argparse.Namespace, stopped: threading.Event) -> None:
    """Upload what is not there yet, until told to stop."""
    import app  # noqa: PLC0415 - the neighbour; the keeper has its own of it
    from gallery.library import AlreadyThere, wishes  # noqa: PLC0415 - likewise
    from gallery.photos import Viewer  # noqa: PLC0415 - likewise

    client = billow.connect(app.app, wanted.folder)
    accounts = open_accounts(open_home(wanted.folder), client.app)
    people = [accounts.admin.find(OPERATOR, address_of(name)) for name in PEOPLE]
    for number, picture in enumerate(_pictures(wanted.count)):
        if stopped.is_set():
            return
        person = people[number % len(people)]
        said = wishes({"caption": picture.caption, "tags": picture.tags, "visibility": "public"})
        try:
            visitor = Visitor(person.id, person.name, "", admin=False)
            photo = app.library.keep(iter([picture.data]), picture.name, visitor, said)
        except AlreadyThere:
            continue
        known = app.library.albums.of(person.id, Viewer(person.id))
        id_ = known[0].id if known else app.library.albums.make(person.id, ALBUM, time.time())
        app.library.albums.add(id_, person.id, [photo.id])


def _pictures(count: int) -> Iterator[Picture]:
    for name, (caption, tags) in SAMPLES.items():
        yield Picture(name, (HERE / "samples" / name).read_bytes(), caption, tags)
    from tools.make_photos import encode, make  # noqa: PLC0415 - beside the app, which is loaded

    for seed in range(count):
        made = make(seed, WIDTH)
        tags = ", ".join([*made.tags, "made by a program"])
        yield Picture(f"made_{seed:04}.jpg", encode(made.picture), made.title, tags)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=PORT, help="of the service; 0: any free one")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where everything is kept")
    parser.add_argument("--count", type=int, default=COUNT, help="pictures that are made")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
