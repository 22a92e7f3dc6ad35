"""What visitors do in a load drill: look at the stream and at photos; half are logged in."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any
from urllib.request import urlopen

from gallery.library import Library, wishes
from screens.shown import Frame

from billow import site
from billow.visits import Stage, Visit, Visitor

#: People with photos, and photos, that a drill begins with.
PEOPLE, PHOTOS, WIDTH = 40, 30, 1200
#: Pictures of a page that a visitor sees without scrolling.
SEEN = 6

_SOURCES = re.compile(r'<img[^>]* srcset="([^"]+)"')
_PHOTO = re.compile(r'href="(/photos/\d+)"')


def stocking(library: Library, frame: Frame) -> Callable[[Stage], Any]:
    """A `setup` that fills the library with people and photos, whose pictures are made once."""

    def stock(stage: Stage) -> Any:
        from tools.make_photos import encode, make  # noqa: PLC0415 - a drill's alone

        people = stage.people(PEOPLE)
        for number in range(PHOTOS):
            person, made = people[number % len(people)], make(number, WIDTH)
            words = {"caption": made.title, "tags": ", ".join(made.tags), "visibility": "public"}
            owner = site.Visitor(person.owner, person.name, "", admin=False)
            data = iter([encode(made.picture)])
            photo = library.keep(data, f"made_{number:04}.jpg", owner, wishes(words))
            for path in choices(frame.show(photo).srcset):
                with urlopen(stage.url.rstrip("/") + path, timeout=60) as picture:  # noqa: S310
                    picture.read()
        return [person.cookies for person in people]

    return stock


def browse(visitor: Visitor) -> Visit:
    """The stream with the pictures that one sees, then a photo, large; now and then more."""
    if logged_in := bool(visitor.number % 2):
        visitor.cookies.update(visitor.seeded[visitor.number % len(visitor.seeded)])
    page = yield visitor.get("/", contains="</html>", keep=True)
    for picture in pictures(page.text, visitor)[:SEEN]:
        yield visitor.get(picture)
    if photos := _PHOTO.findall(page.text):
        large = yield visitor.get(visitor.chance.choice(photos), contains="</html>", keep=True)
        for picture in pictures(large.text, visitor)[:1]:
            yield visitor.get(picture)
    if visitor.chance.random() < 0.1:
        own = "/mine" if logged_in else "/people"
        yield visitor.get(visitor.chance.choice(["/tags", own]), contains="</html>")


def pictures(page: str, visitor: Visitor) -> list[str]:
    """The pictures of a page, in the size that fits the visitor's screen."""
    found = []
    for sources in _SOURCES.findall(page):
        sizes = choices(unescape(sources))
        found.append(sizes[visitor.number % len(sizes)])
    return found


def choices(srcset: str) -> list[str]:
    """The addresses that screens choose from: those of the three smallest sizes."""
    return [each.split()[0] for each in srcset.split(", ")][:3]
