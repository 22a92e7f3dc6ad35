"""Form fields for a function's parameters."""

from __future__ import annotations

import inspect
import typing
from dataclasses import dataclass
from typing import Any

from billow.function import Function


@dataclass(frozen=True, slots=True)
class Field:
    """One parameter as a form shows it."""

    name: str
    #: `text`, `integer`, `number`, `flag`, `choice` or `json`.
    kind: str
    required: bool
    #: What applies if the field is left empty, in words.
    default: str
    choices: tuple[str, ...] = ()


def fields_of(function: Function) -> list[Field]:
    """The fields of a function's form, in the order of its parameters."""
    signature = inspect.signature(function.call).parameters
    hints = typing.get_type_hints(function.call)
    made = []
    for name, kinds in function.parameters.items():
        default = signature[name].default
        choices = _choices(hints.get(name))
        made.append(
            Field(
                name,
                "choice" if choices else _kind(kinds),
                name in function.required,
                "" if default is inspect.Parameter.empty else _default_words(default),
                choices,
            )
        )
    return made


def _kind(kinds: tuple[type, ...] | None) -> str:
    plain = {kind for kind in kinds or () if kind is not type(None)}
    if plain == {bool}:
        return "flag"
    if plain == {int}:
        return "integer"
    if plain and plain <= {int, float}:
        return "number"
    # Text that may also be something else (a list of words, say) is asked for as text.
    return "text" if str in plain else "json"


def _choices(hint: Any) -> tuple[str, ...]:
    if typing.get_origin(hint) is not typing.Literal:
        return ()
    values = typing.get_args(hint)
    return tuple(values) if all(isinstance(value, str) for value in values) else ()


def _default_words(default: Any) -> str:
    if default is None:
        return "none"
    if isinstance(default, bool):
        return "yes" if default else "no"
    return str(default)
