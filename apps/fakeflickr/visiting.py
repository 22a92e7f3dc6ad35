"""What visitors do, for `billow drill load apps/fakeflickr`: mostly they look."""

from __future__ import annotations

import re
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

from gallery.library import Library, wishes
from screens.shown import Frame

from billow.site import Visitor as Known
from billow.visits import Reply, Stage, Step, Visit, Visitor

_SAMPLES = Path(__file__).parent / "samples"
#: People with accounts, photos there are, and pictures of a page that a visitor looks at.
_PEOPLE, _PHOTOS, _LOOKED_AT = 40, 14, 8
#: Of so many visitors one is logged in; of so many of their visits one ends in a change.
_KNOWN, _CHANGES = 4, 10
_WIDTH = 1200
#: How often a picture is asked for before the drill begins without it.
_TRIES = 10
#: Sizes of pictures that visitors take: of many on a page, and of one alone.
_MANY, _ALONE = (240, 480), (960, 1440)

_PHOTO = re.compile(r'href="(/photos/\d+)"')
_PICTURE = re.compile(r"(/img/(\d+)/\d+\.jpg\?v=\w+) \d+w")
_FORM = re.compile(r'action="(/photos/\d+/edit\?form=\w+)"')


class Visiting:
    """Visits to the site.

    Args:
        library: of the site, which photos to look at are put into.
        frame: knows the addresses of their pictures.
    """

    def __init__(self, library: Library, frame: Frame) -> None:
        self._library = library
        self._frame = frame

    def prepare(self, stage: Stage) -> list[Any]:
        """People, and photos of theirs that everybody sees; returns who they are.

        The pictures of the photos are looked at once, so that a drill begins with a site that has
        been in use; what visitors change is made anew while it runs.
        """
        people = stage.people(_PEOPLE)
        for number, (name, data) in enumerate(_pictures()):
            person = people[number % _PEOPLE]
            known = Known(person.owner, person.name, "", admin=False)
            said = wishes({"caption": f"Photo {number}", "tags": "drill", "visibility": "public"})
            photo = self._library.keep(iter([data]), name, known, said)
            self._look(stage, self._frame.show(photo).srcset)
        return [person.cookies for person in people]

    def browse(self, visitor: Visitor) -> Visit:
        """A page of photos, one of them alone, and the pictures on both."""
        known = visitor.number % _KNOWN == 0
        if known:
            visitor.cookies.update(visitor.seeded[visitor.number // _KNOWN % len(visitor.seeded)])
        start = visitor.chance.choice(["/", "/", "/tags/drill", "/people"])
        page = yield visitor.get(start, contains="</html>", keep=True)
        yield from _pictures_of(visitor, page, _MANY)
        photos = sorted(set(_PHOTO.findall(page.text)))
        if not photos:
            return
        path = visitor.chance.choice(photos)
        photo = yield visitor.get(path, contains="</html>", keep=True)
        yield from _pictures_of(visitor, photo, _ALONE, 1)
        if f'href="{path}/edit"' in photo.text and visitor.chance.randrange(_CHANGES) == 0:
            form = yield visitor.get(f"{path}/edit", contains="</form>", keep=True)
            line = f"{visitor.chance.randrange(1000)} visitors"
            fields = {"caption": "Seen", "overlay": line, "visibility": "public", "tags": "drill"}
            if found := _FORM.search(form.text):
                yield visitor.post(found[1], form=fields, expect=303)

    @staticmethod
    def _look(stage: Stage, srcset: str) -> None:
        for at, size in _PICTURE.findall(srcset):
            if int(size) in (*_MANY, *_ALONE):
                _fetch(f"{stage.url}{at}")


def _pictures_of(
    visitor: Visitor, page: Reply, sizes: tuple[int, ...], most: int = _LOOKED_AT
) -> Generator[Step, Reply, None]:
    """Some of the pictures on a page, in sizes that a screen would take."""
    found = [at for at, size in _PICTURE.findall(page.text) if int(size) in sizes]
    for at in visitor.chance.sample(found, min(most, len(found))):
        yield visitor.get(at)


def _fetch(url: str) -> None:
    """Fetch a picture; a renderer that has just begun may have to be asked again."""
    for _ in range(_TRIES):
        try:
            with urlopen(url, timeout=60) as answer:  # noqa: S310 - the service's own address
                answer.read()
            return
        except HTTPError as problem:
            if problem.code != 503:
                raise
            time.sleep(float(problem.headers.get("Retry-After", 1)))


def _pictures() -> Iterator[tuple[str, bytes]]:
    from tools.make_photos import encode, make  # noqa: PLC0415 - only a drill makes them

    for path in sorted(_SAMPLES.glob("*.jpg")):
        yield path.name, path.read_bytes()
    for seed in range(_PHOTOS - 2):
        yield f"made_{seed:04}.jpg", encode(make(seed, _WIDTH).picture)
