"""FakeFlickr: people upload photos, show them to whom they like, and look at each other's."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import Any

from gallery.library import Library
from gallery.links import COOKIE, tokens_in
from gallery.metadata import Metadata, read_metadata
from gallery.photo import SIZES, STREAM
from gallery.photos import Viewer
from pictures import KINDS, BadPicture, read_facts, render
from pkeep import Counters, Keeper, Photos, Places, port_of, serve
from screens.albums import Albums
from screens.arrivals import Arrivals
from screens.share import Share
from screens.shown import Frame
from screens.single import Single
from screens.streams import Streams
from visiting import Visiting

import billow
from billow import site
from billow.process import Process
from billow.rendition import Asked

HERE = Path(__file__).parent
#: Pixels of the longer side of what most pictures are made from.
HALF = 2048

app = billow.App("fakeflickr")
app.plans(
    billow.Plan("free", max_upload=25 * billow.MiB),
    billow.Plan("pro", max_upload=100 * billow.MiB),
)
# People wait a second for a picture rather than see that it is missing.
app.web(billow.Web(min=3, max=8, shed_after="1 s"))
app.templates(HERE / "templates")
app.static(HERE / "static")
db = app.sql(migrations=HERE / "migrations")
endings = [ending for kind in KINDS.values() for ending in kind.endings]
photos = app.collection("photos", accepts=billow.File(*endings, max_size=100 * billow.MiB))


class Malformed(billow.Error):
    """The address of a picture is not one."""

    status = 400
    title = "Bad request"


def nobody(asked: Asked, id: int) -> None:
    """What the site makes for itself is not shown."""


@photos.rendition("/about/{id:int}.json", allow=nobody, salt="1")
def about(original: billow.Upload) -> bytes:
    """What a photo says of itself. Nothing that people send is decoded in a web server."""
    try:
        return read_metadata(original.path).pack()
    except BadPicture as problem:
        raise billow.Rejected(str(problem)) from problem


def read(id: int) -> Metadata:
    """What an original says of itself."""
    return Metadata.unpack(photos.render(about, id))


library = Library(db, photos, read)


def allow(asked: Asked, id: int, size: int) -> dict[str, str] | None:
    """Whether somebody may see a photo, and what is done to it; nothing else is rendered."""
    viewer = Viewer(asked.owner, tuple(tokens_in(asked.cookies.get(COOKIE, ""))))
    found = library.photos.get(id, viewer, time.time())
    return None if found is None else {"steps": found[0].steps(size)}


def early(id: int) -> list[dict[str, Any]]:
    """What the first who come by will ask for: of pages with many photos, as browsers take it."""
    photo = library.photos.find(id)
    sizes = [size for size in STREAM if photo is not None and size <= max(photo.size)]
    return [{"size": s, "steps": photo.steps(s), "format": "avif"} for s in sizes if photo]


@photos.rendition(
    "/img/{size:int}/{id:int}.jpg",
    values={"size": SIZES},
    formats=("avif", "webp", "jpeg"),
    allow=allow,
    who="anybody",
    salt="1",
    warm=early,
)
def image(original: billow.Upload, size: int, steps: str, format: str) -> bytes:
    """A photo with its longer side `size` pixels long, turned and written on as `steps` say."""
    try:
        return render(original.path, size, steps, format)
    except BadPicture as problem:
        raise billow.Rejected(str(problem)) from problem


@photos.rendition("/half/{id:int}.jpg", allow=nobody, salt="1")
def half(original: billow.Upload) -> bytes:
    """A photo at about half its size, from which smaller ones are made in a third of the time."""
    try:
        facts = read_facts(original.path)
        return render(original.path, min(HALF, max(facts.width, facts.height)), quality=92)
    except BadPicture as problem:
        raise billow.Rejected(str(problem)) from problem


image.base(half, when=lambda size, **_: size <= HALF * 3 // 4)


@app.process
async def pkeep(process: Process) -> None:
    """The image keeper, for programs that ask for pictures by datagrams; see docs/pkeep.md."""
    places = Places(process.folder)
    await asyncio.to_thread(places.begin, image.salt)
    keeper = Keeper(Photos(process, photos, image), places, Counters())
    await serve(keeper, process.stopping, port_of(os.environ))


def address(number: int, size: int, steps: str) -> str:
    """Where the picture of a photo is."""
    return image.url(number, size=size, steps=steps)


frame = Frame(address)
streams, single = Streams(library, frame), Single(library, frame)
albums = Albums(library, frame)
share, arrivals = Share(library, frame), Arrivals(library, frame)
visiting = Visiting(library, frame)
app.left(library.forget)
app.visitors(setup=visiting.prepare)(visiting.browse)

app.page("/", who="anybody")(streams.front)
app.page("/people", who="anybody")(streams.people)
app.page("/people/{slug}", who="anybody")(streams.person)
app.page("/tags", who="anybody")(streams.tags)
app.page("/tags/{tag}", who="anybody")(streams.tag)
app.page("/mine", who="user")(streams.mine)
app.page("/photos/{id:int}", who="anybody")(single.show)
app.page("/photos/{id:int}/edit", who="user", methods=["GET", "POST"])(single.edit)
app.page("/photos/{id:int}/turn", who="user", methods=["POST"])(single.turn)
app.page("/photos/{id:int}/delete", who="user", methods=["POST"])(single.delete)
app.page("/photos/{id:int}/share", who="user", methods=["GET", "POST"])(share.page)
app.page("/photos/{id:int}/album", who="user", methods=["POST"])(albums.put)
app.page("/albums", who="user", methods=["GET", "POST"])(albums.mine)
app.page("/albums/{album}", who="anybody")(albums.show)
app.page("/albums/{album}/edit", who="user", methods=["GET", "POST"])(albums.edit)
app.page("/albums/{album}/share", who="user", methods=["GET", "POST"])(albums.share)
app.page("/albums/{album}/delete", who="user", methods=["POST"])(albums.delete)
app.page("/s/{token}", who="anybody")(share.follow)
app.page("/upload", who="user", methods=["GET", "POST"])(arrivals.page)
app.page("/rest/edit", who="user", methods=["POST"], scope="submit")(arrivals.endpoint)
app.page("/img/0/{id:int}.jpg", who="anybody", scope="read")(single.original)
app.page("/img/original/{id:int}.jpg", who="anybody", scope="read")(single.original)


@app.page("/img/{rest:path}", who="anybody")
def no_picture(request: site.Request, rest: str) -> None:  # noqa: ARG001 - as every page
    """What is no address of a picture."""
    sizes = ", ".join(map(str, SIZES))
    raise Malformed(
        f"an address of a picture is /img/<size>/<number>.jpg; there are the sizes {sizes}, and 0 "
        "or original, which is the file as it came"
    )
