"""What people must not be able to do on FakeFlickr."""

from __future__ import annotations

import io
import re

import httpx
import pytest
from PIL import Image
from PIL.ExifTags import IFD, Base

from billow.web.rules import Level, site_rules
from tests.apps.flickr_town import APP, HTML, Flickr, jpeg

pytestmark = pytest.mark.anyio
EVIL = "<script>alert(1)</script>{{ 7 * 7 }}\"'><img src=x onerror=alert(1)>"
RULES = site_rules(APP.routes)


@pytest.mark.parametrize("key", sorted(set(RULES) - {"GET /assets/{path:path}"}))
async def test_every_route_as_everybody(flickr: Flickr, key: str) -> None:
    """A private photo is there for its owner alone, on every route that there is."""
    method, _, path = key.partition(" ")
    owner = flickr.person("owner")
    id_ = await flickr.photo(owner, caption="secret caption", tags="secret tag")
    made = await flickr.post(owner, f"/photos/{id_}/album", title="secret album")
    fill = {"{id:int}": str(id_), "{slug}": "owner", "{tag}": "secret tag", "{token}": "x" * 32}
    fill["{album}"] = made.headers["location"].rpartition("/")[2]
    for part, value in fill.items():
        path = path.replace(part, value)
    path = path.replace("{rest:path}", f"1440/{id_}.jpg")
    people = {
        "anonymous": None,
        "other": flickr.person("other"),
        "admin": flickr.person("boss", role="admin"),
        "reader": flickr.program(flickr.account("third"), "read"),
        "owner": owner,
    }
    for who, person in people.items():
        more = {"x-billow-form": person.form} if person and person.form else {}
        async with flickr.client(person, **more) as client:
            answer = await client.request(method, path)
        rule = RULES[key]
        if rule.level is Level.USER and who == "anonymous":
            assert answer.status_code == 401
        if who == "owner":
            assert answer.status_code not in (401, 403) or "/img/1440" in path
            continue
        assert "secret caption" not in answer.text, who
        assert "secret album" not in answer.text, who
        assert 'id="p' not in answer.text, who
        if "/photos/" in path or "/albums/" in path:
            assert answer.status_code in (401, 403, 404), who
        if "/img/" in path:
            assert answer.status_code == 403, who


async def test_a_private_photo_shows_nowhere(flickr: Flickr) -> None:
    anna = flickr.person("anna")
    id_ = await flickr.photo(anna, caption="secret caption", tags="secret tag")
    for who in (None, flickr.person("ben"), flickr.person("boss", role="admin")):
        for path in ("/", "/people", "/people/anna", "/tags", "/tags/secret%20tag"):
            text = (await flickr.get(who, path)).text
            assert "secret caption" not in text
            assert f"/photos/{id_}" not in text
            if path == "/tags":
                assert "secret tag" not in text
    assert f"/photos/{id_}" in (await flickr.get(anna, "/people/anna")).text


async def test_members_see_what_strangers_do_not(flickr: Flickr) -> None:
    id_ = await flickr.photo(flickr.person("anna"), visibility="members")
    assert (await flickr.get(None, f"/photos/{id_}")).status_code == 404
    assert (await flickr.get(flickr.person("ben"), f"/photos/{id_}")).status_code == 200
    assert f'id="p{id_}"' not in (await flickr.get(None, "/")).text


async def test_whether_there_is_a_picture_is_not_said(flickr: Flickr) -> None:
    id_ = await flickr.photo(flickr.person("anna"))
    for size in ("0", "240", "1440"):
        there = await flickr.get(None, f"/img/{size}/{id_}.jpg", accept="*/*")
        missing = await flickr.get(None, f"/img/{size}/{id_ + 5}.jpg", accept="*/*")
        assert there.status_code == missing.status_code == 403
        assert there.json()["detail"] == missing.json()["detail"]


