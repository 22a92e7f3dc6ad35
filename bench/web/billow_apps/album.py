"""The same photo site on Billow: a collection, a rendition, rows in `app.sql`."""

from __future__ import annotations

from pathlib import Path

import billow
from bench.web.apps import core
from billow.rendition import Asked

HERE = Path(__file__).parent

app = billow.App("album")
app.web(billow.Web(min=3, max=3, per_account=1_000_000, in_flight=64))
db = app.sql(migrations=HERE / "migrations")
photos = app.collection("photos", accepts=billow.File(".jpg"))


def allow(asked: Asked, id: int, size: int) -> dict[str, str] | None:
    """Whether somebody may see a photo: the app's own signed session, and a row."""
    user = core.signed(asked.cookies.get("sid", ""))
    if user is None:
        return None
    with db.read() as connection:
        row = connection.one("select owner, private, steps from photos where id = :id", id=id)
    if row is None:
        raise billow.NotFound(f"no photo {id}")
    return None if row["private"] and row["owner"] != user else {"steps": row["steps"]}


@photos.rendition(
    "/img/{size:int}/{id:int}.jpg",
    values={"size": (1440,)},
    allow=allow,
    who="anybody",
)
def image(original: billow.Upload, size: int, steps: str) -> bytes:
    """The picture as it is: what is measured are cached ones."""
    return original.read_bytes()
