"""pkeep's photos: the originals of a collection, rendered by the service's render pool."""

from __future__ import annotations

from pathlib import Path

import billow
from billow.collection import Collection
from billow.process import Process
from billow.rendition import Rendition
from pkeep.keeper import Late, Missing

#: HTTP's number for "come again later".
_LATER = 503


class Photos:
    """Where pkeep gets what it is asked for.

    Args:
        process: pkeep's own.
        photos: the originals.
        image: makes a rendition of one; called with `size` and `steps`.
    """

    def __init__(self, process: Process, photos: Collection, image: Rendition) -> None:
        self._process = process
        self._photos = photos
        self._image = image

    def original(self, id: int) -> Path:
        """A photo as it came.

        Raises:
            Missing: there is none of this number.
        """
        try:
            return self._photos.path(id)
        except billow.NotFound as gone:
            raise Missing from gone

    async def render(self, id: int, size: int, instructions: str, within: float) -> Path | None:
        """A rendition; None if none can be made.

        Raises:
            Missing: there is no such photo.
            Late: it is not made within so many seconds.
        """
        try:
            return await self._process.render(
                self._image, id, within, size=size, steps=instructions
            )
        except billow.NotFound as gone:
            raise Missing from gone
        except billow.Error as wrong:
            if wrong.status == _LATER:
                raise Late from wrong
            return None
