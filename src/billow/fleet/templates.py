"""Launch templates by version: what new workers of a function start from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from billow.errors import NotFound
from billow.options import LaunchTemplate, Limits
from billow.ports.tables import ABSENT, Tables

#: The table that keeps them. An item `<function>/<version>` is a version, `<function>` names the
#: default one.
TABLE = "launch-templates"


class Templates:
    """The versions of one function's launch template. Versions are added and never changed."""

    def __init__(self, tables: Tables, function: str) -> None:
        self._tables = tables
        self._function = function

    def declare(self, template: LaunchTemplate) -> LaunchTemplate:
        """Note what the app's code declares; a declaration that is new becomes the default.

        A declaration that is known changes nothing, so a default that was chosen since stays.
        """
        if any(declared and _same(known, template) for known, declared in self._stored()):
            return self.default()
        added = self._add(template, declared=True)
        return self.choose(added.version)

    def all(self) -> list[LaunchTemplate]:
        """All versions, oldest first."""
        return [template for template, _ in self._stored()]

    def default(self) -> LaunchTemplate:
        """The version that new workers start from.

        Raises:
            NotFound: the function has no launch template yet; `billow up` makes the first.
        """
        chosen = self._tables.get(TABLE, self._function)
        if chosen is None:
            raise NotFound(f"{self._function} has no launch template yet; run `billow up` once")
        return self.get(chosen.value["default"])

    def get(self, version: int) -> LaunchTemplate:
        """A version.

        Raises:
            NotFound: there is no such version; the message names those there are.
        """
        item = self._tables.get(TABLE, self._key(version))
        if item is None:
            known = ", ".join(str(template.version) for template in self.all()) or "none"
            raise NotFound(f"{self._function} has no template version {version}; it has: {known}")
        return _decode(item.value)

    def add(
        self,
        *,
        command: Sequence[str] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> LaunchTemplate:
        """Add a version: the default one with these changes. It does not become the default.

        Raises:
            NotFound: there is no version to start from.
            Conflict: someone else added one at the same moment.
        """
        changed = self.default()
        if command is not None:
            changed = replace(changed, command=tuple(command))
        if environment is not None:
            changed = replace(changed, environment={**changed.environment, **environment})
        return self._add(changed, declared=False)

    def choose(self, version: int) -> LaunchTemplate:
        """Make a version the default; workers that run already stay as they are.

        Raises:
            NotFound: there is no such version.
        """
        template = self.get(version)
        self._tables.put(TABLE, self._function, {"default": version})
        return template

    def _add(self, template: LaunchTemplate, *, declared: bool) -> LaunchTemplate:
        known = self.all()
        version = max(template.version, known[-1].version + 1) if known else template.version
        added = replace(template, version=version)
        value = {**asdict(added), "command": list(added.command), "declared": declared}
        self._tables.put(TABLE, self._key(version), value, expect=ABSENT)
        return added

    def _stored(self) -> list[tuple[LaunchTemplate, bool]]:
        found: list[tuple[LaunchTemplate, bool]] = []
        after = None
        while items := self._tables.query(TABLE, f"{self._function}/", after):
            found += [(_decode(item.value), bool(item.value["declared"])) for item in items]
            after = items[-1].key
        return found

    def _key(self, version: int) -> str:
        return f"{self._function}/{version:08d}"


def _decode(value: Mapping[str, Any]) -> LaunchTemplate:
    return LaunchTemplate(
        name=value["name"],
        version=value["version"],
        command=tuple(value["command"]),
        environment=dict(value["environment"]),
        limits=Limits(**value["limits"]),
    )


def _same(one: LaunchTemplate, other: LaunchTemplate) -> bool:
    """Whether they launch the same thing; an app may number a template as it likes."""
    return replace(one, version=0) == replace(other, version=0)
