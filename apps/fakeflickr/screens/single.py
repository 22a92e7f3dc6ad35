"""One photo: looking at it, changing it, having its original, deleting it."""

from __future__ import annotations

from gallery.library import FIELDS, Library, Wishes, wishes
from gallery.photo import Level
from pictures import KINDS

from billow import site
from screens.shown import Frame, known, viewer_of


class Refused(site.Forbidden):
    """Whether there is such a picture is not said."""

    title = "Not allowed"


class Single:
    """Pages about one photo."""

    def __init__(self, library: Library, frame: Frame) -> None:
        self._library = library
        self._frame = frame

    def show(self, request: site.Request, id: int) -> site.Response:
        """A photo, large."""
        viewer = viewer_of(request)
        photo, level = self._library.see(id, viewer)
        newer, older = self._library.photos.beside(photo, viewer)
        return request.render(
            "photo.html",
            shown=self._frame.show(photo),
            tags=self._library.photos.tags(id),
            newer=newer,
            older=older,
            near=self._frame.all(each for each in (newer, older) if each),
            level=level,
            Level=Level,
            kind=KINDS[photo.format].name,
            removable=level is Level.WRITE or bool(request.visitor and request.visitor.admin),
        )

    def edit(self, request: site.Request, id: int) -> site.Response:
        """The form that changes a photo, and what it sends."""
        photo = self._library.photos.own(id, known(request).owner)
        problem, said = "", None
        if request.method == "POST":
            said = {name: request.form[name] for name in request.form if name in FIELDS}
            try:
                self._library.change(id, photo.owner, wishes({"download": "0", **said}))
            except site.BadInput as wrong:
                problem = wrong.detail
            else:
                return site.redirect(f"/photos/{id}")
        tags = ", ".join(self._library.photos.tags(id))
        now = {
            "caption": photo.caption,
            "overlay": photo.overlay,
            "tags": tags,
            "visibility": photo.visibility.name.lower(),
        }
        return request.render(
            "edit.html",
            status=422 if problem else 200,
            shown=self._frame.show(photo),
            said={**now, **(said or {})},
            problem=problem,
            albums=self._library.albums.of(photo.owner, viewer_of(request)),
        )

    def turn(self, request: site.Request, id: int) -> site.Response:
        """Turn a photo by a quarter, to the left or to the right."""
        photo = self._library.photos.own(id, known(request).owner)
        turns = {"left": 270, "right": 90}
        if (way := request.form.get("way", "")) not in turns:
            raise site.BadInput("a photo turns left or right")
        turned = Wishes(rotation=(photo.rotation + turns[way]) % 360)
        self._library.change(id, photo.owner, turned)
        return site.redirect(f"/photos/{id}/edit")

    def delete(self, request: site.Request, id: int) -> site.Response:
        """Delete a photo of one's own; an administrator deletes any that they can see."""
        photo, level = self._library.see(id, viewer_of(request))
        if level is not Level.WRITE and not known(request).admin:
            raise site.NotFound("there is no such photo of yours")
        self._library.remove(photo)
        return site.redirect(f"/people/{photo.slug}")

    def original(self, request: site.Request, id: int) -> site.Response:
        """The file as it came, for those who may have it."""
        try:
            photo, level = self._library.see(id, viewer_of(request))
        except site.NotFound:
            level = Level.NONE
        if level < Level.DOWNLOAD:
            raise Refused("you may not have this")
        path, kind = self._library.originals.path(id), KINDS[photo.format]
        name = (
            photo.name
            if photo.name.lower().endswith(kind.endings)
            else photo.name + kind.endings[0]
        )
        return site.attachment(path, name, kind.type)
