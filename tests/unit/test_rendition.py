"""What a rendition may be declared as, and how it is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

import billow
from billow.collection import Collection
from billow.errors import BadInput, Conflict, DeclarationError, NotFound
from billow.loading import load_app
from billow.rendition import Rendition, Terms, Wanted
from billow.testing import memory_home

PATH = "/img/{size:int}/{id:int}.jpg"


def draw(original: billow.Upload, size: int, steps: str = "") -> bytes:
    return f"{original.name} {size} {steps}".encode()


def nobody(asked: Any, id: int, size: int) -> None:
    return None


def choose(original: billow.Upload, size: Literal[240, 1440]) -> bytes:
    return b""


def paint(original: billow.Upload, size: int, format: str) -> bytes:
    return b""


def collection() -> Collection:
    return billow.App("site").collection("photos", accepts=billow.File(".jpg"))


def image(**options: Any) -> Rendition:
    terms: dict[str, Any] = {"salt": "1", "allow": nobody} | options
    return Rendition(draw, "photos", PATH, Terms(**terms))


def test_the_function_stays_an_ordinary_function(tmp_path: Path) -> None:
    made = collection().rendition(PATH, values={"size": (240,)})(draw)
    (tmp_path / "a.jpg").write_bytes(b"")
    assert made(billow.Upload.of(tmp_path / "a.jpg"), 240, "x") == b"a.jpg 240 x"
    assert (made.name, made.ending, made.give_up_after) == ("draw", "jpg", 60)


@pytest.mark.parametrize(
    ("path", "call", "options", "told"),
    [
        ("/img/{size:int}.jpg", draw, {"allow": nobody}, "needs {id:int}"),
        ("/img/{id}.jpg", draw, {"allow": nobody}, "needs {id:int}"),
        ("/{id:int}/{id:int}.jpg", draw, {"allow": nobody}, "only once"),
        ("img/{id:int}.jpg", draw, {"allow": nobody}, "parts are"),
        ("/img/{id:int}/{size:float}.jpg", draw, {"allow": nobody}, "parts are"),
        (PATH, draw, {}, "say which values 'size' may have"),
        ("/img/{other:int}/{id:int}.jpg", draw, {"allow": nobody}, "no parameter 'other'"),
        ("/img/{size:int}/{id:int}.exe", draw, {"allow": nobody}, "endings and formats"),
        (PATH, draw, {"allow": nobody, "formats": ("webp", "jpeg")}, "parameter `format`"),
        (PATH, paint, {"allow": nobody}, "parameter `format`"),
        (PATH, paint, {"allow": nobody, "formats": ("tiff",)}, "endings and formats"),
        (PATH, lambda size: b"", {"allow": nobody}, "needs a parameter billow.Upload"),
        (PATH, draw, {"allow": nobody, "who": "friends"}, "who="),
        (PATH, draw, {"allow": nobody, "give_up_after": "soon"}, "duration"),
    ],
)
def test_what_cannot_work_is_told(path: str, call: Any, options: Any, told: str) -> None:
    with pytest.raises(DeclarationError, match=told.replace("{", r"\{")):
        collection().rendition(path, **options)(call)


def test_a_rendition_is_declared_once() -> None:
    photos = collection()
    photos.rendition(PATH, allow=nobody)(draw)
    with pytest.raises(DeclarationError, match="twice"):
        photos.rendition("/other/{size:int}/{id:int}.jpg", allow=nobody)(draw)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/img/1440/39998.jpg", {"size": 1440, "id": 39998}),
        ("/img/0/1.jpg", {"size": 0, "id": 1}),
        ("/img/01440/1.jpg", None),
        ("/img/-1/1.jpg", None),
        ("/img/1/1.jpg/x", None),
        ("/img/1/1xjpg", None),
        ("/img/1/1.jpg\n", None),
        ("/img/١/1.jpg", None),
        ("/img/1/" + "9" * 30 + ".jpg", None),
    ],
)
def test_an_address_is_read(path: str, said: dict[str, int] | None) -> None:
    assert image().read(path) == said


def test_only_offered_values_are_found() -> None:
    made = image(values={"size": range(16, 4097)})
    assert made.read("/img/16/1.jpg") == {"size": 16, "id": 1}
    with pytest.raises(NotFound, match="16 to 4096"):
        made.read("/img/15/1.jpg")
    literal = Rendition(choose, "photos", PATH, Terms())
    with pytest.raises(NotFound, match="240"):
        literal.read("/img/241/1.jpg")


def halved(original: billow.Upload) -> bytes:
    return b""


def test_what_another_is_made_from_is_part_of_its_name() -> None:
    names = set()
    for salt in ("", "1", "2"):
        made = image()
        if salt:
            base = Rendition(halved, "photos", "/half/{id:int}.jpg", Terms(salt=salt))
            made.base(base, when=lambda size, steps: size < 500)
        names.add(made.wanted(1, {"size": 240, "steps": ""}).name)
        names.add(made.wanted(1, {"size": 1440, "steps": ""}).name)
    assert len(names) == 4


def test_what_can_be_no_base_is_told() -> None:
    made = image()
    half = Rendition(halved, "photos", "/half/{id:int}.jpg", Terms())
    made.base(half, when=lambda size, steps: True)
    other = Rendition(halved, "others", "/half/{id:int}.jpg", Terms())
    based = Rendition(halved, "photos", "/h/{id:int}.jpg", Terms())
    based.base(half, when=lambda: True)
    for wrong in (made, image(), other, based):
        with pytest.raises(DeclarationError, match="its base must be"):
            made.base(wrong, when=lambda **_: True)


ARGS = st.tuples(st.integers(1, 99), st.integers(0, 99), st.text(max_size=5))


def named(made: Rendition, args: tuple[int, int, str]) -> Wanted:
    id_, size, steps = args
    return made.wanted(id_, {"size": size, "steps": steps})


@given(ARGS, ARGS)
def test_two_renditions_have_the_same_name_if_they_are_the_same(
    one: tuple[int, int, str], other: tuple[int, int, str]
) -> None:
    made = image()
    first, second = named(made, one), named(made, other)
    assert (first.id, first.name) == (one[0], named(made, one).name)
    assert ((first.id, first.name) == (second.id, second.name)) is (one == other)
    assert "/" not in first.name


def test_other_code_has_another_name() -> None:
    names = {
        named(Rendition(draw, "photos", PATH, Terms(allow=nobody, salt=salt)), (1, 2, "")).name
        for salt in ("1", "2", None)
    }
    assert len(names) == 3


def test_a_link_changes_with_what_the_rendition_is_made_of() -> None:
    made = image(values={"size": (240,)})
    link = made.url(7, size=240, steps="ROTATE 90")
    assert link.startswith("/img/240/7.jpg?v=")
    assert link != made.url(7, size=240, steps="ROTATE 180")
    with pytest.raises(NotFound, match="not offered"):
        made.url(7, size=241)
    with pytest.raises(BadInput, match="must be text"):
        made.url(7, size=240, steps=5)


@pytest.mark.parametrize(
    ("accept", "format"),
    [
        ("image/avif,image/webp,*/*;q=0.8", "avif"),
        ("image/webp;q=0.9, image/png", "webp"),
        ("*/*", "jpeg"),
        ("", "jpeg"),
        ("image/jpeg", "jpeg"),
    ],
)
def test_the_first_format_that_the_browser_takes(accept: str, format: str) -> None:
    made = Rendition(
        paint, "photos", PATH, Terms(allow=nobody, formats=("avif", "webp", "jpeg"), salt="1")
    )
    assert made.best_format(accept) == format
    wanted = made.wanted(1, {"size": 2}, format)
    assert wanted.name.endswith(f".{format}")
    assert wanted.type == f"image/{format}"


APP = """
import time
from pathlib import Path
import billow

