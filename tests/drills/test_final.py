"""The last look at a home that a drill has treated badly."""

from __future__ import annotations

from billow.drill.app import make_app
from billow.drill.final import read_final
from billow.names import ACCESS_LOGS
from billow.testing import memory_home


def test_uploads_are_seen_and_the_services_own_access_log_is_not() -> None:
    home = memory_home(make_app("runs.log", lease=60, work=0.0))
    home.objects.put(ACCESS_LOGS, [b"a line"], key="2026/11/29/00-1.log.gz")
    home.objects.put("uploads", [b"a text"], key="text")
    assert [one.place for one in read_final(home, []).objects] == ["uploads/text"]