@pytest.mark.parametrize(
    "path",
    ["", "1440", "a/1.jpg", "1440/x.jpg", "1440/1.png", "-1/1.jpg", "1e3/1.jpg"],
)
async def test_an_address_of_no_picture_is_malformed(flickr: Flickr, path: str) -> None:
    answer = await flickr.get(None, f"/img/{path}", accept="*/*")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_size_that_is_not_offered_names_those_that_are(flickr: Flickr) -> None:
    id_ = await flickr.photo(flickr.person("anna"), visibility="public")
    answer = await flickr.get(None, f"/img/500/{id_}.jpg", accept="*/*")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert "240, 480, 960, 1440, 2048" in answer.json()["detail"]
    odd = await flickr.get(None, f"/img/large/{id_}.jpg", accept="*/*")
    assert "240, 480, 960, 1440, 2048, and 0 or original" in odd.json()["detail"]


async def test_others_cannot_change_or_delete(flickr: Flickr) -> None:
    anna, ben = flickr.person("anna"), flickr.person("ben")
    id_ = await flickr.photo(anna, visibility="public", caption="hers")
    boss = flickr.person("boss", role="admin")
    for who in (ben, boss):
        for path in ("edit", "share", "turn"):
            answer = await flickr.post(who, f"/photos/{id_}/{path}", caption="his", way="left")
            assert answer.status_code == 404
        async with flickr.client(who, **{"x-billow-form": who.form}) as client:
            edit = await client.post("/rest/edit", json={"id": id_, "caption": "his"})
        assert edit.status_code == 404
    assert (await flickr.post(ben, f"/photos/{id_}/delete")).status_code == 404
    assert "hers" in (await flickr.get(None, f"/photos/{id_}")).text
    # Who runs the site can take down what everybody sees.
    assert (await flickr.post(boss, f"/photos/{id_}/delete")).status_code == 303
    assert (await flickr.get(None, f"/photos/{id_}")).status_code == 404


async def test_a_link_is_for_its_photo_only_and_cannot_be_guessed(flickr: Flickr) -> None:
    anna = flickr.person("anna")
    first = await flickr.photo(anna)
    second = await flickr.photo(anna, jpeg((1, 2, 3)))
    link = await flickr.share(anna, f"/photos/{first}", level="download", lasts="ever")
    token = link.rpartition("/")[2]
    assert len(token) == 32
    async with flickr.client(None, cookie=f"fakeflickr_links={token}") as client:
        assert (await client.get(f"/img/0/{first}.jpg")).status_code == 200
        assert (await client.get(f"/img/0/{second}.jpg")).status_code == 403
        assert (await client.get(f"/photos/{second}")).status_code == 404
        assert (
            await client.post(f"/photos/{first}/edit", data={"caption": "x"})
        ).status_code == 401
    other_end = "b" if token.endswith("a") else "a"
    for wrong in (token[:-1], token[:-1] + other_end, "'or'1'='1", "." * 50, "x." * 40, "%00", "é"):
        headers = {b"cookie": f"fakeflickr_links={wrong}".encode()}
        async with flickr.client() as client:
            answer = await client.get(f"/photos/{first}", headers=headers)
            assert answer.status_code == 404, wrong
    assert (await flickr.get(None, "/s/" + token[:-1])).status_code == 404
    ben = flickr.person("ben")
    page = await flickr.get(anna, f"/photos/{first}/share")
    hash_ = re.findall(r'name="end" value="(\w+)"', page.text)[0]
    other = await flickr.photo(ben, jpeg((3, 3, 3)))
    await flickr.post(ben, f"/photos/{other}/share", end=hash_)
    assert (await flickr.get(None, link)).status_code == 303


