"""What the tests of the apps share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.apps.flickr_town import Flickr


@pytest.fixture
def flickr() -> Iterator[Flickr]:
    """FakeFlickr, with nobody in it yet."""
    from tests.apps.flickr_town import Flickr  # noqa: PLC0415 - the other apps need no pictures

    made = Flickr()
    yield made
    made.close()
