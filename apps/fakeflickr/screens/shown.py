"""Photos on pages: their pictures in the sizes there are, and who looks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeAlias

from gallery.links import COOKIE, tokens_in
from gallery.photo import SIZES, Photo
from gallery.photos import Viewer

from billow import site

#: The address of a photo's picture: called with its number, a size and what is done to it.
Address: TypeAlias = Callable[[int, int, str], str]


class Shown(NamedTuple):
    """A photo with what a page needs to show it."""

    photo: Photo
    #: Addresses: of one picture for browsers that choose none, and of all with their widths.
    src: str
    srcset: str
    #: In pixels, of the largest.
    width: int
    height: int

    @property
    def ratio(self) -> float:
        """How much wider than high it is."""
        return round(self.photo.ratio, 4)


class Frame:
    """Puts photos onto pages.

    Args:
        address: where pictures are.
    """

    def __init__(self, address: Address) -> None:
        self._address = address

    def show(self, photo: Photo) -> Shown:
        """A photo with its pictures."""
        sizes = [size for size in SIZES if size <= max(photo.size)] or [SIZES[0]]
        found = {size: self._address(photo.id, size, photo.steps(size)) for size in sizes}
        srcset = ", ".join(f"{at} {_fit(photo, size)[0]}w" for size, at in found.items())
        middle = found[sizes[min(2, len(sizes) - 1)]]
        return Shown(photo, middle, srcset, *_fit(photo, sizes[-1]))

    def all(self, photos: Iterable[Photo]) -> list[Shown]:
        """Several of them."""
        return [self.show(photo) for photo in photos]

    def small(self, photo: Photo) -> str:
        """The address of the smallest picture."""
        return self._address(photo.id, SIZES[0], photo.steps(SIZES[0]))


def viewer_of(request: site.Request) -> Viewer:
    """Who looks."""
    owner = request.visitor.owner if request.visitor else ""
    return Viewer(owner, tuple(tokens_in(request.cookies.get(COOKIE, ""))))


def known(request: site.Request) -> site.Visitor:
    """Who is logged in.

    Raises:
        NotLoggedIn: nobody is.
    """
    if request.visitor is None:
        raise site.NotLoggedIn("log in to do this")
    return request.visitor


def number_in(request: site.Request, name: str) -> int | None:
    """A number of the address's query, if it is one."""
    text = request.query.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def _fit(photo: Photo, size: int) -> tuple[int, int]:
    """Width and height with a longer side of `size`."""
    width, height = photo.size
    scale = min(1.0, size / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))
