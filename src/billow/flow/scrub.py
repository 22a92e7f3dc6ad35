"""Reading the cold tier again, a little at a time, so that what rots there is found in time."""

from __future__ import annotations

from collections.abc import Iterator

from billow.app import App
from billow.errors import NotFound
from billow.flow.restore import report_damage
from billow.flow.retention import result_stores
from billow.home import Home
from billow.ports.cold import Damaged, Frozen
from billow.units import GiB

#: Bytes of archived files that are read in a round; a round is an hour.
PER_ROUND = 1 * GiB
#: Files looked up at a time.
_PAGE = 100

#: Where the place is kept up to which everything was read.
_TABLE, _KEY = "billow-scrub", "place"


class Scrub:
    """Goes through the archive and begins anew at its end; remembers where it is.

    Args:
        home: whose archive.
        app: whose stores.
        per_round: bytes that are read in a round, and one file at least.
    """

    def __init__(self, home: Home, app: App, per_round: int = PER_ROUND) -> None:
        self._home = home
        self._stores = result_stores(app)
        self._per_round = per_round

    def round(self) -> int:
        """Read the next files and compare them with their checksums; how many were damaged.

        What is damaged is put into the journal, as an event and as an alarm, and is not served.
        """
        damaged, left, last = 0, self._per_round, None
        for frozen in self._next():
            if left <= 0:
                break
            damaged += self._check(frozen)
            left -= max(1, frozen.packed)
            last = frozen
        else:
            self._home.tables.delete(_TABLE, _KEY)
            return damaged
        if last is not None:
            self._home.tables.put(_TABLE, _KEY, {"store": last.store, "key": last.key})
        return damaged

    def _next(self) -> Iterator[Frozen]:
        """Files from the present place to the end."""
        item = self._home.tables.get(_TABLE, _KEY)
        place = item.value if item is not None else {}
        for store in self._stores:
            if store < place.get("store", ""):
                continue
            after = place["key"] if store == place.get("store") else None
            while page := self._home.cold.list(store, "", after, _PAGE):
                yield from page
                after = page[-1].key

    def _check(self, frozen: Frozen) -> bool:
        """Whether a file is found to be damaged now."""
        if frozen.damaged is not None:
            return False
        cold = self._home.cold
        try:
            cold.verify(frozen.store, frozen.key)
        except NotFound:
            return False
        except Damaged as problem:
            now = cold.head(frozen.store, frozen.key)
            if now is None or now.claim != frozen.claim:  # it was on its way back at this moment
                return False
            report_damage(self._home, frozen.store, frozen.key, problem)
            return True
        return False
