"""Collections of originals, over every home."""

from __future__ import annotations

import io

import pytest

import billow
import billow.testing
from billow.errors import Conflict, NotAccepted, NotFound, TooLarge
from billow.flow.originals import attach
from billow.home import Home
from billow.renditions.files import CACHE, place_of
from tests.contract.homes import MakeHome, in_threads


@pytest.fixture
def photos() -> billow.App:
    app = billow.App("site")
    app.collection("photos", accepts=billow.File(".jpg", max_size=100))
    return app


@pytest.fixture
def home(make_home: MakeHome, photos: billow.App) -> Home:
    made = make_home()
    attach(photos, lambda: made)
    return made


def test_an_original_is_kept_under_a_number(photos: billow.App, home: Home) -> None:
    kept = photos.collections["photos"]
    first = kept.add(io.BytesIO(b"one"), "../a.jpg", "anna")
    second = kept.add([b"tw", b"o"], "b.JPG")
    assert (first, second) == (1, 2)
    found = kept.get(first)
    assert (found.name, found.size, found.owner) == ("a.jpg", 3, "anna")
    assert found.created == home.clock.now()
    with kept.open(second) as file:
        assert file.read() == b"two"
    assert [each.id for each in kept.originals()] == [1, 2]
    assert [each.id for each in kept.originals(after=1, limit=5)] == [2]


def test_numbers_are_never_given_again(photos: billow.App, home: Home) -> None:
    kept = photos.collections["photos"]
    assert kept.delete(kept.add([b"x"], "a.jpg"))
    with pytest.raises(TooLarge):
        kept.add([b"x" * 101], "a.jpg")
    assert kept.add([b"x"], "a.jpg") == 3
    assert [each.id for each in kept.originals()] == [3]


def test_numbers_are_unique_among_threads(photos: billow.App, home: Home) -> None:
    kept = photos.collections["photos"]
    given: list[int] = []
    in_threads([lambda: given.append(kept.add([b"x"], "a.jpg"))] * 8)
    assert sorted(given) == list(range(1, 9))


@pytest.mark.parametrize("id", [0, -1, 2, 10**19, 10**40])
def test_what_is_not_there_is_not_found(photos: billow.App, home: Home, id: int) -> None:
    kept = photos.collections["photos"]
    kept.add([b"x"], "a.jpg")
    for look in (kept.get, kept.open, kept.path):
        with pytest.raises(NotFound, match=f"no original {id}"):
            look(id)
    assert kept.delete(id) is False


def test_another_kind_of_file_takes_no_number(photos: billow.App, home: Home) -> None:
    kept = photos.collections["photos"]
    with pytest.raises(NotAccepted, match=r"\.jpg"):
        kept.add([b"x"], "a.png")
    assert kept.add([b"x"], "a.jpg") == 1


def test_what_was_made_of_an_original_goes_with_it(photos: billow.App, home: Home) -> None:
    kept = photos.collections["photos"]
    gone, stays = kept.add([b"x"], "a.jpg"), kept.add([b"y"], "b.jpg")
    roots = [] if home.folder is None else [home.folder / CACHE]
    made = [place_of(root, "photos", each) for root in roots for each in (gone, stays)]
    for folder in made:
        folder.mkdir(parents=True)
        (folder / "made.jpg").write_bytes(b"made")
    assert kept.delete(gone)
    assert [folder.exists() for folder in made] == [False, True][: len(made)]
    assert kept.delete(gone) is False


def test_a_collection_cannot_be_used_before_the_service_runs(photos: billow.App) -> None:
    with pytest.raises(Conflict, match="only inside of the running service"):
        photos.collections["photos"].add([b"x"], "a.jpg")


def test_a_collection_is_declared_once(photos: billow.App) -> None:
    with pytest.raises(billow.DeclarationError, match="twice"):
        photos.collection("photos")
    with pytest.raises(billow.DeclarationError, match="a name is"):
        photos.collection("Photos!")


def test_a_collection_works_in_an_authors_test(photos: billow.App) -> None:
    billow.testing.memory_home(photos)
    assert photos.collections["photos"].add([b"x"], "a.jpg") == 1