async def test_no_other_site_can_use_the_endpoint(flickr: Flickr) -> None:
    anna = flickr.person("anna")
    id_ = await flickr.photo(anna)
    sent = {"id": str(id_), "caption": "stolen"}
    files = {"photos": ("a.jpg", jpeg((5, 5, 5)))}
    async with flickr.client(anna) as client:
        assert (await client.post("/rest/edit", data=sent)).status_code == 403
        assert (await client.post("/rest/edit", data=sent, files=files)).status_code == 403
        client.headers["x-billow-form"] = flickr.person("ben").form
        assert (await client.post("/rest/edit", data=sent)).status_code == 403
        client.headers["x-billow-form"] = anna.form
        for more in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
            assert (await client.post("/rest/edit", json=sent, headers=more)).status_code == 403
    async with flickr.client() as client:
        assert (await client.post("/rest/edit", data=sent, files=files)).status_code == 401
    assert "stolen" not in (await flickr.get(anna, f"/photos/{id_}")).text


@pytest.mark.parametrize("field", ["owner", "id_", "sha256", "visibility_", "uploaded", "by"])
async def test_only_what_is_theirs_to_say_can_be_set(flickr: Flickr, field: str) -> None:
    anna, ben = flickr.person("anna"), flickr.person("ben")
    id_ = await flickr.photo(anna)
    program = flickr.program(anna.account, "submit")
    async with flickr.client(program) as client:
        answer = await client.post("/rest/edit", json={"id": id_, field: ben.owner})
        assert answer.status_code == 422
        files = {"photos": ("b.jpg", jpeg((8, 8, 8)))}
        assert (await client.post("/rest/edit", data={field: "1"}, files=files)).status_code == 422
    await flickr.post(anna, f"/photos/{id_}/edit", caption="x", **{field: ben.owner})
    assert (await flickr.get(ben, f"/photos/{id_}")).status_code == 404
    assert len(APP.collections["photos"].originals()) == 1


async def test_words_are_never_markup(flickr: Flickr) -> None:
    anna = flickr.person("anna")
    id_ = await flickr.photo(anna, visibility="public")
    await flickr.post(
        anna, f"/photos/{id_}/edit", caption=EVIL, tags=EVIL, overlay=EVIL, visibility="public"
    )
    await flickr.sql("update people set name = :name", name=EVIL)
    await flickr.sql("update photos set name = :name, camera = :name", name=EVIL)
    slug = "/people/anna"
    for path in ("/", slug, "/people", "/tags", f"/photos/{id_}", f"/photos/{id_}/edit",
                 f"/photos/{id_}/share", f"/tags/{'%3Cscript%3E'}", f"/people/{EVIL}"):  # fmt: skip
        answer = await flickr.get(anna, path)
        assert "<script>alert" not in answer.text, path
        assert "<img src=x" not in answer.text, path
        assert ">49<" not in answer.text
    refused = await flickr.upload(anna, b"no picture", name=EVIL + ".jpg")
    assert refused.headers["content-type"] == "application/problem+json"
    async with flickr.client(anna, **{"x-billow-form": anna.form, **HTML}) as client:
        page = await client.post("/upload", files=[("photos", (EVIL + ".jpg", b"no"))])
    assert "<script>alert" not in page.text


@pytest.mark.parametrize("text", ["' or 1=1 --", "1; drop table photos", "%' union select 1 --"])
async def test_what_is_asked_is_never_sql(flickr: Flickr, text: str) -> None:
    anna = flickr.person("anna")
    id_ = await flickr.photo(anna, caption=text, tags=text)
    for path in (f"/tags/{text}", f"/people/{text}", f"/s/{text}", f"/?before={text}", "/tags"):
        answer = await flickr.get(None, path)
        assert answer.status_code in (200, 404), path
        assert f"/photos/{id_}" not in answer.text
    assert (await flickr.get(anna, f"/photos/{id_}")).status_code == 200


HIDDEN = {
    "page": b"<!doctype html><script>alert(1)</script>",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "zip": b"PK\x03\x04" + bytes(100),
    "empty": b"",
    "cut": jpeg(size=(600, 400))[:300],
    "start": b"\xff\xd8\xff\xe0" + b"<script>" * 40,
}


