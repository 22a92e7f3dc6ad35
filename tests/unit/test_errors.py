"""The tree of errors and their one JSON shape."""

from __future__ import annotations

import inspect
import json
import re

import pytest

from billow import errors
from billow.errors import BadInput, Error, NotAccepted, NotFound, TooLarge

KINDS = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, Error) and kind.__module__ == "billow.errors"
]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_in_the_drawn_tree_and_says_what_it_means(kind: type[Error]) -> None:
    assert errors.__doc__ is not None
    assert kind.__name__ in errors.__doc__
    assert kind.__doc__
    assert kind.title != "Error" or kind is Error
    assert 400 <= kind.status <= 599


@pytest.mark.parametrize("kind", KINDS)
def test_the_drawn_tree_has_the_right_status(kind: type[Error]) -> None:
    assert errors.__doc__ is not None
    entry = errors.__doc__.partition(f"─ {kind.__name__} ")[2].partition("── ")[0]
    drawn = [int(number) for number in re.findall(r"\b[45]\d\d\b", entry)]
    assert drawn == ([] if kind.status == 500 else [kind.status])


@pytest.mark.parametrize("kind", KINDS)
def test_a_problem_has_the_one_shape(kind: type[Error]) -> None:
    problem = kind("what went wrong", limit=5).problem()
    assert problem == {
        "type": f"urn:billow:error:{kind.__name__}",
        "title": kind.title,
        "status": kind.status,
        "detail": "what went wrong",
        "limit": 5,
    }
    assert json.loads(json.dumps(problem)) == problem


def test_extra_facts_never_hide_the_members_of_the_shape() -> None:
    problem = NotFound("no such job", status=200, title="All well").problem()
    assert problem["status"] == 404
    assert problem["title"] == "Not found"


def test_an_error_reads_as_its_detail() -> None:
    assert str(Error("one line")) == "one line"


def test_too_large_and_not_accepted_are_bad_input() -> None:
    assert issubclass(TooLarge, BadInput)
    assert issubclass(NotAccepted, BadInput)