HERE = Path(__file__)
app = billow.App("site")
photos = app.collection("photos")


@photos.rendition("/img/{id:int}.jpg")
def image(original: billow.Upload) -> bytes:
    return b"old"


if (change := HERE.with_name("change")).exists():
    change.unlink()
    HERE.write_text(HERE.read_text().replace('b"old"', 'b"the new"'))
"""


def test_code_that_changes_while_it_is_loaded_is_loaded_again(tmp_path: Path) -> None:
    target = tmp_path / "app.py"
    target.write_text(APP)
    (tmp_path / "change").touch()
    image = load_app(target).collections["photos"].renditions["image"]
    assert image.call(None) == b"the new"
    assert image.loaded == image.code()


def test_what_is_made_early_is_in_the_format_that_is_said_or_in_all() -> None:
    def early(id: int) -> list[dict[str, Any]]:
        return [{"size": id, "format": "avif"}, {"size": 1440}]

    terms = Terms(nobody, formats=("avif", "jpeg"), salt="1", warm=early)
    made = Rendition(paint, "photos", PATH, terms)
    found = [(each.params["size"], each.format) for each in made.early(240)]
    assert found == [(240, "avif"), (1440, "avif"), (1440, "jpeg")]
    assert list(image().early(1)) == []


def test_in_a_home_in_memory_the_function_is_simply_called() -> None:
    app = billow.App("site")
    photos = app.collection("photos", accepts=billow.File(".jpg"))
    made = photos.rendition(PATH, values={"size": (240,)})(draw)

    @photos.rendition("/no/{id:int}.txt", warm=lambda number: [{}])
    def no(original: billow.Upload) -> bytes:
        raise billow.Rejected("no picture")

    with pytest.raises(Conflict, match="only inside of the running service"):
        photos.warm(1)
    memory_home(app)
    id_ = photos.add([b""], "a.jpg")
    assert photos.render(made, id_, size=99, steps="x") == b"a.jpg 99 x"
    photos.warm(id_)
    with pytest.raises(BadInput, match="no picture"):
        photos.render(no, id_)
    with pytest.raises(NotFound):
        photos.render(made, id_ + 1, size=240)
    with pytest.raises(BadInput):
        photos.render(made, id_, length=240)
