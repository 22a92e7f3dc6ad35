"""Links to photos and albums for people who could not see them otherwise."""

from __future__ import annotations

import time
from typing import NamedTuple

from gallery.library import Library
from gallery.links import COOKIE, KEPT, Links, Subject, tokens_in
from gallery.photo import Level
from gallery.words import NOTE, line

from billow import site
from screens.shown import Frame, known

_DAY = 86400.0
#: What a link may be good for, and how long.
LEVELS = {"read": Level.READ, "download": Level.DOWNLOAD}
TIMES = {"day": _DAY, "week": 7 * _DAY, "month": 30 * _DAY, "ever": 0.0}
#: Seconds for which a browser keeps the links it has followed.
_KEPT = int(30 * _DAY)


class Done(NamedTuple):
    """What became of the form: a new link's address, or that one was ended."""

    made: str = ""
    ended: bool = False


class Share:
    """Making, following and ending links."""

    def __init__(self, library: Library, frame: Frame) -> None:
        self._library = library
        self._frame = frame

    def page(self, request: site.Request, id: int) -> site.Response:
        """The links to a photo, and the form that makes and ends them."""
        photo = self._library.photos.own(id, known(request).owner)
        done = change(request, self._library.links, id)
        if done.ended:
            return site.redirect(f"/photos/{id}/share")
        return request.render(
            "share.html",
            shown=self._frame.show(photo),
            made=done.made,
            links=self._library.links.of(id),
        )

    def follow(self, request: site.Request, token: str) -> site.Response:
        """Where a link leads: the browser keeps it, and shows the photo or the album."""
        now, library = time.time(), self._library
        if found := library.links.follow(token[:64], now):
            place = f"/photos/{found.to}"
        elif found := library.album_links.follow(token[:64], now):
            place = f"/albums/{found.to}"
        else:
            raise site.NotFound("this link does not lead anywhere any more")
        before = [each for each in tokens_in(request.cookies.get(COOKIE, "")) if each != token]
        answer = site.redirect(place)
        answer.set_cookie(
            COOKIE, ".".join([token, *before][:KEPT]), max_age=_KEPT, path="/", httponly=True,
            samesite="lax", secure=request.url().startswith("https:"),
        )  # fmt: skip
        return answer


def change(request: site.Request, links: Links, to: Subject) -> Done:
    """Make or end a link to something, as the form asks.

    Raises:
        BadInput: the form asks for what there is not.
    """
    if request.method != "POST":
        return Done()
    if ended := request.form.get("end"):
        links.end(to, ended)
        return Done(ended=True)
    level, lasts = request.form.get("level", "read"), request.form.get("lasts", "week")
    if level not in LEVELS or lasts not in TIMES:
        raise site.BadInput("choose what the link is good for, and for how long")
    now, span = time.time(), TIMES[lasts]
    note = line(request.form.get("note", ""), NOTE, "note")
    token = links.make(to, LEVELS[level], note, now, now + span if span else 0.0)
    return Done(made=request.url(f"/s/{token}"))
