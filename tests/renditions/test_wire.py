"""What is said between web servers and the pool."""

from __future__ import annotations

from pathlib import Path

import pytest

from billow.errors import Error
from billow.rendition import Wanted
from billow.renditions import errors, wire

WANTED = Wanted("photos", "image", 7, {"size": 240, "steps": "a,b\nc"}, "webp", "n.webp", "t/t")


def test_an_ask_arrives_as_it_was_sent() -> None:
    line = wire.ask(3, WANTED, 1.5)
    assert line.count(b"\n") == 1
    assert wire.read_request(line) == wire.Ask(3, WANTED, 1.5)


def test_what_was_used_and_changed_arrives() -> None:
    assert wire.read_request(wire.used([("photos", 1, "a")])) == wire.Used([("photos", 1, "a")])
    assert wire.read_request(wire.scan()) == wire.Scan()


@pytest.mark.parametrize(
    "wrong",
    [
        errors.Gone("gone"),
        errors.Unrenderable("bad"),
        errors.Crashed("dead"),
        errors.Broken("bug"),
        errors.Busy("full", retry_after=3),
        errors.Left("older code", retry_after=2),
    ],
)
def test_an_error_arrives_as_it_was(wrong: Error) -> None:
    told = wire.read_told(wire.told(5, wrong))
    assert (told.number, type(told.wrong)) == (5, type(wrong))
    assert told.wrong is not None
    assert told.wrong.problem() == wrong.problem()
    assert wire.read_told(wire.told(5, None)) == wire.Told(5, None)


def test_a_deep_folder_has_an_address(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["deeper" * 5] * 6)
    deep.mkdir(parents=True)
    with wire.Nearby(deep) as address:
        assert len(address) < 100
    with pytest.raises(OSError, match="No such file"):
        wire.connect(deep)
