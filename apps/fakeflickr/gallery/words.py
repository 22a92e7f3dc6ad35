"""What people write: captions, tags, names, made fit to be kept."""

from __future__ import annotations

import re
import unicodedata

from billow import site

CAPTION, OVERLAY, NOTE, TITLE = 500, 100, 60, 80
TAG, TAGS = 40, 30

_SPACE = re.compile(r"\s+")


def line(text: str, most: int, what: str) -> str:
    """Text in one line.

    Raises:
        BadInput: it is too long.
    """
    shown = "".join(c if c.isprintable() else " " for c in unicodedata.normalize("NFC", text))
    made = _SPACE.sub(" ", shown).strip()
    if len(made) > most:
        raise site.BadInput(f"the {what} may have {most} characters, not {len(made)}")
    return made


def tags_in(text: str) -> list[str]:
    """The tags in a text, apart by commas: in lower case, each once.

    Raises:
        BadInput: there are too many, or one is too long.
    """
    found = {tag: None for part in text.split(",") if (tag := tag_of(part))}
    if len(found) > TAGS:
        raise site.BadInput(f"a photo may have {TAGS} tags, not {len(found)}")
    return list(found)


def tag_of(text: str) -> str:
    """A tag as it is kept; "" if nothing of it remains. Only letters, digits and - ' remain."""
    kept = "".join(c if c.isalnum() or c in "-'" or unicodedata.combining(c) else " " for c in text)
    return line(kept.lower(), TAG, "tag")


def slug_of(name: str) -> str:
    """A name as a part of an address."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40] or "somebody"
