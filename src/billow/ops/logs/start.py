"""Turns logging on in a process: to its own log file for people, and to the store."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from billow.errors import SettingError
from billow.ops.logs.clean import Cleaner
from billow.ops.logs.handler import ShipHandler
from billow.ops.logs.shipper import Shipper
from billow.ports.logs import Logs
from billow.settings import secret_texts

#: The logger of what the keeper's view shows as well.
NEWS = "billow.news"


def make_cleaner() -> Cleaner:
    """A cleaner that knows the secrets of the settings in force, as far as they can be read."""
    try:
        return Cleaner(secret_texts())
    except SettingError:
        return Cleaner()


def make_shipper(process: str, every: Callable[[], object] | None = None) -> Shipper:
    """A shipper that knows the secrets of the settings in force."""
    return Shipper(process, make_cleaner(), every=every)


class CleanLines(logging.Formatter):
    """Formats a record as plain text, cleaned."""

    def __init__(self, cleaner: Cleaner) -> None:
        super().__init__()
        self._cleaner = cleaner

    def format(self, record: logging.LogRecord) -> str:
        """The line, and what was raised if it tells that."""
        return self._cleaner.text(super().format(record))


def log_to(shipper: Shipper, formatter: logging.Formatter | None = None) -> None:
    """Send what this process logs to stderr and to the store.

    Args:
        shipper: the way to the store.
        formatter: how lines look on stderr; plain text if not given.
    """
    plain = logging.StreamHandler(sys.stderr)
    plain.setFormatter(formatter or CleanLines(shipper.cleaner))
    handlers: list[logging.Handler] = [plain, ShipHandler(shipper)]
    logging.basicConfig(level=logging.WARNING, handlers=handlers, force=True)
    logging.getLogger("billow").setLevel(logging.INFO)


@contextmanager
def logging_to(logs: Logs, process: str, every: Callable[[], object]) -> Iterator[None]:
    """Ship what is logged during the block, and leave everything else about logging as it is.

    Args:
        logs: where to.
        process: what this process is called.
        every: called about once a minute.
    """
    shipper = make_shipper(process, every)
    root, ours = logging.getLogger(), logging.getLogger("billow")
    level, added = ours.level, [_unless_shown(shipper), ShipHandler(shipper)]
    for handler in added:
        root.addHandler(handler)
    ours.setLevel(logging.INFO)
    shipper.start(logs)
    try:
        yield
    finally:
        for handler in added:
            root.removeHandler(handler)
        ours.setLevel(level)
        shipper.stop()


def _unless_shown(shipper: Shipper) -> logging.Handler:
    """What `logging` does where nothing was set up: warnings go to stderr, but no news."""
    if logging.getLogger().handlers:
        return logging.NullHandler()
    plain = logging.StreamHandler(sys.stderr)
    plain.setFormatter(CleanLines(shipper.cleaner))
    plain.setLevel(logging.WARNING)
    plain.addFilter(lambda record: record.name != NEWS)
    return plain
