"""The reader of forms, however the bytes come in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from billow.errors import BadInput, TooLarge
from billow.web.forms import Form

BOUNDARY = "b0undary"
KIND = f"multipart/form-data; boundary={BOUNDARY}"

names = (
    st.text(st.characters(codec="utf-8", exclude_characters='\0\r\n"\\%'), min_size=1)
    .map(str.strip)
    .filter(bool)
)
bodies = st.binary(max_size=300).filter(lambda data: BOUNDARY.encode() not in data)
parts = st.lists(st.tuples(names, st.none() | names, bodies), min_size=1, max_size=6)


def written(form: Iterable[tuple[str, str | None, bytes]]) -> bytes:
    """A form as a browser writes it."""
    made = b""
    for name, filename, data in form:
        file = "" if filename is None else f'; filename="{filename}"'
        made += f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{file}'.encode()
        made += b"\r\n\r\n" + data + b"\r\n"
    return made + f"--{BOUNDARY}--\r\n".encode()


async def blocks(data: bytes, cuts: Iterable[int]) -> AsyncIterator[bytes]:
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    for start, end in pairwise(places):
        if start < end:
            yield data[start:end]


async def read(data: bytes, cuts: Iterable[int]) -> list[tuple[str, str | None, bytes]]:
    form = Form(KIND, blocks(data, cuts))
    return [
        (part.name, part.filename, b"".join([block async for block in part.blocks()]))
        async for part in form.parts()
    ]


@given(parts, st.lists(st.integers(0, 2000), max_size=20))
def test_a_form_is_read_the_same_however_it_is_cut(
    form: list[tuple[str, str | None, bytes]], cuts: list[int]
) -> None:
    assert asyncio.run(read(written(form), cuts)) == form


@given(parts, st.integers(0, 2000))
def test_parts_that_nobody_reads_are_skipped(
    form: list[tuple[str, str | None, bytes]], cut: int
) -> None:
    async def names_only() -> list[str]:
        reader = Form(KIND, blocks(written(form), [cut]))
        return [part.name async for part in reader.parts()]

    assert asyncio.run(names_only()) == [name for name, _, _ in form]


@given(parts, st.integers(0, 10_000), st.lists(st.integers(0, 2000), max_size=5))
def test_a_form_that_was_cut_off_is_never_taken_for_whole(
    form: list[tuple[str, str | None, bytes]], keep: int, cuts: list[int]
) -> None:
    whole = written(form)
    end = len(whole) - len(b"--\r\n")
    try:
        asyncio.run(read(whole[: min(keep, end)], cuts))
    except BadInput:
        return
    raise AssertionError("a piece of a form was taken for a form")


@given(st.binary(max_size=500), st.lists(st.integers(0, 500), max_size=5))
def test_noise_is_refused_or_read_but_nothing_else(data: bytes, cuts: list[int]) -> None:
    with suppress(BadInput, TooLarge):
        asyncio.run(read(f"--{BOUNDARY}\r\n".encode() + data, cuts))
