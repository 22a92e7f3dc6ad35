"""Pictures that are made when somebody asks: FakeFlickr's recipe on photos of 12 megapixels."""

from __future__ import annotations

from pictures import render

import billow
from billow.rendition import Asked

app = billow.App("prints")
app.web(billow.Web(min=3, max=3, per_account=1_000_000))
photos = app.collection("photos", accepts=billow.File(".jpg"))

#: What the original flow does to each picture: turned, with a line of text.
STEPS = "ROTATE 90\nTEXT_RIGHT (c) Billow\n"


def allow(asked: Asked, id: int, size: int) -> dict[str, str] | None:
    """Whoever asks may see it."""
    return {"steps": STEPS}


@photos.rendition(
    "/img/{size:int}/{id:int}.jpg", values={"size": range(240, 2049)}, allow=allow, who="anybody"
)
def image(original: billow.Upload, size: int, steps: str) -> bytes:
    """The photo, smaller, turned, with its text."""
    return render(original.path, size, steps, "jpeg")
