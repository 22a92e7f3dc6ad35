"""`--arg name=value`: text made into what the function's parameter takes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from billow.errors import BadInput
from billow.function import Function


def read_arguments(function: Function, pairs: Iterable[str]) -> dict[str, Any]:
    """The arguments that `pairs` of the form name=value amount to.

    A value is read as JSON if the parameter takes what that gives, else it is text:
    `--arg top=5` is a number for an `int`, and the text "5" for a `str`.

    Raises:
        BadInput: a pair has no `=`, or a name comes twice.
    """
    made: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals:
            raise BadInput(f"--arg {pair}: write NAME=VALUE")
        if name in made:
            raise BadInput(f"--arg {name} is given twice")
        made[name] = _value(function, name, text)
    return made


def _value(function: Function, name: str, text: str) -> Any:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    kinds = function.parameters.get(name)
    takes_text = kinds is not None and str in kinds
    if takes_text and type(value) not in (kinds or ()):
        return text
    return value
