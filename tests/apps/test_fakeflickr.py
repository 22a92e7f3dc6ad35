"""FakeFlickr: what people do with photos."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.ExifTags import IFD, Base

import billow
from billow.accounts.admin import OPERATOR
from billow.testing import run_jobs
from tests.apps.flickr_town import APP, Flickr, jpeg

from gallery.library import Library  # isort: skip
from gallery.metadata import Metadata  # isort: skip
from gallery.photo import steps_of  # isort: skip
from gallery.words import slug_of, tag_of, tags_in  # isort: skip

pytestmark = pytest.mark.anyio


async def test_a_photo_is_uploaded_and_shown(flickr: Flickr) -> None:
    exif = Image.Exif()
    exif[Base.Make], exif[Base.Model], exif[Base.Orientation] = "Canon", "Canon EOS 5D", 6
    inner = exif.get_ifd(IFD.Exif)
    inner[Base.DateTimeOriginal] = "2024:05:03 18:20:10"
    inner[Base.ExposureTime], inner[Base.FNumber] = 0.004, 2.8
    inner[Base.ISOSpeedRatings], inner[Base.FocalLength] = 200, 50.0
    anna = flickr.person("anna")
    data = jpeg(exif=exif)
    id_ = await flickr.photo(
        anna, data, caption="A red one", tags="Red, green corner", visibility="public"
    )
    page = await flickr.get(None, f"/photos/{id_}")
    for told in (
        "A red one", "anna", "green corner", "2024-05-03 18:20", "Canon EOS 5D", "60 × 90 px",
        "1/250 s · ƒ/2.8 · ISO 200 · 50 mm",
    ):  # fmt: skip
        assert told in page.text, told
    assert page.text.count("Canon") == 1
    assert f"/img/240/{id_}.jpg?v=" in page.text
    assert "Edit" not in page.text
    assert "Edit" in (await flickr.get(anna, f"/photos/{id_}")).text
    original = flickr.context.app.collections["photos"].path(id_)
    assert original.read_bytes() == data


async def test_streams_show_the_latest_first_a_page_at_a_time(flickr: Flickr) -> None:
    anna, ben = flickr.person("anna"), flickr.person("ben")
    ids = [
        await flickr.photo(anna if n % 2 else ben, jpeg((n, 0, 0)), visibility="public", tags="t")
        for n in range(45)
    ]
    for path, expected in (("/", ids), ("/tags/t", ids), ("/people/anna", ids[1::2])):
        shown: list[int] = []
        at = path
        while at:
            text = (await flickr.get(None, at)).text
            shown += [int(n) for n in re.findall(r'<li id="p(\d+)"', text)]
            older = re.search(r'href="(\?before=\d+)"', text)
            at = f"{path}{older[1]}" if older else ""
        assert shown == expected[::-1], path
    second = (await flickr.get(None, f"/?before={ids[5]}")).text
    newer = re.search(r'href="(\?after=\d+)"', second)
    assert newer is not None
    back = [
        int(n)
        for n in re.findall(r'<li id="p(\d+)"', (await flickr.get(None, "/" + newer[1])).text)
    ]
    assert back == ids[5:][::-1]
    people = (await flickr.get(None, "/people")).text
    assert "22 photos" in people
    assert "23 photos" in people
    assert ">t<" in (await flickr.get(None, "/tags")).text


async def test_a_photo_is_changed(flickr: Flickr) -> None:
    anna = flickr.person("anna")
    id_ = await flickr.photo(anna)
    sent = {"caption": " New \n name ", "tags": "One, two,, ONE", "overlay": "(C) Anna",
            "visibility": "members", "download": "1"}  # fmt: skip
    answer = await flickr.post(anna, f"/photos/{id_}/edit", **sent)
    assert answer.headers["location"] == f"/photos/{id_}"
    page = (await flickr.get(flickr.person("ben"), f"/photos/{id_}")).text
    assert "New name" in page
    assert re.findall(r'href="/tags/(\w+)"', page) == ["one", "two"]
    assert "Download the original" in page
    long = await flickr.post(anna, f"/photos/{id_}/edit", caption="x" * 501)
    assert (long.status_code, "500 characters" in long.text) == (422, True)
    assert "x" * 501 in long.text


async def test_turning_changes_what_is_rendered(flickr: Flickr) -> None:
    anna = flickr.person("anna")
    id_ = await flickr.photo(anna)
    first = (await flickr.get(anna, f"/photos/{id_}/edit")).text
    await flickr.post(anna, f"/photos/{id_}/turn", way="right")
    turned = (await flickr.get(anna, f"/photos/{id_}/edit")).text
    address = re.compile(rf"/img/240/{id_}\.jpg\?v=(\w+)")
    assert address.findall(first)[0] != address.findall(turned)[0]
    assert 'width="60" height="90"' in turned
    for _ in range(3):
        await flickr.post(anna, f"/photos/{id_}/turn", way="right")
    again = (await flickr.get(anna, f"/photos/{id_}/edit")).text
    assert address.findall(first)[0] == address.findall(again)[0]
    assert (await flickr.post(anna, f"/photos/{id_}/turn", way="up")).status_code == 422


def test_right_is_with_the_clock(tmp_path: Path) -> None:
    image = APP.collections["photos"].renditions["image"]
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg(size=(480, 320)))
    upload = billow.Upload.of(path)
    made = image(upload, 240, steps_of(90, "", 240), "jpeg")
    with Image.open(io.BytesIO(made)) as turned:
        assert turned.size == (160, 240)
        red, green, _ = turned.getpixel((150, 10))  # type: ignore[misc]
    assert green > 150 > red  # the corner went from the left to the right


@given(st.integers(0, 3), st.text(max_size=20))
def test_a_line_on_the_picture_cannot_be_an_instruction(quarter: int, text: str) -> None:
    made = steps_of(quarter * 90, " ".join(text.split()), 1440)
    assert len(made.splitlines()) <= 2
    assert "TEXT" not in steps_of(quarter * 90, "words", 240)


async def test_a_photo_is_deleted_with_everything(flickr: Flickr) -> None:
    anna = flickr.person("anna")
    id_ = await flickr.photo(anna, visibility="public", tags="gone")
    link = await flickr.share(anna, f"/photos/{id_}")
    answer = await flickr.post(anna, f"/photos/{id_}/delete")
    assert answer.headers["location"] == "/people/anna"
    for path in (f"/photos/{id_}", f"/photos/{id_}/edit", link):
        assert (await flickr.get(anna, path)).status_code == 404
    assert (await flickr.get(anna, f"/img/0/{id_}.jpg")).status_code == 403
    assert "gone" not in (await flickr.get(anna, "/tags")).text
    assert APP.collections["photos"].originals() == []
    assert await flickr.photo(anna) == id_ + 1


async def test_the_same_file_twice_is_told(flickr: Flickr) -> None:
    anna, ben = flickr.person("anna"), flickr.person("ben")
    id_ = await flickr.photo(anna)
    again = await flickr.upload(anna)
    assert (again.status_code, again.json()["photo"]) == (409, id_)
    assert await flickr.photo(ben) > id_
    assert len(APP.collections["photos"].originals()) == 2


async def test_many_files_of_a_form_each_have_their_outcome(flickr: Flickr) -> None:
    anna = flickr.person("anna")
    files = [("photos", (f"{n}.jpg", jpeg((n * 60, 0, 0)))) for n in range(3)]
    files[1:1] = [("photos", ("no.jpg", b"no picture")), ("photos", ("a.txt", b"text"))]
    async with flickr.client(anna, **{"x-billow-form": anna.form}) as client:
        answer = await client.post("/rest/edit", data={"visibility": "public"}, files=files)
        assert answer.status_code == 200
        assert len(answer.json()["ids"]) == 3
        statuses = [each.get("status", 200) for each in answer.json()["log"]]
        assert statuses == [200, 415, 415, 200, 200]
        page = await client.post("/upload", files=[("photos", ("x.jpg", b"")), *files[:1]])
        assert page.status_code == 422
        assert "you have this photo already" in page.text
        done = await client.post("/upload", files=[("photos", ("y.jpg", jpeg((9, 9, 9))))])
        assert done.headers["location"] == "/mine"
        mine = await client.get("/mine")
        assert mine.headers["location"] == "/people/anna"


KINDS = {
    "a.png": ("PNG", "image/png"),
    "a.webp": ("WEBP", "image/webp"),
    "a.avif": ("AVIF", "image/avif"),
    "A.HEIC": ("HEIF", "image/heic"),
    "a.gif": ("GIF", "image/gif"),
    "a.jpg": ("PNG", "image/png"),
}


@pytest.mark.parametrize("name", KINDS)
async def test_photos_of_every_kind_are_kept_as_they_came_and_shown(
    flickr: Flickr, name: str
) -> None:
    format_, type_ = KINDS[name]
    exif = Image.Exif()
    exif[Base.Make], exif[Base.Model] = "Canon", "EOS 5D"
    image = Image.new("RGBA" if name == "a.png" else "RGB", (300, 200), (30, 30, 200))
    out = io.BytesIO()
    if format_ == "GIF":
        second = Image.new("RGB", (300, 200), (9, 9, 9))
        image.save(out, format_, save_all=True, append_images=[second])
    else:
        image.save(out, format_, exif=exif.tobytes())
    anna = flickr.person("anna")
    answer = await flickr.upload(anna, out.getvalue(), name, visibility="public", download="1")
    [id_] = answer.json()["ids"]
    page = (await flickr.get(None, f"/photos/{id_}")).text
    assert "300 × 200 px" in page
    assert ("Canon EOS 5D" in page) == (format_ != "GIF")
    for address in ("0", "original"):
        sent = await flickr.get(None, f"/img/{address}/{id_}.jpg")
        assert (sent.content, sent.headers["content-type"]) == (out.getvalue(), type_)
        wanted = name if name != "a.jpg" else "a.jpg.png"
        assert f'filename="{wanted}"' in sent.headers["content-disposition"]
    image_ = APP.collections["photos"].renditions["image"]
    made = await flickr.context.run(
        lambda: APP.collections["photos"].render(image_, id_, size=240, steps="")
    )
    with Image.open(io.BytesIO(made)) as shown:
        assert (shown.format, shown.size) == ("JPEG", (240, 160))
        pixel = shown.getpixel((120, 80))
        assert isinstance(pixel, tuple)
        assert pixel[2] > 150 > 60 > pixel[0]


def parts(*said: tuple[str, bytes]) -> bytes:
    """A form by hand, in this order; what has a file name is a file."""
    body = b""
    for about, data in said:
        body += f"--b\r\nContent-Disposition: form-data; {about}\r\n\r\n".encode() + data + b"\r\n"
    return body + b"--b--\r\n"


async def test_fields_count_wherever_they_stand_in_a_form(flickr: Flickr) -> None:
    anna = flickr.person("anna")
    file = ('name="photos"; filename="a.jpg"', jpeg())
    headers = {"content-type": "multipart/form-data; boundary=b", "x-billow-form": anna.form}
    originals = APP.collections["photos"]
    async with flickr.client(anna, **headers) as client:
        for wrong in (('name="rotation"', b"45"), ('name="colour"', b"red")):
            refused = await client.post("/rest/edit", content=parts(file, wrong))
            assert refused.status_code == 422
        cut = await client.post("/rest/edit", content=parts(file, file)[:-40])
        assert cut.status_code == 422
        assert originals.originals() == []
        answer = await client.post(
            "/rest/edit", content=parts(file, ('name="visibility"', b"public"))
        )
    [id_] = answer.json()["ids"]
    assert (await flickr.get(None, f"/photos/{id_}")).status_code == 200


async def test_programs_edit_by_the_endpoint(flickr: Flickr) -> None:
    anna = flickr.person("anna")
    id_ = await flickr.photo(anna)
    program = flickr.program(anna.account, "submit")
    async with flickr.client(program) as client:
        sent = {"id": id_, "caption": "by a program", "rotation": 90}
        answer = await client.post("/rest/edit", json=sent)
        assert answer.json() == {
            "ids": [id_],
            "log": [{"id": id_, "changed": ["caption", "rotation"]}],
        }
        for wrong in ({"id": id_, "rotation": 45}, {"caption": "x"}, {"id": "1e3"}, [1]):
            refused = await client.post("/rest/edit", json=wrong)
            assert refused.status_code == 422, wrong
            assert refused.headers["content-type"] == "application/problem+json"
        assert (await client.post("/rest/edit", json={"id": 999})).status_code == 404
    assert "by a program" in (await flickr.get(anna, f"/photos/{id_}")).text


async def test_a_link_shows_one_photo_until_it_is_ended(flickr: Flickr) -> None:
    anna = flickr.person("anna")
    id_, other = await flickr.photo(anna), await flickr.photo(anna, jpeg((1, 2, 3)))
    link = await flickr.share(anna, f"/photos/{id_}", level="read", note="for Ben")
    async with flickr.client() as client:
        assert (await client.get(f"/photos/{id_}")).status_code == 404
        assert (await client.get(link)).headers["location"] == f"/photos/{id_}"
        page = await client.get(f"/photos/{id_}")
        assert page.status_code == 200
        assert "Download" not in page.text
        assert f'href="/photos/{other}"' not in page.text
        assert (await client.get(f"/photos/{other}")).status_code == 404
        assert (await client.get(f"/img/0/{id_}.jpg")).status_code == 403
        more = await flickr.share(anna, f"/photos/{id_}", level="download", lasts="day")
        await client.get(more)
        assert (await client.get(f"/img/0/{id_}.jpg")).content == jpeg()
        page = await flickr.get(anna, f"/photos/{id_}/share")
        assert "for Ben" in page.text
        assert "used 1 time<" in page.text
        for ended in re.findall(r'name="end" value="(\w+)"', page.text):
            await flickr.post(anna, f"/photos/{id_}/share", end=ended)
        assert (await client.get(f"/photos/{id_}")).status_code == 404
        assert (await client.get(link)).status_code == 404


async def test_a_link_ends_by_itself(flickr: Flickr) -> None:
    anna = flickr.person("anna")
    id_ = await flickr.photo(anna)
    link = await flickr.share(anna, f"/photos/{id_}", lasts="day")
    assert await flickr.sql("update links set expires = 1") == 1
    assert (await flickr.get(None, link)).status_code == 404


def test_words_are_made_fit() -> None:
    assert tags_in("Ünï, two  words ,,a/b<c>, ünï") == ["ünï", "two words", "a b c"]
    assert tag_of("../..") == ""
    assert slug_of("Ádám Óder") == "adam-oder"
    assert slug_of("日本") == "somebody"


async def test_people_of_the_same_name_have_their_own_pages(flickr: Flickr) -> None:
    one = flickr.person("anna")
    two = flickr.account("zoe")
    await flickr.sql("insert into people values (:o, 'anna', 'anna', 1)", o=two.id)
    await flickr.photo(one, visibility="public")
    assert (await flickr.get(None, "/people/anna-2")).status_code == 200
    assert (await flickr.get(None, "/people/nobody")).status_code == 404


async def test_pictures_carry_nothing_of_the_file(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[Base.Artist] = "Somebody secret"
    exif.get_ifd(IFD.GPSInfo)[1] = "N"
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg(size=(800, 500), exif=exif))
    image = APP.collections["photos"].renditions["image"]
    upload = billow.Upload.of(path)
    for format_ in ("jpeg", "webp", "avif"):
        made = image(upload, 480, "", format_)
        assert b"Somebody" not in made
        with Image.open(io.BytesIO(made)) as opened:
            assert dict(opened.getexif()) == {}


async def test_who_leaves_is_forgotten(flickr: Flickr) -> None:
    anna, ben = flickr.person("anna"), flickr.person("ben")
    for n in range(3):
        await flickr.photo(anna, jpeg((60 * n, 0, 0)), visibility="public", tags="t")
    kept = await flickr.photo(ben, visibility="public")
    flickr.service.admin.delete(OPERATOR, anna.owner)
    await flickr.context.run(run_jobs, flickr.home, APP)
    assert (await flickr.get(None, "/people/anna")).status_code == 404
    shown = (await flickr.get(None, "/")).text
    assert re.findall(r'<li id="p(\d+)"', shown) == [str(kept)]
    assert [each.id for each in APP.collections["photos"].originals()] == [kept]


def never(id: int) -> Metadata:
    raise AssertionError(f"original {id} need not be looked at")


async def test_what_a_killed_server_left_is_removed(flickr: Flickr) -> None:
    anna, originals = flickr.person("anna"), APP.collections["photos"]
    kept = await flickr.photo(anna)
    gone = await flickr.photo(anna, jpeg((1, 1, 1)))
    left = originals.add([jpeg((2, 2, 2))], "a.jpg", anna.owner)
    library = Library(APP.database, originals, never)  # type: ignore[arg-type]
    now = originals.get(kept).created
    await flickr.context.run(library.tidy, now)
    assert len(originals.originals()) == 3  # it may be just about to become a photo
    await flickr.context.run(library.tidy, now + 7200)
    assert [each.id for each in originals.originals()] == [kept, gone]
    await flickr.context.run(library.photos.remove, gone)  # and killed before the original went
    await flickr.context.run(library.tidy, now + 7200)
    assert [each.id for each in originals.originals()] == [kept]
    assert left not in [each.id for each in originals.originals()]
