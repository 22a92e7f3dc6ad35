"""Photos of every kind: made smaller, upright, captioned, or refused for a reason that is told."""

from __future__ import annotations

import contextlib
import io
import re
import struct
import sys
import tempfile
import zlib
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image

sys.path.insert(0, str(Path(__file__).parents[2] / "apps/fakeflickr"))

from pictures import BadPicture, read_facts, render
from pictures.steps import Text, Turn, read_steps

pillow_heif.register_heif_opener()
PHOTOS = Path(__file__).parent / "photos"
RED, GREEN, BLUE, GREY = (200, 30, 30), (30, 160, 30), (30, 30, 200), (120, 120, 120)


def quarters(width: int, height: int) -> Image.Image:
    """Red and green above, blue and grey below."""
    made = Image.new("RGB", (width, height))
    x, y = width // 2, height // 2
    boxes = ((0, 0, x, y), (x, 0, 2 * x, y), (0, y, x, 2 * y), (x, y, 2 * x, 2 * y))
    for box, colour in zip(boxes, (RED, GREEN, BLUE, GREY), strict=True):
        made.paste(colour, box)
    return made


def corners(data: bytes) -> list[str]:
    """The colours of a rendition's quarters, row by row."""
    image = Image.open(io.BytesIO(data)).convert("RGB")
    names = {"red": RED, "green": GREEN, "blue": BLUE, "grey": GREY}
    found = []
    for y in (1, 3):
        for x in (1, 3):
            pixel = image.getpixel((x * image.width // 4, y * image.height // 4))
            assert isinstance(pixel, tuple)
            near = {
                name: sum(abs(a - b) for a, b in zip(pixel, colour, strict=True))
                for name, colour in names.items()
            }
            found.append(min(near, key=lambda name: near[name]))
            assert min(near.values()) < 40
    return found


UPRIGHT = ["red", "green", "blue", "grey"]


def save(folder: Path, image: Image.Image, name: str = "a.jpg", **options: Any) -> Path:
    path = folder / name
    image.save(path, **options)
    return path


def size_of(data: bytes) -> tuple[int, int]:
    return Image.open(io.BytesIO(data)).size


# What EXIF's orientations mean: what was done to the upright picture.
LAID: dict[int, Image.Transpose | None] = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.mark.parametrize("way", LAID)
@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "avif", "heic"])
def test_a_photo_is_shown_upright(tmp_path: Path, way: int, ending: str) -> None:
    image = quarters(120, 80)
    laid = LAID[way]
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = way
    kept = image if laid is None else image.transpose(laid)
    path = save(tmp_path, kept, f"a.{ending}", exif=exif.tobytes(), quality=95)
    made = render(path, 60)
    assert size_of(made) == (60, 40)
    assert corners(made) == UPRIGHT
    assert read_facts(path)[:2] == (120, 80)


@pytest.mark.parametrize(
    ("steps", "size", "expected"),
    [
        ("", (60, 40), UPRIGHT),
        ("ROTATE 90", (40, 60), ["green", "grey", "red", "blue"]),
        ("ROTATE 180", (60, 40), ["grey", "blue", "green", "red"]),
        ("ROTATE 270", (40, 60), ["blue", "red", "grey", "green"]),
        ("ROTATE h", (60, 40), ["green", "red", "grey", "blue"]),
        ("ROTATE v", (60, 40), ["blue", "grey", "red", "green"]),
        ("rotate 90\nROTATE 270", (60, 40), UPRIGHT),
        ("ROTATE 45\nnothing\n", (60, 40), UPRIGHT),
    ],
)
def test_turns(tmp_path: Path, steps: str, size: tuple[int, int], expected: list[str]) -> None:
    made = render(save(tmp_path, quarters(120, 80)), 60, steps)
    assert (size_of(made), corners(made)) == (size, expected)


def test_steps_are_read() -> None:
    assert read_steps("ROTATE 90\nTEXT_LEFT a (C) b, c \nTEXT_RIGHT (c)") == [
        Turn("90"),
        Text("left", "a © b, c "),
        Text("right", "©"),
    ]
    with pytest.raises(BadPicture, match="'SHARPEN'"):
        read_steps("SHARPEN 5")


