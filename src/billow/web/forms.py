"""Multipart forms read as a stream: part by part, block by block, nothing kept."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from typing import Any

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from billow.errors import BadInput, TooLarge
from billow.units import MiB, human_size

#: Parts of a form, and bytes of a part that is not a file.
MAX_PARTS = 1000
MAX_FIELD = 4 * MiB


class Part:
    """A field or file of a form. Read it before asking for the next part; the rest is skipped."""

    def __init__(self, form: Form, headers: dict[str, str]) -> None:
        self.headers = headers
        _, options = parse_options_header(headers.get("content-disposition"))
        if b"name" not in options:
            raise BadInput("a part of the form has no name")
        self.name = _decode(options[b"name"])
        #: None if the part is a plain field.
        self.filename = _decode(options[b"filename"]) if b"filename" in options else None
        self._form = form
        self._ended = False

    @property
    def type(self) -> str:
        """The media type that the client says a file has."""
        return self.headers.get("content-type", "application/octet-stream")[:200]

    async def blocks(self) -> AsyncIterator[bytes]:
        """The bytes as they come."""
        while not self._ended:
            kind, value = await self._form.happening()
            if kind == "data":
                yield value
            else:
                self._ended = True

    async def text(self) -> str:
        """The whole field.

        Raises:
            TooLarge: it is over 4 MiB.
            BadInput: it is not UTF-8.
        """
        gathered = bytearray()
        async for block in self.blocks():
            gathered += block
            if len(gathered) > MAX_FIELD:
                raise TooLarge(
                    f"the field {self.name[:80]!r} may have {human_size(MAX_FIELD)}",
                    limit=MAX_FIELD,
                )
        try:
            return gathered.decode()
        except UnicodeDecodeError:
            raise BadInput(f"the field {self.name[:80]!r} is not UTF-8 text") from None


class Form:
    """A multipart body.

    Args:
        content_type: the header, which tells the boundary.
        blocks: the body as it comes.

    Raises:
        BadInput: the header has no usable boundary; while reading: the body is no form.
    """

    def __init__(self, content_type: str, blocks: AsyncIterator[bytes]) -> None:
        _, options = parse_options_header(content_type)
        self._blocks = blocks
        self._happened: deque[tuple[str, Any]] = deque()
        self._headers: dict[str, str] = {}
        self._field = b""
        self._value = b""
        try:
            self._parser = MultipartParser(
                options.get(b"boundary", b""),
                {
                    "on_part_begin": self._begin,
                    "on_header_field": self._header_field,
                    "on_header_value": self._header_value,
                    "on_header_end": self._header_end,
                    "on_headers_finished": lambda: self._add("part", self._headers),
                    "on_part_data": lambda data, start, end: self._add("data", data[start:end]),
                    "on_part_end": lambda: self._add("part end", None),
                    "on_end": lambda: self._add("end", None),
                },
            )
        except FormParserError:
            raise BadInput("the form's boundary cannot be used") from None
        if not options.get(b"boundary"):
            raise BadInput("Content-Type: multipart/form-data needs a boundary")

    async def parts(self) -> AsyncIterator[Part]:
        """Every part in turn."""
        count = 0
        while True:
            kind, value = await self.happening()
            if kind == "end":
                return
            if kind != "part":
                continue
            count += 1
            if count > MAX_PARTS:
                raise BadInput(f"a form may have {MAX_PARTS} parts")
            part = Part(self, value)
            yield part
            async for _ in part.blocks():
                pass

    async def happening(self) -> tuple[str, Any]:
        """What the parser found next."""
        while not self._happened:
            block = await anext(self._blocks, None)
            if block is None:
                raise BadInput("the form ends in the middle")
            try:
                self._parser.write(block)
            except FormParserError as problem:
                raise BadInput(f"the form cannot be read: {problem}"[:200]) from None
        return self._happened.popleft()

    def _add(self, kind: str, value: Any) -> None:
        self._happened.append((kind, value))

    def _begin(self) -> None:
        self._headers = {}

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        self._headers[self._field.decode("latin-1").lower()] = self._value.decode("latin-1")
        self._field = self._value = b""


def _decode(text: bytes) -> str:
    """A name as the client meant it; browsers write a quotation mark as %22."""
    try:
        return text.decode().replace("%22", '"')
    except UnicodeDecodeError:
        return text.decode("latin-1")
