"""Signing keys: private, shared by the processes of a service, and renewed."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from billow.clock import VirtualClock
from billow.drivers.embedded.uploads_keys import FILE, ROTATE, KeyFile
from billow.errors import Unavailable
from billow.flow.presign import URL_SECONDS
from tests.contract.homes import in_threads


def test_only_the_service_can_read_them(tmp_path: Path, clock: VirtualClock) -> None:
    KeyFile(tmp_path, clock).keys()
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600


def test_every_process_has_the_same(tmp_path: Path, clock: VirtualClock) -> None:
    seen = []
    in_threads([lambda: seen.append(KeyFile(tmp_path, clock).keys()[0])] * 6)
    assert len({key.secret for key in seen}) == 1
    assert len(seen[0].secret) >= 64


def test_a_new_key_signs_after_a_week_and_the_old_one_counts_until_its_last_address_expired(
    tmp_path: Path, clock: VirtualClock
) -> None:
    keys = KeyFile(tmp_path, clock)
    [first] = keys.keys()
    clock.advance(ROTATE - 1)
    assert keys.keys() == [first]
    clock.advance(1)
    second, old = keys.keys()
    assert old == first
    assert second.secret != first.secret
    clock.advance(URL_SECONDS)
    assert first in keys.keys()  # noqa: SIM118
    clock.advance(ROTATE)
    assert first not in keys.keys()  # noqa: SIM118


@pytest.mark.parametrize("text", ["", "[]x", "[[1]]"])
def test_a_damaged_file_is_told(tmp_path: Path, clock: VirtualClock, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(Unavailable, match="signing keys"):
        KeyFile(tmp_path, clock).keys()