@given(st.text(max_size=60))
def test_instructions_are_read_or_refused(text: str) -> None:
    try:
        steps = read_steps(text)
    except BadPicture:
        return
    assert len(steps) <= text.count("\n") + 1


def lettering(folder: Path, steps: str, shade: int, size: tuple[int, int] = (400, 200)) -> Any:
    """What differs between a plain picture with and without the steps."""
    path = save(folder, Image.new("L", size, shade), "plain.png")
    with_it, without = (
        np.asarray(Image.open(io.BytesIO(render(path, max(size), each, "webp"))).convert("L"), int)
        for each in (steps, "")
    )
    return with_it - without


@pytest.mark.parametrize(("shade", "sign"), [(0, 1), (90, 1), (110, -1), (255, -1)])
@pytest.mark.parametrize("side", ["LEFT", "RIGHT"])
def test_text_stands_out_and_keeps_its_margin(
    tmp_path: Path, shade: int, sign: int, side: str
) -> None:
    difference = lettering(tmp_path, f"TEXT_{side} Hello gj", shade) * sign
    rows, columns = np.where(difference > 60)
    assert len(rows) > 50
    assert (difference > -40).all()
    assert 176 <= rows.max() <= 181
    assert rows.min() >= 155
    edge = columns.min() - 20 if side == "LEFT" else 379 - columns.max()
    assert -2 <= edge <= 3


def test_text_that_does_not_fit_is_left_out(tmp_path: Path) -> None:
    for side in ("LEFT", "RIGHT"):
        assert abs(lettering(tmp_path, f"TEXT_{side} " + "wide " * 20, 0)).max() < 20
        assert abs(lettering(tmp_path, f"TEXT_{side} low", 0, (400, 30))).max() < 20
        assert abs(lettering(tmp_path, f"TEXT_{side} ", 0)).max() == 0


@pytest.mark.parametrize(
    ("width", "height", "size", "expected"),
    [
        (400, 300, 200, (200, 150)),
        (300, 400, 200, (150, 200)),
        (100, 100, 240, (240, 240)),
        (1000, 3, 100, (100, 1)),
        (3, 1000, 100, (1, 100)),
        (1, 1, 1, (1, 1)),
        (4001, 2999, 1440, (1440, 1079)),
    ],
)
def test_the_long_edge_has_the_size(
    tmp_path: Path, width: int, height: int, size: int, expected: tuple[int, int]
) -> None:
    path = save(tmp_path, Image.new("RGB", (width, height), RED))
    assert size_of(render(path, size)) == expected


def test_a_rendition_is_close_to_the_best_that_can_be_made(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    rough = Image.fromarray(rng.integers(0, 255, (9, 12, 3), dtype=np.uint8))
    photo = rough.resize((1600, 1200), Image.Resampling.BICUBIC)
    path = save(tmp_path, photo, quality=95)
    for size in (1440, 900, 600, 300, 200):
        made = Image.open(io.BytesIO(render(path, size, quality=95)))
        best = photo.resize(made.size, Image.Resampling.LANCZOS)
        wrong = np.asarray(made, float) - np.asarray(best, float)
        assert 10 * np.log10(255**2 / np.mean(wrong**2)) > 34


def test_nothing_of_the_metadata_stays(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Model] = "Secret Camera"
    exif[ExifTags.Base.Orientation] = 6
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] = "N"
    path = save(tmp_path, quarters(40, 40), exif=exif, comment=b"secret")
    for format_ in ("jpeg", "webp", "avif"):
        made = render(path, 40, format=format_)
        assert b"ecret" not in made
        image = Image.open(io.BytesIO(made))
        assert dict(image.getexif()) == {}
        assert image.format == format_.upper()


def test_facts_are_read(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Model] = "Canon", "Canon EOS\0\n"
    exif[ExifTags.Base.DateTime] = "2024:01:02 03:04:05"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2023:05:06 07:08:09"
    place = exif.get_ifd(ExifTags.IFD.GPSInfo)
    place[ExifTags.GPS.GPSLatitudeRef], place[ExifTags.GPS.GPSLatitude] = "S", (10.0, 30.0, 0.0)
    place[ExifTags.GPS.GPSLongitudeRef], place[ExifTags.GPS.GPSLongitude] = "E", (20.0, 0.0, 36.0)
    facts = read_facts(save(tmp_path, quarters(40, 20), exif=exif))
    assert facts[:5] == (40, 20, "JPEG", datetime(2023, 5, 6, 7, 8, 9), "Canon EOS")
    assert (facts.settings, facts.latitude, facts.longitude) == ("", -10.5, 20.01)


