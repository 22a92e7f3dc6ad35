"""The names that authors learn: few, sorted, documented."""

from __future__ import annotations

import inspect

import pytest

import billow
import billow.site
import billow.sql
import billow.testing

PLACES = (billow, billow.site, billow.sql, billow.testing)
#: Numbers have no docstrings of their own.
UNITS = {"GiB", "KiB", "MiB"}


@pytest.mark.parametrize("module", PLACES)
def test_all_is_sorted_and_holds_no_name_twice(module: object) -> None:
    names = getattr(module, "__all__")  # noqa: B009 - mypy knows no __all__ of an object
    assert names == sorted(set(names))


def test_there_are_fewer_than_thirty_names() -> None:
    assert len(billow.__all__) < 30


@pytest.mark.parametrize(
    "name", [*billow.__all__, *billow.site.__all__, *billow.sql.__all__, *billow.testing.__all__]
)
def test_every_name_can_be_imported_and_says_what_it_is(name: str) -> None:
    thing = next(getattr(place, name) for place in PLACES if hasattr(place, name))
    if name in UNITS:
        assert isinstance(thing, int)
        return
    if getattr(thing, "__module__", "").startswith("starlette.") or name == "Row":
        return  # responses are Starlette's own; a row is a dictionary
    doc = inspect.getdoc(thing)
    assert doc
    assert not doc.startswith(f"{name}("), "a dataclass's generated signature is no docstring"


@pytest.mark.parametrize("name", sorted(set(billow.__all__) - UNITS))
def test_every_public_method_says_what_it_does(name: str) -> None:
    thing = getattr(billow, name)
    if not inspect.isclass(thing):
        return
    for label, member in inspect.getmembers(thing):
        own = inspect.isfunction(member) or isinstance(member, property)
        if own and not label.startswith("_"):
            assert inspect.getdoc(member), f"{name}.{label} has no docstring"


def test_nothing_public_is_left_out_of_all() -> None:
    public = {
        name
        for name, thing in vars(billow).items()
        if not name.startswith("_") and not inspect.ismodule(thing) and name != "annotations"
    }
    assert public == set(billow.__all__)


def test_the_version_is_a_version() -> None:
    assert all(part.isdigit() for part in billow.__version__.split("."))
