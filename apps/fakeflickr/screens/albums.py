"""Albums: making them, looking at them, putting them in order, sharing them."""

from __future__ import annotations

import time

from gallery.albums import Album
from gallery.library import Library
from gallery.photos import Viewer
from gallery.words import TITLE, line

from billow import site
from screens.share import change
from screens.shown import Frame, Shown, known, viewer_of

#: Photos that are offered at a time to be put into an album.
_OFFERED = 60
_MOVES = {"earlier": -1, "later": 1}


class Albums:
    """Pages about albums."""

    def __init__(self, library: Library, frame: Frame) -> None:
        self._library = library
        self._frame = frame

    def mine(self, request: site.Request) -> site.Response:
        """One's own albums, and a form for a new one."""
        visitor = known(request)
        if request.method == "POST":
            return site.redirect(f"/albums/{self._make(request)}/edit")
        viewer = viewer_of(request)
        found = with_covers(self._library, self._frame, visitor.owner, viewer)
        return request.render("albums.html", albums=found)

    def show(self, request: site.Request, album: str) -> site.Response:
        """An album."""
        viewer = viewer_of(request)
        found, photos = self._library.albums.see(album, viewer, time.time())
        own = bool(viewer.owner) and found.owner == viewer.owner
        return request.render("album.html", album=found, photos=self._frame.all(photos), own=own)

    def edit(self, request: site.Request, album: str) -> site.Response:
        """The form that changes an album, and what it sends."""
        owner = known(request).owner
        found = self._library.albums.own(album, owner)
        if request.method == "POST":
            self._change(request, album, owner)
            return site.redirect(f"/albums/{album}/edit")
        viewer = Viewer(owner)
        _, inside = self._library.albums.see(album, viewer, time.time())
        ids = {photo.id for photo in inside}
        latest = self._library.photos.page(viewer, by=owner, limit=_OFFERED + len(ids)).photos
        others = [photo for photo in latest if photo.id not in ids][:_OFFERED]
        return request.render(
            "album_edit.html",
            album=found,
            photos=self._frame.all(inside),
            others=self._frame.all(others),
        )

    def share(self, request: site.Request, album: str) -> site.Response:
        """The links to an album, and the form that makes and ends them."""
        found = self._library.albums.own(album, known(request).owner)
        done = change(request, self._library.album_links, album)
        if done.ended:
            return site.redirect(f"/albums/{album}/share")
        links = self._library.album_links.of(album)
        return request.render("album_share.html", album=found, made=done.made, links=links)

    def delete(self, request: site.Request, album: str) -> site.Response:
        """Delete an album; its photos stay."""
        self._library.albums.remove(album, known(request).owner)
        return site.redirect("/albums")

    def put(self, request: site.Request, id: int) -> site.Response:
        """Put a photo into an album, or into a new one."""
        owner = known(request).owner
        self._library.photos.own(id, owner)
        album = request.form.get("album", "") or self._make(request)
        self._library.albums.add(album, owner, [id])
        return site.redirect(f"/albums/{album}")

    def _make(self, request: site.Request) -> str:
        visitor, now = known(request), time.time()
        title = _title(request)
        self._library.people.enter(visitor, now)
        return self._library.albums.make(visitor.owner, title, now)

    def _change(self, request: site.Request, album: str, owner: str) -> None:
        form, albums = request.form, self._library.albums
        if "title" in form:
            albums.rename(album, owner, _title(request))
        if chosen := form.getlist("photo"):
            albums.add(album, owner, map(_number, chosen))
        if out := form.get("out"):
            albums.take_out(album, owner, _number(out))
        for way, by in _MOVES.items():
            if moved := form.get(way):
                albums.move(album, owner, _number(moved), by)


def with_covers(
    library: Library, frame: Frame, owner: str, viewer: Viewer
) -> list[tuple[Album, list[Shown]]]:
    """Somebody's albums that `viewer` may see, each with its first photos."""
    albums = library.albums
    return [(each, frame.all(albums.cover(each.id, viewer))) for each in albums.of(owner, viewer)]


def _title(request: site.Request) -> str:
    title = line(request.form.get("title", ""), TITLE, "title")
    if not title:
        raise site.BadInput("an album needs a title")
    return title


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise site.BadInput("a photo has a number")
    return int(text)
