from __future__ import annotations

from dataclasses import replace

import pytest

from billow.errors import NotFound
from billow.fleet.templates import Templates
from billow.options import LaunchTemplate, Limits
from billow.testing import memory_home

DECLARED = LaunchTemplate(command=("python", "-m", "work"), limits=Limits(time=60))


@pytest.fixture
def templates() -> Templates:
    return Templates(memory_home().tables, "top_words")


def test_the_first_declaration_is_the_default(templates: Templates) -> None:
    assert templates.declare(DECLARED) == DECLARED
    assert templates.default() == DECLARED
    assert templates.all() == [DECLARED]


def test_declaring_the_same_again_keeps_a_default_chosen_since(templates: Templates) -> None:
    templates.declare(DECLARED)
    added = templates.add(environment={"LOUD": "1"})
    assert templates.default() == DECLARED
    templates.choose(added.version)
    assert templates.declare(DECLARED) == added


def test_a_new_declaration_becomes_the_default(templates: Templates) -> None:
    templates.declare(DECLARED)
    changed = templates.declare(replace(DECLARED, command=("python", "-m", "other")))
    assert changed.version == 2
    assert templates.default() == changed
    assert [template.version for template in templates.all()] == [1, 2]


def test_an_addition_starts_from_the_default(templates: Templates) -> None:
    templates.declare(replace(DECLARED, environment={"A": "1", "B": "1"}))
    added = templates.add(environment={"B": "2"})
    assert added.environment == {"A": "1", "B": "2"}
    assert added.command == DECLARED.command
    assert templates.get(2) == added


def test_versions_that_are_not_there_are_named_with_those_that_are(templates: Templates) -> None:
    with pytest.raises(NotFound, match="billow up"):
        templates.default()
    templates.declare(DECLARED)
    with pytest.raises(NotFound, match="no template version 7; it has: 1"):
        templates.choose(7)
    assert templates.default() == DECLARED


def test_functions_do_not_share_versions() -> None:
    tables = memory_home().tables
    Templates(tables, "a").declare(DECLARED)
    assert Templates(tables, "ab").all() == []
    assert Templates(tables, "ab").declare(DECLARED).version == 1


def test_many_versions_stay_in_order(templates: Templates) -> None:
    templates.declare(DECLARED)
    for number in range(120):
        templates.add(environment={"N": str(number)})
    assert [template.version for template in templates.all()] == list(range(1, 122))
