"""A line of text on a picture, in whichever of black and white can be read there."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from pictures.pixels import Pixels
from pictures.steps import Text

FONT = Path(__file__).parent / "fonts" / "DejaVuSans.ttf"
#: Pixels.
FONT_SIZE = 16
MARGIN = 20
#: Mean of the green below which a background is dark: a little under the middle, as black looks
#: better.
DARK_BELOW = 100


def write(pixels: Pixels, step: Text) -> None:
    """Write a text onto `pixels`; one that does not fit is left out."""
    font = _font()
    left, top, right, bottom = (round(each) for each in font.getbbox(step.text))
    width, height = right - left, bottom - top
    high, wide = pixels.shape[:2]
    x = MARGIN if step.side == "left" else wide - width - MARGIN
    y = high - height - MARGIN
    if width <= 0 or x < 0 or y < 0 or x + width > wide:
        return
    box = pixels[y : y + height, x : x + width]
    colour = "white" if np.mean(box[:, :, 1]) < DARK_BELOW else "black"
    drawn = Image.fromarray(np.ascontiguousarray(box))
    ImageDraw.Draw(drawn).text((-left, -top), step.text, font=font, fill=colour)
    box[:] = np.asarray(drawn)


@cache
def _font() -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(FONT, FONT_SIZE)
