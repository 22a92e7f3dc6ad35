"""FakeFlickr's albums: made, put in order, shared as a whole, and shown to nobody else."""

from __future__ import annotations

import re

import pytest

from tests.apps.flickr_town import Flickr, jpeg
from tests.web.people import Person

from gallery import albums  # isort: skip

pytestmark = pytest.mark.anyio


async def photos(flickr: Flickr, who: Person, *visibilities: str) -> list[int]:
    return [
        await flickr.photo(who, jpeg((20 * number, 9, 9)), visibility=each)
        for number, each in enumerate(visibilities)
    ]


async def album(flickr: Flickr, who: Person, *ids: int, title: str = "Summer") -> str:
    """The address of a new album with these photos."""
    made = await flickr.post(who, "/albums", title=title)
    at = made.headers["location"].removesuffix("/edit")
    await flickr.post(who, f"{at}/edit", photo=[str(each) for each in ids])
    return at


async def order(flickr: Flickr, who: Person | None, at: str) -> list[int]:
    page = await flickr.get(who, at)
    assert page.status_code == 200
    return [int(each) for each in re.findall(r'<li id="p(\d+)"', page.text)]


async def test_an_album_is_made_put_in_order_and_deleted(flickr: Flickr) -> None:
    anna = flickr.person("anna")
    one, two, three = await photos(flickr, anna, "public", "public", "public")
    at = await album(flickr, anna, three, one)
    assert await order(flickr, anna, at) == [three, one]
    assert (await flickr.post(anna, f"/photos/{two}/album", album=at[8:])).headers["location"] == at
    await flickr.post(anna, f"/photos/{two}/album", album=at[8:])  # once more changes nothing
    assert await order(flickr, anna, at) == [three, one, two]
    for fields, expected in (
        ({"earlier": one}, [one, three, two]),
        ({"earlier": one}, [one, three, two]),
        ({"later": three}, [one, two, three]),
        ({"later": three}, [one, two, three]),
        ({"out": two}, [one, three]),
        ({"later": two}, [one, three]),
    ):
        await flickr.post(anna, f"{at}/edit", **fields)
        assert await order(flickr, anna, at) == expected
    await flickr.post(anna, f"{at}/edit", title="  Autumn\n days ")
    assert "<h1>Autumn days</h1>" in (await flickr.get(anna, at)).text
    await flickr.post(anna, f"/photos/{one}/delete")
    assert await order(flickr, anna, at) == [three]
    await flickr.post(anna, f"{at}/delete")
    assert (await flickr.get(anna, at)).status_code == 404
    assert (await flickr.get(anna, f"/photos/{three}")).status_code == 200


async def test_others_see_of_an_album_what_they_may_see_anyway(flickr: Flickr) -> None:
    anna, ben = flickr.person("anna"), flickr.person("ben")
    hidden, members, public = await photos(flickr, anna, "private", "members", "public")
    at = await album(flickr, anna, hidden, members, public)
    closed = await album(flickr, anna, hidden, title="Diary")
    for who, expected in (
        (anna, [hidden, members, public]),
        (ben, [members, public]),
        (None, [public]),
    ):
        assert await order(flickr, who, at) == expected
        person = (await flickr.get(who, "/people/anna")).text
        assert f'href="{at}"' in person
        assert ("Diary" in person) == (who is anna)
    assert (await flickr.get(ben, closed)).status_code == 404
    assert "2 photos" in (await flickr.get(ben, "/people/anna")).text