def test_nonsense_in_the_metadata_is_no_matter(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 77
    exif[ExifTags.Base.DateTime] = "yesterday"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (1e9, 0.0, 0.0)
    path = save(tmp_path, quarters(40, 20), exif=exif)
    assert read_facts(path) == (40, 20, "JPEG", None, "", "", None, None)
    data = path.read_bytes()
    at = data.index(b"Exif\0\0")
    path.write_bytes(data[: at + 10] + b"\xff" * 8 + data[at + 18 :])
    assert corners(render(path, 40)) == UPRIGHT
    assert read_facts(path).taken is None


@pytest.mark.parametrize("share", [1, 3, 7])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "LA", "I;16", "CMYK", "1"])
def test_large_pictures_of_every_mode_are_reduced_strip_by_strip(
    tmp_path: Path, mode: str, share: int
) -> None:
    """The rows where strips meet look like all others, whatever the size."""
    wide = np.linspace(0, 65535, 601).astype(np.uint16)
    image = Image.fromarray(np.repeat(wide[:, None], 83, axis=1))
    if mode != "I;16":
        image = Image.fromarray((np.asarray(image) // 257).astype(np.uint8)).convert(mode)
    path = save(tmp_path, image, "a.jpg" if mode == "CMYK" else "a.png")
    made = Image.open(io.BytesIO(render(path, 601 // share))).convert("L")
    rows = np.asarray(made, int).mean(axis=1)
    assert len(rows) == 601 // share
    if mode not in ("1", "CMYK"):
        assert np.abs(rows - np.linspace(0, 255, len(rows))).max() < 6


def test_sixteen_bits(tmp_path: Path) -> None:
    wide = np.zeros((40, 60), np.uint16)
    wide[:, 30:] = 65535
    made = Image.open(io.BytesIO(render(save(tmp_path, Image.fromarray(wide), "a.png"), 60)))
    assert [made.convert("L").getpixel((x, 20)) for x in (10, 50)] == [0, 255]


def test_sixteen_bits_of_each_colour(tmp_path: Path) -> None:
    row = b"\0" + struct.pack(">HHH", 65535, 32768, 0) * 8
    path = tmp_path / "a.png"
    path.write_bytes(png(8, 8, depth=16, kind=2, data=row * 8))
    pixel = Image.open(io.BytesIO(render(path, 8))).getpixel((4, 4))
    assert isinstance(pixel, tuple)
    assert all(abs(a - b) < 12 for a, b in zip(pixel, (255, 128, 0), strict=True))


def test_ten_bits_of_a_phone_are_shown(tmp_path: Path) -> None:
    path = tmp_path / "a.heic"
    wide = np.zeros((48, 64, 3), np.uint16)
    wide[:, 32:] = (65535, 0, 0)
    pillow_heif.encode("RGB;16", (64, 48), wide.tobytes(), str(path), quality=95)
    made = Image.open(io.BytesIO(render(path, 64))).convert("RGB")
    for x, expected in ((16, (0, 0, 0)), (48, (255, 0, 0))):
        pixel = made.getpixel((x, 24))
        assert isinstance(pixel, tuple)
        assert all(abs(a - b) < 30 for a, b in zip(pixel, expected, strict=True)), pixel


def test_what_can_be_seen_through_is_white(tmp_path: Path) -> None:
    clear = Image.new("RGBA", (40, 40), (255, 0, 0, 0))
    assert white(save(tmp_path, clear, "a.heic"))
    grey = Image.new("LA", (40, 40), (0, 0))
    flat = Image.new("P", (40, 40), 3)
    flat.putpalette([10, 20, 30] * 4)
    for number, (image, options) in enumerate(
        ((clear, {}), (grey, {}), (flat, {"transparency": 3}))
    ):
        assert white(save(tmp_path, image, f"{number}.png", **options))


def white(path: Path) -> bool:
    """Whether a rendition of 40 pixels is white in its middle."""
    made = Image.open(io.BytesIO(render(path, 40))).convert("L")
    return made.getpixel((20, 20)) == 255


def test_of_an_animation_the_first_picture_is_shown(tmp_path: Path) -> None:
    second = Image.new("RGB", (120, 80), GREY)
    for ending in ("gif", "webp", "png", "avif"):
        path = save(
            tmp_path, quarters(120, 80), f"a.{ending}", save_all=True, append_images=[second]
        )
        assert corners(render(path, 60)) == UPRIGHT


def test_of_several_pictures_in_one_the_first_is_shown(tmp_path: Path) -> None:
    second = Image.new("RGB", (120, 80), GREY)
    path = save(tmp_path, quarters(120, 80), "a.mpo", save_all=True, append_images=[second])
    assert corners(render(path, 60)) == UPRIGHT
    assert read_facts(path).format == "JPEG"


def swapped_profile() -> bytes:
    """An ICC profile of colours where what is called red is green, and the other way round."""

    def fixed(*numbers: float) -> bytes:
        return b"".join(struct.pack(">i", round(each * 65536)) for each in numbers)

    primaries = {"r": (0.3851, 0.7169, 0.0971), "g": (0.4361, 0.2225, 0.0139)}
    primaries["b"] = (0.1431, 0.0606, 0.7139)
    tags = {"desc": b"desc" + struct.pack(">II", 0, 8) + b"swapped\0" + bytes(78)}
    tags |= {"wtpt": b"XYZ " + bytes(4) + fixed(0.9642, 1.0, 0.8249)}
    for name, place in primaries.items():
        tags[f"{name}XYZ"] = b"XYZ " + bytes(4) + fixed(*place)
        tags[f"{name}TRC"] = b"curv" + struct.pack(">IIHH", 0, 1, 0x0233, 0)
    start = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        table += name.encode() + struct.pack(">II", start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    head = struct.pack(">I4sI", start + len(body), b"none", 0x02100000) + b"mntrRGB XYZ "
    head += bytes(12) + b"acsp" + bytes(28) + fixed(0.9642, 1.0, 0.8249)
    return head.ljust(128, b"\0") + table + body


def test_colours_of_a_profile_become_those_of_browsers(tmp_path: Path) -> None:
    plain = save(tmp_path, Image.new("RGB", (40, 40), RED))
    other = save(tmp_path, Image.new("RGB", (40, 40), RED), "b.jpg", icc_profile=swapped_profile())
    broken = save(tmp_path, Image.new("RGB", (40, 40), RED), "c.jpg", icc_profile=b"nonsense" * 20)
    shown = [
        Image.open(io.BytesIO(render(each, 40))).getpixel((9, 9)) for each in (plain, other, broken)
    ]
    red, green, _ = shown
    assert shown[0] == shown[2]
    assert isinstance(red, tuple)
    assert isinstance(green, tuple)
    assert red[0] > red[1] + 50
    assert green[1] > green[0] + 50


def test_print_colours_are_shown() -> None:
    made = Image.open(io.BytesIO(render(PHOTOS / "cmyk.jpg", 100)))
    assert (made.mode, made.size) == ("RGB", (100, 100))
    red, _, blue = np.moveaxis(np.asarray(made, int), 2, 0)
    assert (red - blue).max() > 100, "the red of the sign"


def png(width: int, height: int, depth: int = 8, kind: int = 2, data: bytes = b"") -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        crc = zlib.crc32(name + body)
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", crc)

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(data))
    return b"\x89PNG\r\n\x1a\n" + head + body + chunk(b"IEND", b"")


def test_bombs_are_refused_by_their_header(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    for width, height in ((30_000, 30_000), (2**31 - 1, 2**31 - 1), (50_000_001, 1)):
        path.write_bytes(png(width, height))
        for look in (read_facts, lambda each: render(each, 100)):
            with pytest.raises(BadPicture, match=f"{width} x {height} pixels; 50 million"):
                look(path)
    jpeg = save(tmp_path, quarters(40, 40))
    data = bytearray(jpeg.read_bytes())
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", 65000, 65000)
    jpeg.write_bytes(data)
    with pytest.raises(BadPicture, match="65000 x 65000"):
        render(jpeg, 100)
    with pytest.raises(BadPicture, match="far too large"):
        render(PHOTOS / "bomb_17000x17000.avif", 100)
    heic = tmp_path / "a.heic"
    heic.write_bytes(
        re.sub(
            rb"(ispe.{4}).{8}",
            lambda found: found[1] + struct.pack(">II", 9000, 9000),
            (PHOTOS / "rainbow.heic").read_bytes(),
            flags=re.DOTALL,
        )
    )
    with pytest.raises(BadPicture):
        render(heic, 100)
    with pytest.raises(BadPicture, match=r"0\.001 million"):
        render(save(tmp_path, quarters(40, 40), "b.png"), 100, most_pixels=1000)


@pytest.mark.parametrize("name", ["truncated.jpg", "broken_data_stream.png"])
def test_damaged_pictures_are_refused(name: str) -> None:
    with pytest.raises(BadPicture, match="cut off or damaged"):
        render(PHOTOS / name, 100)


@pytest.mark.parametrize("ending", ["jpg", "png", "gif", "webp", "avif", "heic"])
def test_pictures_that_are_cut_off_are_refused(tmp_path: Path, ending: str) -> None:
    rng = np.random.default_rng(1)
    noise = Image.fromarray(rng.integers(0, 255, (200, 300, 3), dtype=np.uint8))
    path = save(tmp_path, noise, f"a.{ending}")
    data = path.read_bytes()
    for share in (0.001, 0.1, 0.5, 0.9):
        path.write_bytes(data[: round(len(data) * share)])
        with pytest.raises(BadPicture):
            render(path, 100)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "no picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "no picture"),
        (b"<html><script>alert(1)</script>", "no picture"),
        (b"%PDF-1.7", "no picture"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "no picture"),
        (b"BM" + bytes(100), "no picture"),
        (b"II*\0" + bytes(100), "no picture"),
    ],
)
def test_what_is_no_picture_is_refused(tmp_path: Path, data: bytes, told: str) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(data)
    for look in (read_facts, lambda each: render(each, 100)):
        with pytest.raises(BadPicture, match=told):
            look(path)


@pytest.mark.parametrize("brand", [b"heic", b"mif1"])
def test_heic_of_a_phone_is_shown(tmp_path: Path, brand: bytes) -> None:
    path = tmp_path / "a.heic"
    data = (PHOTOS / "rainbow.heic").read_bytes()
    path.write_bytes(data[:8] + brand + data[12:])
    assert read_facts(path)[:3] == (451, 461, "HEIF")
    made = np.asarray(Image.open(io.BytesIO(render(path, 100))).convert("RGB"), int)
    assert made.shape == (100, 97, 3)
    assert (made.max(axis=2) - made.min(axis=2)).max() > 100, "a rainbow has colours"


def test_a_page_inside_of_a_picture_does_not_get_through(tmp_path: Path) -> None:
    path = save(tmp_path, quarters(120, 80))
    with path.open("ab") as file:
        file.write(b"<script>alert(1)</script>")
    made = render(path, 60)
    assert b"script" not in made
    assert corners(made) == UPRIGHT


@pytest.mark.parametrize("size", [0, -1, 16385])
def test_impossible_sizes(tmp_path: Path, size: int) -> None:
    with pytest.raises(BadPicture, match="1 to 16384"):
        render(save(tmp_path, quarters(40, 40)), size)


def test_an_unknown_format(tmp_path: Path) -> None:
    with pytest.raises(BadPicture, match="'tiff'"):
        render(save(tmp_path, quarters(40, 40)), 40, format="tiff")


@given(st.binary(max_size=64), st.integers(0, 600))
def test_a_damaged_file_is_shown_or_refused(noise: bytes, at: int) -> None:
    file = io.BytesIO()
    quarters(32, 32).save(file, "JPEG")
    data = bytearray(file.getvalue())
    data[at : at + len(noise)] = noise
    with tempfile.NamedTemporaryFile() as kept:
        kept.write(data)
        kept.flush()
        with contextlib.suppress(BadPicture):
            render(Path(kept.name), 16)
