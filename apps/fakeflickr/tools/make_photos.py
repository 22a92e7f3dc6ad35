"""Pictures that look like photos, made by a program from a seed: for demos, tests and drills."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, cast

import cv2
import numpy as np
from numpy.typing import NDArray

#: Red, green and blue from 0 to 1, by row and column.
Picture: TypeAlias = NDArray[Any]
Random: TypeAlias = np.random.Generator

_QUALITY = 88


class Made(NamedTuple):
    """A picture and what it shows."""

    picture: Picture
    title: str
    tags: list[str]


def make(seed: int, width: int = 1800) -> Made:
    """The picture of a seed; always the same."""
    random = np.random.default_rng(seed)
    ratio = float(random.choice([1.5, 1.5, 1.78, 1.33, 0.75, 1.0, 2.2]))
    height = round(width / ratio)
    scene, title, tags = _SCENES[seed % len(_SCENES)]
    picture = _finish(scene(random, height, width), random)
    return Made(picture, title, tags)


def encode(picture: Picture) -> bytes:
    """A picture as a JPEG."""
    pixels = (np.clip(picture, 0, 1) * 255).astype(np.uint8)
    done, data = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    assert done
    return data.tobytes()


def _noise(random: Random, height: int, width: int, first: int, octaves: int = 6) -> Picture:
    """Clouds of noise, from coarse to fine, from 0 to 1."""
    total = np.zeros((height, width), np.float32)
    for octave in range(octaves):
        cells = first * 2**octave
        grid = random.random((max(2, cells * height // width + 1), cells + 1), np.float32)
        total += cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC) / 2**octave
    total -= total.min()
    return cast("Picture", total / total.max())


def _sky(height: int, width: int, colours: list[tuple[float, float, float]]) -> Picture:
    """Colours from the top to the bottom."""
    places = np.linspace(0, 1, len(colours))
    rows = np.linspace(0, 1, height)
    parts = [np.interp(rows, places, [colour[i] for colour in colours]) for i in range(3)]
    return np.repeat(np.stack(parts, -1)[:, None], width, 1).astype(np.float32)


def _ridge(random: Random, width: int, roughness: float) -> Picture:
    """The outline of a mountain range, from 0 to 1."""
    line = np.zeros(width, np.float32)
    for octave in range(9):
        points = random.random(3 * 2**octave + 2, np.float32)
        line += np.interp(np.linspace(0, len(points) - 1, width), range(len(points)), points) * (
            roughness**octave
        )
    line -= line.min()
    return cast("Picture", line / line.max())


_DUSKS = [
    [(0.10, 0.14, 0.34), (0.46, 0.30, 0.50), (0.98, 0.58, 0.38), (1.0, 0.84, 0.60)],
    [(0.24, 0.48, 0.78), (0.60, 0.78, 0.92), (0.92, 0.94, 0.94)],
    [(0.05, 0.08, 0.20), (0.16, 0.30, 0.46), (0.66, 0.62, 0.60), (0.96, 0.76, 0.60)],
    [(0.34, 0.20, 0.34), (0.80, 0.42, 0.42), (0.99, 0.76, 0.46)],
]


def _mountains(random: Random, height: int, width: int) -> Picture:
    sky = _DUSKS[int(random.integers(len(_DUSKS)))]
    picture = _sky(height, width, sky)
    haze = np.array(sky[-1], np.float32)
    clouds = _noise(random, height, width, 3) ** 2.2 * np.linspace(0.5, 0, height)[:, None]
    picture += clouds[..., None] * 0.5 * (haze - picture * 0.4)
    tint = np.array([0.05, 0.08, 0.13]) + random.random(3) * 0.05
    rows = np.arange(height)[:, None]
    layers = 6
    for layer in range(layers):
        depth = (layer + 1) / layers
        line = _ridge(random, width, 0.5 + 0.06 * depth)
        top = height * (0.40 + 0.48 * depth) - line * height * (0.26 - 0.10 * depth)
        inside = np.clip(rows - top, 0, 1)[..., None]
        mist = np.clip((rows - top) / (height * 0.22), 0, 1)[..., None] * 0.35 * (1 - depth)
        far = (1 - depth) ** 0.7 * 0.85
        grain = 1 + (_noise(random, height, width, 24, 4)[..., None] - 0.5) * 0.35 * depth
        colour = (tint * (1 - far) + haze * far) * grain
        picture = picture * (1 - inside) + (colour + mist * haze) * inside
    return picture


def _sea(random: Random, height: int, width: int) -> Picture:
    sky = _DUSKS[int(random.integers(len(_DUSKS)))]
    horizon = int(height * random.uniform(0.42, 0.6))
    picture = np.zeros((height, width, 3), np.float32)
    picture[:horizon] = _sky(horizon, width, sky)
    clouds = _noise(random, horizon, width, 2) ** 2.5
    picture[:horizon] += clouds[..., None] * 0.4 * np.array(sky[-1], np.float32)
    deep = height - horizon
    water = cv2.resize(picture[:horizon][::-1], (width, deep)) * 0.62
    near = np.linspace(0, 1, deep)[:, None]
    flat = _noise(random, deep, max(16, width // 18), 16, 3)
    waves = cast("Picture", cv2.resize(flat, (width, deep), interpolation=cv2.INTER_CUBIC)) - 0.5
    water *= 1 + waves[..., None] * (0.5 + 0.9 * near[..., None])
    middle = random.uniform(0.3, 0.7) * width
    columns = np.arange(width)[None]
    glitter = np.exp(-(((columns - middle) / (width * (0.04 + 0.10 * near))) ** 2))
    water += (glitter * np.clip(waves * 3, 0, 1) * 0.9)[..., None] * np.array(sky[-1], np.float32)
    picture[horizon:] = water + np.array([0.0, 0.02, 0.04])
    _light(picture, middle, horizon - height * 0.09, height * 0.045, sky[-1])
    return picture


def _light(picture: Picture, x: float, y: float, radius: float, colour: Any) -> None:
    """A low sun with its glow."""
    rows, columns = np.mgrid[: picture.shape[0], : picture.shape[1]].astype(np.float32)
    away = np.hypot(rows - y, columns - x)
    disc = np.clip(radius - away, 0, 1)[..., None]
    glow = np.exp(-away / (radius * 5))[..., None]
    picture += (disc * 0.8 + glow * 0.5) * np.array(colour, np.float32)


def _lights(random: Random, height: int, width: int) -> Picture:
    picture = _sky(height, width, [(0.03, 0.03, 0.07), (0.07, 0.05, 0.10), (0.12, 0.07, 0.06)])
    palette = [
        (1.0, 0.72, 0.30),
        (1.0, 0.45, 0.20),
        (0.95, 0.85, 0.7),
        (0.3, 0.6, 1.0),
        (1, 0.2, 0.3),
    ]
    for _ in range(130):
        layer = np.zeros((height, width), np.float32)
        radius = int(width * random.uniform(0.008, 0.05))
        at = int(random.integers(width)), int(height * np.clip(random.normal(0.55, 0.2), 0, 1))
        cv2.circle(layer, at, radius, 1.0, -1, cv2.LINE_AA)
        cv2.circle(layer, at, radius, 1.35, max(1, radius // 9), cv2.LINE_AA)
        strength = float(random.uniform(0.05, 0.5))
        picture += layer[..., None] * np.array(palette[int(random.integers(5))]) * strength
    return cast("Picture", cv2.GaussianBlur(picture, (0, 0), width / 700))


def _aurora(random: Random, height: int, width: int) -> Picture:
    picture = _sky(height, width, [(0.01, 0.02, 0.07), (0.02, 0.06, 0.13), (0.05, 0.13, 0.17)])
    stars = random.random((height, width))
    picture += np.where(stars > 0.9993, random.random((height, width)), 0)[..., None] * 0.9
    rows = np.arange(height)[:, None] / height
    for _ in range(3):
        line = 0.25 + 0.4 * _ridge(random, width, 0.35)
        rays = 0.35 + 0.65 * cv2.GaussianBlur(_ridge(random, width, 0.9)[None], (0, 0), width / 400)
        above = np.clip(line[None] - rows, 0, 1)
        band = np.exp(-above * 7) * (rows < line[None]) + np.exp(
            -(((rows - line[None]) * 26) ** 2)
        ) * (rows >= line[None])
        green, violet = np.array([0.15, 0.85, 0.5]), np.array([0.5, 0.2, 0.7])
        mix = np.clip(above * 3.2, 0, 1)[..., None]
        picture += (band * rays)[..., None] * (green * (1 - mix) + violet * mix) * 0.55
    line = height * (0.84 - 0.12 * _ridge(random, width, 0.55))
    inside = np.clip(np.arange(height)[:, None] - line[None], 0, 1)[..., None]
    return cast("Picture", picture * (1 - inside) + np.array([0.01, 0.015, 0.03]) * inside)


def _dunes(random: Random, height: int, width: int) -> Picture:
    picture = _sky(height, width, [(0.30, 0.50, 0.75), (0.75, 0.80, 0.82), (0.95, 0.86, 0.74)])
    rows = np.arange(height)[:, None]
    for layer in range(4):
        depth = (layer + 1) / 4
        crest = cv2.GaussianBlur(_ridge(random, width, 0.3)[None], (0, 0), width / 60)[0]
        top = height * (0.36 + 0.42 * depth) - crest * height * 0.24
        inside = np.clip((rows - top) / 1.5, 0, 1)[..., None]
        slope = np.gradient(crest) * width
        light = np.clip(0.72 + slope * 0.16, 0.25, 1.1)[None, :, None]
        shade = np.clip((rows - top) / (height * 0.4), 0, 1)[..., None]
        ripple = np.sin((rows - top) * (0.05 + 0.3 * depth) + crest * 60)[..., None] * 0.02 * depth
        sand = np.array([0.90, 0.62, 0.36]) * (0.7 + 0.3 * depth)
        picture = picture * (1 - inside) + sand * (light - 0.25 * shade + ripple) * inside
    return picture


def _finish(picture: Picture, random: Random) -> Picture:
    """What a lens and a sensor add: darker corners, a curve, grain."""
    height, width = picture.shape[:2]
    rows, columns = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    corners = 1 - 0.22 * (rows**2 + columns**2)[..., None] / 2
    picture = np.clip(picture * corners, 0, 1)
    picture = picture * picture * (3 - 2 * picture) * 0.55 + picture * 0.45
    grain = random.normal(0, 0.012, (height, width, 1))
    return (picture + grain).astype(np.float32)


Scene: TypeAlias = Callable[[Random, int, int], Picture]
_SCENES: list[tuple[Scene, str, list[str]]] = [
    (_mountains, "Ridge after ridge", ["mountains", "landscape", "haze"]),
    (_sea, "Low sun over the water", ["sea", "sunset", "water"]),
    (_aurora, "Northern lights", ["night", "aurora", "stars"]),
    (_dunes, "Dunes", ["desert", "sand", "landscape"]),
    (_lights, "City, out of focus", ["night", "city", "bokeh"]),
]


def main() -> None:
    """Write the pictures of some seeds into a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--width", type=int, default=1800)
    wanted = parser.parse_args()
    wanted.folder.mkdir(parents=True, exist_ok=True)
    for seed in range(wanted.count):
        made = make(seed, wanted.width)
        (wanted.folder / f"made_{seed:04}.jpg").write_bytes(encode(made.picture))


if __name__ == "__main__":
    main()