async def test_a_link_shows_all_that_is_in_the_album_as_long_as_it_is(flickr: Flickr) -> None:
    anna = flickr.person("anna")
    one, two, other = await photos(flickr, anna, "private", "private", "private")
    at = await album(flickr, anna, two, one)
    link = await flickr.share(anna, at, level="download", lasts="week", note="Granny")
    async with flickr.client(None, accept="text/html") as granny:
        assert (await granny.get(at)).status_code == 404
        assert (await granny.get(link)).headers["location"] == at
        shown = (await granny.get(at)).text
        assert re.findall(r'<li id="p(\d+)"', shown) == [str(two), str(one)]
        assert (await granny.get(f"/img/0/{one}.jpg")).status_code == 200
        assert (await granny.get(f"/photos/{other}")).status_code == 404
        await flickr.post(anna, f"{at}/edit", out=one)
        assert (await granny.get(f"/photos/{one}")).status_code == 404
        await flickr.post(anna, f"{at}/edit", photo=other)
        assert (await granny.get(f"/photos/{other}")).status_code == 200
        links = (await flickr.get(anna, f"{at}/share")).text
        assert "Granny" in links
        ended = re.search(r'name="end" value="(\w+)"', links)
        assert ended is not None
        await flickr.post(anna, f"{at}/share", end=ended[1])
        assert (await granny.get(at)).status_code == 404
        assert (await granny.get(f"/photos/{two}")).status_code == 404
        assert (await granny.get(link)).status_code == 404


async def test_nobody_changes_or_fills_an_album_of_somebody_else(flickr: Flickr) -> None:
    anna, ben = flickr.person("anna"), flickr.person("ben")
    [hers] = await photos(flickr, anna, "public")
    his = await flickr.photo(ben, jpeg((1, 99, 1)), visibility="public")
    at = await album(flickr, anna, hers)
    for path, fields in (
        ("edit", {"title": "Mine now"}),
        ("edit", {"out": hers}),
        ("edit", {"photo": his}),
        ("share", {"level": "read"}),
        ("delete", {}),
    ):
        assert (await flickr.post(ben, f"{at}/{path}", **fields)).status_code == 404
    assert (await flickr.post(ben, f"/photos/{his}/album", album=at[8:])).status_code == 404
    assert (await flickr.post(ben, f"/photos/{hers}/album", title="x")).status_code == 404
    await flickr.post(anna, f"{at}/edit", photo=his)
    assert await order(flickr, anna, at) == [hers]
    assert "<h1>Summer</h1>" in (await flickr.get(anna, at)).text


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/albums", {"title": " \n "}),
        ("/albums", {"title": "x" * 81}),
        ("edit", {"title": ""}),
        ("edit", {"photo": "one"}),
        ("edit", {"out": "9" * 30}),
        ("share", {"level": "write"}),
        ("share", {"lasts": "century"}),
    ],
)
async def test_what_is_no_wish_is_refused(
    flickr: Flickr, path: str, fields: dict[str, str]
) -> None:
    anna = flickr.person("anna")
    at = await album(flickr, anna)
    answer = await flickr.post(anna, path if path == "/albums" else f"{at}/{path}", **fields)
    assert answer.status_code == 422


async def test_albums_are_bounded(flickr: Flickr, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(albums, "MOST_ALBUMS", 1)
    monkeypatch.setattr(albums, "MOST_PHOTOS", 2)
    anna = flickr.person("anna")
    ids = await photos(flickr, anna, "public", "public", "public")
    at = await album(flickr, anna, *ids[:2])
    assert (await flickr.post(anna, "/albums", title="Two")).status_code == 422
    full = await flickr.post(anna, f"{at}/edit", photo=ids[2])
    assert (full.status_code, "2 photos" in full.text) == (422, True)
    assert await order(flickr, anna, at) == ids[:2]


async def test_titles_are_never_markup(flickr: Flickr) -> None:
    anna = flickr.person("anna")
    [id_] = await photos(flickr, anna, "public")
    at = await album(flickr, anna, id_, title="<b>{{ 7 * 7 }}\"'")
    paths = (at, f"{at}/edit", f"{at}/share", "/albums", "/people/anna", f"/photos/{id_}/edit")
    for path in paths:
        text = (await flickr.get(anna, path)).text
        assert "<b>{{" not in text
        assert "&lt;b&gt;{{ 7 * 7 }}" in text, path
