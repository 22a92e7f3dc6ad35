"""FakeFlickr on PostgreSQL: the same rows, the same statements."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from tests.apps import test_fakeflickr as story
from tests.apps import test_fakeflickr_albums as album_story
from tests.apps.flickr_town import APP, Flickr

pytestmark = pytest.mark.anyio

STORIES = [
    story.test_a_photo_is_uploaded_and_shown,
    story.test_a_photo_is_changed,
    story.test_streams_show_the_latest_first_a_page_at_a_time,
    story.test_a_photo_is_deleted_with_everything,
    story.test_the_same_file_twice_is_told,
    story.test_a_link_shows_one_photo_until_it_is_ended,
    story.test_people_of_the_same_name_have_their_own_pages,
    album_story.test_an_album_is_made_put_in_order_and_deleted,
    album_story.test_others_see_of_an_album_what_they_may_see_anyway,
    album_story.test_a_link_shows_all_that_is_in_the_album_as_long_as_it_is,
]


@pytest.fixture
def flickr(postgres: str) -> Iterator[Flickr]:
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("drop schema public cascade; create schema public")
    made = Flickr(url=postgres)
    yield made
    made.close()


@pytest.mark.parametrize("test", STORIES, ids=lambda test: test.__name__)
async def test_it_is_the_same_on_postgres(flickr: Flickr, test: object) -> None:
    assert APP.database is not None
    await test(flickr)  # type: ignore[operator]