@pytest.mark.parametrize("kind", HIDDEN)
async def test_what_is_no_picture_is_not_kept(flickr: Flickr, kind: str) -> None:
    anna = flickr.person("anna")
    answer = await flickr.upload(anna, HIDDEN[kind], name="cat.jpg")
    assert answer.status_code == 415
    assert APP.collections["photos"].originals() == []


async def test_bombs_and_kinds_that_are_not_taken_are_refused_by_name(flickr: Flickr) -> None:
    anna = flickr.person("anna")
    bomb, tiff = io.BytesIO(), io.BytesIO()
    Image.new("1", (9000, 9000)).save(bomb, "PNG")
    Image.new("RGB", (9, 9)).save(tiff, "TIFF")
    for name, data, words in (
        ("a.jpg", bomb, "million"),
        ("a.png", tiff, "taken are JPEG, PNG, WebP, AVIF, HEIC, GIF"),
        ("a.tif", tiff, ".heic"),
    ):
        answer = await flickr.upload(anna, data.getvalue(), name)
        assert (answer.status_code, words in answer.text) == (415, True), answer.text
        assert "image/heic" in answer.json()["allowed"] or ".heic" in answer.json()["allowed"]
    assert APP.collections["photos"].originals() == []


async def test_a_page_behind_a_picture_is_an_attachment(flickr: Flickr) -> None:
    anna = flickr.person("anna")
    data = jpeg() + b"<script>alert(1)</script>"
    id_ = await flickr.photo(anna, data)
    answer = await flickr.get(anna, f"/img/0/{id_}.jpg")
    assert answer.content == data
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["content-type"] == "image/jpeg"


async def test_where_it_was_taken_is_never_shown(flickr: Flickr) -> None:
    exif = Image.Exif()
    exif[Base.Model] = "Camera"
    place = exif.get_ifd(IFD.GPSInfo)
    place[1], place[2], place[3], place[4] = "N", (48.0, 12.0, 34.56), "E", (11.0, 33.0, 7.89)
    anna = flickr.person("anna")
    id_ = await flickr.photo(anna, jpeg(exif=exif), visibility="public")
    for path in (f"/photos/{id_}", f"/photos/{id_}/edit", "/"):
        text = (await flickr.get(anna, path)).text
        for part in ("34.56", "7.89", "48.2", "11.5", "GPS"):
            assert part not in text
    assert (await flickr.get(None, f"/img/0/{id_}.jpg")).status_code == 403


async def test_huge_forms_end(flickr: Flickr) -> None:
    anna = flickr.person("anna")
    many = [("photos", (f"{n}.jpg", b"x")) for n in range(120)]
    async with flickr.client(anna, **{"x-billow-form": anna.form}) as client:
        answer = await client.post("/rest/edit", files=many)
        assert (answer.status_code, "100 files" in answer.text) == (422, True)
        fields = {f"f{n}": "x" for n in range(1100)}
        assert (await client.post("/rest/edit", data=fields, files=many[:1])).status_code == 422
        big = {"caption": "x" * 5_000_000}
        assert (await client.post("/rest/edit", data=big, files=many[:1])).status_code == 413
        loose = httpx.Headers({"content-type": "multipart/form-data"})
        assert (await client.post("/rest/edit", content=b"x", headers=loose)).status_code == 422


async def test_a_plan_bounds_a_photo(flickr: Flickr) -> None:
    anna = flickr.person("anna")
    data = jpeg() + bytes(26 * 1024 * 1024)
    answer = await flickr.upload(anna, data)
    assert (answer.status_code, "your plan" in answer.json()["detail"]) == (413, True)
    assert APP.collections["photos"].originals() == []
    assert (await flickr.upload(flickr.person("pat", "pro"), data)).status_code == 200


async def test_the_log_in_leads_nowhere_else(flickr: Flickr) -> None:
    answer = await flickr.get(None, "/upload")
    assert answer.headers["location"] == "/login?next=%2Fupload"
    page = await flickr.get(None, "/login?next=https://evil.example")
    assert "evil.example" not in page.text
