"""Which versions there were of the app's rotas: editing one must not change who was on call."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from billow.errors import Conflict
from billow.home import Home
from billow.ops.rota.history import Version
from billow.ops.rota.rota import Rota, read_rota
from billow.ports.tables import ABSENT, Item

TABLE = "rotas"
#: Versions of a rota that are kept.
KEPT = 200
#: Seconds between two versions at least, also if the clock was set back.
_APART = 0.001


def keep_versions(home: Home, rotas: Iterable[Rota]) -> list[str]:
    """Note that these rotas are in force from now on; the names of those that were edited.

    Raises:
        Unavailable: the store cannot be written.
    """
    return [rota.name for rota in rotas if _keep(home, rota)]


def versions(home: Home, rota: Rota) -> list[Version]:
    """The versions of a rota, the oldest first, up to the one that an app declares now."""
    item = home.tables.get(TABLE, rota.name)
    kept = [Version(since, read_rota(spec)) for since, spec in _kept(item)]
    if kept and kept[-1].rota.spec() != rota.spec():
        kept.append(Version(max(home.clock.now(), kept[-1].since + _APART), rota))
    return kept or [Version(0.0, rota)]


def _keep(home: Home, rota: Rota) -> bool:
    while True:
        item = home.tables.get(TABLE, rota.name)
        kept, spec = _kept(item), rota.spec()
        if kept and kept[-1][1] == spec:
            return False
        since = max(home.clock.now(), kept[-1][0] + _APART) if kept else 0.0
        value = {"versions": [*kept, [since, spec]][-KEPT:]}
        try:
            home.tables.put(TABLE, rota.name, value, expect=item.version if item else ABSENT)
        except Conflict:
            continue  # another process was faster
        if kept:
            told = "the app declares it otherwise from now on"
            home.journal.write("rota.edited", rota.name, told)
        return bool(kept)


def _kept(item: Item | None) -> list[list[Any]]:
    return [] if item is None else list(item.value["versions"])
