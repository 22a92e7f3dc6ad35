from __future__ import annotations

from billow.fleet.backoff import Backoff


def test_rests_double_up_to_the_longest() -> None:
    backoff, now = Backoff(first=0.1, longest=1.0), 100.0
    rests = []
    for _ in range(6):
        rests.append(backoff.failed(now))
        assert not backoff.due(now)
        now = backoff.until
        assert backoff.due(now)
    assert rests == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]


def test_a_minute_of_health_begins_anew() -> None:
    backoff = Backoff()
    backoff.failed(100.0)
    backoff.failed(101.0)
    assert backoff.failed(170.0) == 0.1


def test_proof_of_work_begins_anew() -> None:
    backoff = Backoff()
    backoff.failed(100.0)
    backoff.failed(100.5)
    backoff.proved()
    assert backoff.due(100.5)
    assert backoff.failed(100.6) == 0.1
