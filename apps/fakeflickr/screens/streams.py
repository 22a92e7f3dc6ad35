"""Pages with many photos: everybody's, a person's, those with a tag."""

from __future__ import annotations

from typing import Any

from gallery.library import Library
from gallery.words import tag_of

from billow import site
from screens.albums import with_covers
from screens.shown import Frame, known, number_in, viewer_of


class Streams:
    """Photos, the latest first, a page at a time."""

    def __init__(self, library: Library, frame: Frame) -> None:
        self._library = library
        self._frame = frame

    def front(self, request: site.Request) -> site.Response:
        """What everybody shows."""
        return self._show(request, "front.html")

    def person(self, request: site.Request, slug: str) -> site.Response:
        """What somebody shows."""
        person = self._library.people.find(slug)
        if person is None:
            raise site.NotFound("there is nobody of this name")
        own = request.visitor is not None and request.visitor.owner == person.owner
        found = with_covers(self._library, self._frame, person.owner, viewer_of(request))
        return self._show(
            request, "person.html", by=person.owner, person=person, own=own, albums=found
        )

    def mine(self, request: site.Request) -> site.Response:
        """One's own photos."""
        slug = self._library.people.slug(known(request).owner)
        return site.redirect(f"/people/{slug}" if slug else "/upload")

    def people(self, request: site.Request) -> site.Response:
        """Everybody who shows something."""
        viewer = viewer_of(request)
        people = self._library.people.seen(viewer.owner)[:200]
        latest = [
            self._frame.all(self._library.photos.page(viewer, by=each.owner, limit=3).photos)
            for each in people
        ]
        return request.render("people.html", people=list(zip(people, latest, strict=True)))

    def tag(self, request: site.Request, tag: str) -> site.Response:
        """What has a tag."""
        if tag_of(tag) != tag:
            raise site.NotFound("there is no such tag")
        return self._show(request, "tag.html", tag=tag)

    def tags(self, request: site.Request) -> site.Response:
        """All tags."""
        found = self._library.photos.all_tags(viewer_of(request))
        most = max((count for _, count in found), default=1)
        weights = [(tag, count, 1 + round(4 * count / most)) for tag, count in sorted(found)]
        return request.render("tags.html", tags=weights)

    def _show(
        self, request: site.Request, template: str, *, by: str = "", tag: str = "", **more: Any
    ) -> site.Response:
        found = self._library.photos.page(
            viewer_of(request),
            before=number_in(request, "before"),
            after=number_in(request, "after"),
            by=by,
            tag=tag,
        )
        first = not ({"before", "after"} & set(request.query))
        return request.render(
            template, photos=self._frame.all(found.photos), page=found, first=first, tag=tag, **more
        )
