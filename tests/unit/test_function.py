"""What Billow reads from a function, and how arguments are checked."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from typing import Any, Literal, Optional

import pytest

import billow
from billow.errors import BadInput, DeclarationError
from billow.function import Function


def declare(call: Callable[..., Any], **options: Any) -> Function:
    return billow.App("demo").function(**options)(call)


def measure(text: billow.Upload, job: billow.Job, top: int, rule: str = "words") -> int:
    """Measure a text.

    At length.
    """
    return top


def test_upload_and_job_are_supplied_and_the_rest_are_arguments() -> None:
    made = declare(measure)
    assert (made.upload_parameter, made.job_parameter) == ("text", "job")
    assert set(made.parameters) == {"top", "rule"}
    assert made.required == {"top"}
    assert made.accepts is not None
    assert made.accepts.suffixes == ()


def test_a_function_stays_callable_and_says_what_it_is() -> None:
    made = declare(lambda a, b=2: a + b, name="add")
    assert made(1) == 3
    assert made(1, b=5) == 6
    assert (made.__name__, repr(made)) == ("add", "<Function add>")
    assert declare(measure).summary == "Measure a text."
    assert declare(measure).__doc__ == measure.__doc__
    assert made.summary == ""


def test_a_function_without_upload_accepts_none() -> None:
    assert declare(lambda: None, name="f").accepts is None
    with pytest.raises(DeclarationError, match=r"billow\.Upload"):
        declare(lambda: None, name="f", accepts=billow.File(".txt"))


def star(*numbers: int) -> None: ...


def keywords(**options: int) -> None: ...


def positional(n: int, /) -> int:
    return n


def unreadable(n: Missing) -> None: ...  # type: ignore[name-defined] # noqa: F821


@pytest.mark.parametrize("call", [star, keywords, unreadable, positional])
def test_a_signature_that_cannot_be_served_is_refused(call: Callable[..., Any]) -> None:
    with pytest.raises(DeclarationError, match=call.__name__):
        declare(call)


def two_uploads(one: billow.Upload, other: billow.Upload) -> None: ...


def two_jobs(one: billow.Job, other: billow.Job) -> None: ...


@pytest.mark.parametrize("call", [two_uploads, two_jobs])
def test_more_than_one_upload_or_job_is_refused(call: Callable[..., Any]) -> None:
    with pytest.raises(DeclarationError, match="other"):
        declare(call)


def optional_upload(text: billow.Upload | None = None) -> None: ...


def test_an_optional_upload_is_refused_rather_than_taken_for_an_argument() -> None:
    with pytest.raises(DeclarationError, match="text"):
        declare(optional_upload)


def typed(
    a: int = 0,
    b: float = 0,
    c: str = "",
    d: bool = False,
    e: list[int] | None = None,
    f: Optional[dict[str, int]] = None,  # noqa: UP045 - both spellings are met
    g: Literal["x", "y"] = "x",
    h: Any = None,
    i: Sequence[int] = (),
    j: Any = None,
) -> None: ...


GOOD: list[dict[str, Any]] = [
    {},
    {"a": 1, "b": 1.5, "c": "x", "d": True},
    {"b": 1},
    {"e": [1], "f": {"k": 1}},
    {"e": None, "f": None},
    {"g": "y"},
    {"h": {"any": ["thing"]}, "i": [1], "j": "x"},
]

WRONG: list[dict[str, Any]] = [
    {"a": "1"},
    {"a": 1.5},
    {"a": True},
    {"a": None},
    {"b": "1"},
    {"b": math.nan},
    {"b": math.inf},
    {"b": True},
    {"c": 1},
    {"c": None},
    {"d": 1},
    {"d": "true"},
    {"e": {}},
    {"f": []},
    {"g": 5},
    {"z": 1},
]


@pytest.mark.parametrize("args", GOOD, ids=str)
def test_arguments_that_fit_are_taken(args: dict[str, Any]) -> None:
    made = declare(typed)
    made.check_args(args)
    assert json.loads(made.encode_args(args)) == args


@pytest.mark.parametrize("args", WRONG, ids=str)
def test_arguments_that_do_not_fit_are_refused_by_name(args: dict[str, Any]) -> None:
    with pytest.raises(BadInput) as caught:
        declare(typed).check_args(args)
    [name] = args
    assert repr(name) in str(caught.value)


def test_a_value_that_is_not_among_the_literals_is_refused() -> None:
    with pytest.raises(BadInput) as caught:
        declare(typed).check_args({"g": "z"})
    assert "'g'" in str(caught.value)
    assert caught.value.extra["allowed"] == ["x", "y"]


def test_an_unknown_argument_is_refused_with_those_there_are() -> None:
    with pytest.raises(BadInput) as caught:
        declare(measure).check_args({"top": 1, "text": "x"})
    assert caught.value.extra["allowed"] == ["rule", "top"]
    assert "rule, top" in str(caught.value)


def test_a_missing_argument_is_named() -> None:
    with pytest.raises(BadInput, match="'top'"):
        declare(measure).check_args({"rule": "x"})


@pytest.mark.parametrize(
    "value",
    [object(), {1, 2}, b"x", [math.nan], "\ud800"],
    ids=["object", "set", "bytes", "nan", "surrogate"],
)
def test_arguments_must_be_plain_json(value: Any) -> None:
    with pytest.raises(BadInput):
        declare(typed).encode_args({"h": value})


def test_arguments_that_contain_themselves_are_refused() -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(BadInput):
        declare(typed).encode_args({"h": value})


def test_handlers_are_called_in_the_order_of_their_declaration() -> None:
    made = declare(lambda: None, name="f")

    @made.on(billow.Event.COMPLETED)
    def first(job: billow.Job) -> None: ...

    @made.on("completed")  # type: ignore[arg-type]
    def second(job: billow.Job) -> None: ...

    assert made.handlers == {billow.Event.COMPLETED: [first, second]}
    with pytest.raises(DeclarationError, match="exploded"):
        made.on("exploded")  # type: ignore[arg-type]
