"""Plain forms, read within bounds."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import parse_qsl

from starlette.requests import Request

from billow.errors import BadInput, NotAccepted, TooLarge
from billow.units import MiB, human_size
from billow.web.limits import blocks_of, media_type

#: Bytes and fields of a form.
MAX_FORM = 1 * MiB
MAX_FIELDS = 1000

_KIND = "application/x-www-form-urlencoded"


async def read_form(request: Request) -> list[tuple[str, str]]:
    """The fields of a form in their order; a name may stand several times.

    Raises:
        NotAccepted: the body is no form.
        TooLarge: it is over 1 MiB.
        BadInput: it has too many fields, or is not UTF-8 text.
    """
    if media_type(request) not in (_KIND, ""):
        raise NotAccepted(f"the body must have Content-Type: {_KIND}", allowed=[_KIND])
    body = await read_bounded(blocks_of(request), MAX_FORM, "a form")
    try:
        return parse_qsl(
            body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS
        )
    except ValueError:
        raise BadInput(f"a form must be UTF-8 text with {MAX_FIELDS} fields at most") from None


async def read_bounded(blocks: AsyncIterator[bytes], most: int, what: str) -> bytes:
    """A whole body.

    Raises:
        TooLarge: it has over `most` bytes.
    """
    body = bytearray()
    async for block in blocks:
        body += block
        if len(body) > most:
            raise TooLarge(f"{what} may have {human_size(most)}", limit=most)
    return bytes(body)
