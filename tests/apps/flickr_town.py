"""FakeFlickr with people in it, in memory, and pictures for them to upload."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path
from typing import Any

import httpx
import pillow_heif
from PIL import Image

from billow.clock import SystemClock
from billow.loading import load_app
from billow.testing import memory_home
from tests.web.people import Person, Town

FLICKR = Path(__file__).parents[2] / "apps/fakeflickr"
sys.path.insert(0, str(FLICKR))
APP = load_app(FLICKR)

pillow_heif.register_heif_opener()
HTML = {"accept": "text/html"}


def jpeg(
    colour: tuple[int, int, int] = (200, 40, 40),
    size: tuple[int, int] = (90, 60),
    exif: Image.Exif | None = None,
    format: str = "JPEG",
) -> bytes:
    """A picture of one colour, and a green corner at the top left."""
    image = Image.new("RGB", size, colour)
    image.paste((0, 200, 0), (0, 0, size[0] // 4, size[1] // 4))
    out = io.BytesIO()
    image.save(out, format, exif=exif or Image.Exif())
    return out.getvalue()


class Flickr(Town):
    """The site, and those who use it."""

    def __init__(self, url: str | None = None) -> None:
        super().__init__(memory_home(APP, SystemClock()), APP)
        if url is not None and APP.database is not None:
            APP.database.attach(lambda: None, url)

    def close(self) -> None:
        self.context.close()
        if APP.database is not None:
            APP.database.close()

    async def upload(
        self, who: Person, data: bytes | None = None, name: str = "a.jpg", **fields: str
    ) -> httpx.Response:
        """Upload a picture by the endpoint."""
        files = {"photos": (name, jpeg() if data is None else data, "image/x-whatever")}
        async with self.client(who, **{"x-billow-form": who.form}) as client:
            return await client.post("/rest/edit", data=fields, files=files)

    async def photo(self, who: Person, data: bytes | None = None, **fields: str) -> int:
        """The number of a picture that is uploaded now."""
        answer = await self.upload(who, data, **fields)
        assert answer.status_code == 200, answer.text
        number: int = answer.json()["ids"][0]
        return number

    async def sql(self, text: str, **values: Any) -> int:
        """Change something behind the site's back; how many rows that were."""
        database = APP.database
        assert database is not None

        def work() -> int:
            with database.write() as connection:
                changed: int = connection.run(text, **values)
            return changed

        done: int = await self.context.run(work)
        return done

    async def share(self, who: Person, path: str, **fields: str) -> str:
        """The address of a link to a photo or an album."""
        page = await self.post(who, f"{path}/share", **fields)
        found = re.search(r'value="http://[^/]+(/s/[\w-]+)"', page.text)
        assert found is not None, page.text
        return found[1]

    async def get(self, who: Person | None, path: str, **headers: str) -> httpx.Response:
        async with self.client(who, **{**HTML, **headers}) as client:
            return await client.get(path)

    async def post(self, who: Person | None, path: str, **fields: Any) -> httpx.Response:
        form = {"x-billow-form": who.form} if who else {}
        async with self.client(who, **form) as client:
            return await client.post(path, data=fields)
