"""Wake-ups: nobody polls, and nobody sleeps through one."""

from __future__ import annotations

import select
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from billow.home import Home
from billow.ports.wake import jobs_channel, queue_channel
from tests.contract.homes import PATIENCE, in_threads


def is_readable(fd: int) -> bool:
    return bool(select.select([fd], [], [], 0)[0])


def test_a_waiter_is_woken_and_its_descriptor_becomes_readable(home: Home) -> None:
    with home.wake.waiter("news") as waiter:
        assert not is_readable(waiter.fileno())
        assert home.wake.notify("news") == 1
        assert is_readable(waiter.fileno())
        assert waiter.wait(0)


def test_waiting_clears_the_wake_up(home: Home) -> None:
    with home.wake.waiter("news") as waiter:
        home.wake.notify("news")
        assert waiter.wait(0)
        assert not waiter.wait(0)
        assert not is_readable(waiter.fileno())


def test_clear_forgets_wake_ups_that_came(home: Home) -> None:
    with home.wake.waiter("news") as waiter:
        home.wake.notify("news")
        waiter.clear()
        assert not waiter.wait(0)
        home.wake.notify("news")
        assert waiter.wait(0)


def test_clearing_nothing_is_harmless(home: Home) -> None:
    with home.wake.waiter("news") as waiter:
        waiter.clear()
        assert home.wake.notify("news") == 1
        assert waiter.wait(0)


def test_a_wake_up_between_entering_and_waiting_is_not_missed(home: Home) -> None:
    with home.wake.waiter("news") as waiter:
        in_threads([lambda: home.wake.notify("news")])
        assert waiter.wait(PATIENCE)


def test_nobody_there_to_wake(home: Home) -> None:
    assert home.wake.notify("news") == 0
    assert home.wake.notify("news", 5) == 0


def test_a_notice_is_not_kept_for_those_who_come_later(home: Home) -> None:
    home.wake.notify("news")
    with home.wake.waiter("news") as waiter:
        assert not waiter.wait(0)


def test_all_waiters_of_the_channel_are_woken_without_a_count(home: Home) -> None:
    waiters = [home.wake.waiter("news") for _ in range(3)]
    with home.wake.waiter("other") as other:
        assert home.wake.notify("news") == 3
        assert [w.wait(0) for w in waiters] == [True] * 3
        assert not other.wait(0)
    for waiter in waiters:
        waiter.close()


@pytest.mark.parametrize(("count", "woken"), [(0, 0), (1, 1), (2, 2), (9, 3)])
def test_so_many_are_woken_as_asked_for(home: Home, count: int, woken: int) -> None:
    waiters = [home.wake.waiter("news") for _ in range(3)]
    assert home.wake.notify("news", count) == woken
    assert sum(w.wait(0) for w in waiters) == woken
    for waiter in waiters:
        waiter.close()


def test_two_notices_wake_two_different_waiters(home: Home) -> None:
    waiters = [home.wake.waiter("news") for _ in range(3)]
    assert [home.wake.notify("news", 1) for _ in range(4)] == [1, 1, 1, 0]
    assert [w.wait(0) for w in waiters] == [True] * 3
    for waiter in waiters:
        waiter.close()


def test_who_has_left_is_not_woken(home: Home) -> None:
    with home.wake.waiter("news"):
        pass
    assert home.wake.notify("news") == 0


def test_leaving_twice_is_harmless(home: Home) -> None:
    waiter = home.wake.waiter("news")
    waiter.close()
    waiter.close()
    assert home.wake.notify("news") == 0


def test_a_sleeping_thread_is_woken(home: Home) -> None:
    ready = threading.Event()

    def sleep() -> bool:
        with home.wake.waiter("news") as waiter:
            ready.set()
            return waiter.wait(PATIENCE)

    with ThreadPoolExecutor(1) as pool:
        woken = pool.submit(sleep)
        assert ready.wait(PATIENCE)
        home.wake.notify("news")
        assert woken.result(PATIENCE)


def test_notices_of_many_threads_wake_as_many_waiters(home: Home) -> None:
    waiters = [home.wake.waiter("news") for _ in range(12)]
    counts: list[int] = []
    in_threads([lambda: counts.append(home.wake.notify("news", 2)) for _ in range(4)])
    assert sum(counts) == 8
    assert sum(w.wait(0) for w in waiters) == 8
    for waiter in waiters:
        waiter.close()


def test_functions_and_queues_have_channels_of_their_own() -> None:
    assert jobs_channel("f") != queue_channel("f")
    assert jobs_channel("f") != jobs_channel("g")
