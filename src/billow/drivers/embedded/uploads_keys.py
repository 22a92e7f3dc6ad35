"""The keys that forms and addresses are signed with, in a file that only the service can read."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from billow.clock import Clock
from billow.errors import Unavailable
from billow.ports.uploads import SigningKey

FILE = "signing-keys.json"
#: Seconds that a key signs, and that its signatures count after that.
ROTATE = 7 * 86400.0
GRACE = 2 * 3600.0


class KeyFile:
    """The keys of a service, the same in all its processes; a new one each week."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._path = folder / FILE
        self._clock = clock

    def keys(self) -> list[SigningKey]:
        """The key that signs, then those whose signatures still count.

        Raises:
            Unavailable: the file cannot be read or written.
        """
        try:
            found = self._read()
            return found if self._is_fresh(found) else self._renew()
        except (OSError, ValueError, TypeError) as problem:
            raise Unavailable(f"the signing keys in {self._path} cannot be used") from problem

    def _is_fresh(self, keys: list[SigningKey]) -> bool:
        return bool(keys) and self._clock.now() - keys[0].made < ROTATE

    def _read(self) -> list[SigningKey]:
        try:
            return [SigningKey(*each) for each in json.loads(self._path.read_text())]
        except FileNotFoundError:
            return []

    def _renew(self) -> list[SigningKey]:
        with _alone(self._path.with_suffix(".lock")):
            keys = self._read()
            if not self._is_fresh(keys):
                now = self._clock.now()
                new = SigningKey(
                    f"BILLOW{secrets.token_hex(7)}".upper(), secrets.token_hex(32), now
                )
                keys = [new, *(key for key in keys if now - key.made < ROTATE + GRACE)]
                self._write(keys)
        return keys

    def _write(self, keys: list[SigningKey]) -> None:
        draft = self._path.with_suffix(".new")
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w") as file:
            json.dump(keys, file)
            file.flush()
            os.fsync(descriptor)
        draft.rename(self._path)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
