"""Pictures: a 12-megapixel JPEG to 1440 pixels, turned and written on, by several recipes.

Usage:
    python bench/pictures.py [--rounds 5] [--photos 3] [--json]

FakeFlickr's own recipe beside the same without any of its care, Pillow used plainly, Pillow used
well, libvips, and the limit: decoding alone at half the size. Each round runs every recipe once on
every photo, in turns; CPU time of the process, medians of all. Recipes whose library is missing are
left out. thumbor, a whole server, is measured over HTTP if there is a program `thumbor`: the CPU
time of its process.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import cv2
import numpy as np
import simplejpeg
from PIL import Image, ImageDraw, ImageFont

sys.path.insert(0, str(Path(__file__).parents[1] / "apps/fakeflickr"))

from pictures import render
from pictures.draw import FONT

SIZE = 1440
WIDE, HIGH = 4000, 3000
CAPTION = "A caption of a photo"
STEPS = f"ROTATE 90\nTEXT_LEFT {CAPTION}"

Recipe = Callable[[Path], bytes]


def photo(seed: int) -> Image.Image:
    """Something like a photo: texture at every scale, edges, and the noise of a sensor."""
    rng = np.random.default_rng(seed)
    total = np.full((HIGH, WIDE, 3), 128, np.float32)
    for octave in range(1, 9):
        grid = rng.normal(0, 1, (3 * 2**octave, 4 * 2**octave)).astype(np.float32)
        layer = Image.fromarray(grid).resize((WIDE, HIGH), Image.Resampling.BICUBIC)
        weight = 60 / octave**1.3 * rng.uniform(0.7, 1.3, 3).astype(np.float32)
        total += np.asarray(layer)[:, :, None] * weight
    made = Image.fromarray(total.clip(0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(made)
    for _ in range(60):
        x, y, r = int(rng.integers(WIDE)), int(rng.integers(HIGH)), int(rng.integers(20, 400))
        colour = tuple(int(each) for each in rng.integers(0, 255, 3))
        draw.ellipse((x - r, y - r, x + r, y + r), outline=colour, width=6)
    noisy = np.asarray(made, np.float32) + rng.normal(0, 3.2, (HIGH, WIDE, 1))
    return Image.fromarray(noisy.clip(0, 255).astype(np.uint8))


def finish(image: Image.Image) -> bytes:
    """Turn, write and encode, as every Pillow recipe does."""
    image = image.transpose(Image.Transpose.ROTATE_90)
    font = ImageFont.truetype(FONT, 16)
    ImageDraw.Draw(image).text((20, image.height - 40), CAPTION, font=font, fill="white")
    file = io.BytesIO()
    image.save(file, "JPEG", quality=85, subsampling=2)
    return file.getvalue()


def pillow_plain(path: Path) -> bytes:
    with Image.open(path) as image:
        return finish(image.resize((SIZE, SIZE * 3 // 4), Image.Resampling.LANCZOS))


def pillow_draft(path: Path) -> bytes:
    with Image.open(path) as image:
        image.draft("RGB", (SIZE, SIZE * 3 // 4))
        return finish(image.resize((SIZE, SIZE * 3 // 4), Image.Resampling.HAMMING))


def half_decode(path: Path) -> bytes:
    simplejpeg.decode_jpeg(path.read_bytes(), "RGB", min_width=WIDE // 2, min_height=HIGH // 2)
    return b""


def fakeflickr(path: Path) -> bytes:
    return render(path, SIZE, STEPS)


def bare(path: Path) -> bytes:
    """The steps of the quickest recipe and nothing else: no checks, metadata, profiles, kinds."""
    cv2.setNumThreads(1)
    pixels = simplejpeg.decode_jpeg(path.read_bytes(), "RGB", min_width=SIZE, min_height=1)
    pixels = cv2.resize(pixels, (SIZE, SIZE * 3 // 4), interpolation=cv2.INTER_CUBIC)
    pixels = np.ascontiguousarray(cv2.rotate(pixels, cv2.ROTATE_90_COUNTERCLOCKWISE))
    box = Image.fromarray(np.ascontiguousarray(pixels[-68:-16, :480]))
    font = ImageFont.truetype(FONT, 16)
    ImageDraw.Draw(box).text((12, 6), CAPTION, font=font, fill="white")
    pixels[-68:-16, :480] = np.asarray(box)
    made: bytes = simplejpeg.encode_jpeg(
        pixels, quality=85, colorspace="RGB", colorsubsampling="420"
    )
    return made


def vips(path: Path) -> bytes:
    import pyvips  # noqa: PLC0415 - need not be there

    image = pyvips.Image.thumbnail(str(path), SIZE, size="down", no_rotate=True)
    image = image.copy_memory().rot270()
    text = pyvips.Image.text(CAPTION, font="DejaVu Sans 12", fontfile=str(FONT))
    y = image.height - text.height - 20
    white = text.new_from_image([255, 255, 255]).copy(interpretation="srgb")
    image = image.composite2(white.bandjoin(text), "over", x=20, y=y).flatten()
    made: bytes = image.jpegsave_buffer(Q=85)
    return made


RECIPES: dict[str, Recipe] = {
    "FakeFlickr": fakeflickr,
    "its bare steps, without checks": bare,
    "Pillow, plainly (whole decode, Lanczos)": pillow_plain,
    "Pillow, draft and Hamming": pillow_draft,
    "pyvips, thumbnail": vips,
    "limit: decoding at half size alone": half_decode,
}


def cpu_of(recipe: Recipe, path: Path) -> float:
    """Milliseconds of CPU that a recipe takes."""
    began = time.process_time()
    recipe(path)
    return (time.process_time() - began) * 1000


@contextmanager
def thumbor(folder: Path) -> Iterator[Callable[[Path], float] | None]:
    """Gives what measures thumbor; None if it is not installed."""
    program = shutil.which("thumbor")
    if program is None:
        yield None
        return
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    config = folder / "thumbor.conf"
    config.write_text(
        f"LOADER = 'thumbor.loaders.file_loader'\nFILE_LOADER_ROOT_PATH = {str(folder)!r}\n"
        "STORAGE = 'thumbor.storages.no_storage'\nALLOW_UNSAFE_URL = True\nQUALITY = 85\n"
        "PROGRESSIVE_JPEG = False\n"
    )
    mark = Image.new("RGBA", (300, 26), (0, 0, 0, 0))
    font = ImageFont.truetype(FONT, 16)
    ImageDraw.Draw(mark).text((2, 2), CAPTION, font=font, fill="white")
    mark.save(folder / "mark.png")
    command = [program, "-i", "127.0.0.1", "-p", str(port), "-c", str(config), "-l", "error"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def measure(path: Path) -> float:
        filters = "filters:rotate(90):watermark(mark.png,20,-20,0)"
        url = f"http://127.0.0.1:{port}/unsafe/{SIZE}x0/{filters}/{path.name}"
        began = _cpu(server.pid)
        with urllib.request.urlopen(url, timeout=60) as answer:
            answer.read()
        return (_cpu(server.pid) - began) * 1000

    try:
        _wait(port)
        yield measure
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(20)


def _wait(port: int) -> None:
    for _ in range(300):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise SystemExit("thumbor does not listen")


def _cpu(pid: int) -> float:
    """Seconds of CPU that a process has used; the kernel counts in hundredths."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(rounds: int, photos: int) -> dict[str, float]:
    """Medians of the CPU time of every recipe, milliseconds."""
    with tempfile.TemporaryDirectory() as kept:
        folder = Path(kept)
        paths = [folder / f"{seed}.jpg" for seed in range(photos)]
        for seed, path in enumerate(paths):
            photo(seed).save(path, quality=92, subsampling=2)
        with thumbor(folder) as server:
            times: dict[str, list[float]] = {name: [] for name in RECIPES}
            times["thumbor, the server"] = []
            for turn in range(rounds + 1):
                for path in paths:
                    for name, recipe in RECIPES.items():
                        with suppress(ImportError, OSError):
                            times[name].append(cpu_of(recipe, path))
                    if server is not None:
                        times["thumbor, the server"].append(server(path))
                if turn == 0:  # to warm up
                    for each in times.values():
                        each.clear()
    return {name: statistics.median(each) for name, each in times.items() if each}


def main() -> None:
    parser = argparse.ArgumentParser(description="Recipes for renditions, side by side.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--photos", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = measure(asked.rounds, asked.photos)
    if asked.json:
        print(json.dumps(found))
        return
    ours = found["FakeFlickr"]
    print("| recipe | CPU ms | FakeFlickr's time is |\n| --- | --- | --- |")
    for name, value in sorted(found.items(), key=lambda item: item[1]):
        print(f"| {name} | {value:.0f} | {ours / value:.2f} of it |")


if __name__ == "__main__":
    main()
