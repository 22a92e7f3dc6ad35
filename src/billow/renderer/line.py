"""The line of renditions that wait to be made: bounded, newest first, each only once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from billow.clock import Clock
from billow.errors import Error
from billow.rendition import Wanted
from billow.renditions.errors import Broken, Busy, Crashed, Left, Unrenderable

#: Seconds for which a rendition that failed is not tried again, and how many are remembered.
FORGET_AFTER = 60.0
REMEMBERED = 10_000

#: Processes that may leave without making one rendition, before nobody waits for the next.
LEFT = 16

#: Told what became of the rendition: nothing wrong, or why not.
Answer = Callable[[Error | None], None]

#: Names a rendition.
Key = tuple[str, int, str]


class Waiter(NamedTuple):
    """Somebody who waits for a rendition until a time."""

    answer: Answer
    until: float


@dataclass(slots=True)
class Order:
    """A rendition that is to be made, and who waits for it."""

    wanted: Wanted
    waiters: list[Waiter] = field(default_factory=list)
    #: A process has died of it already.
    crashed: bool = False
    #: How many processes left without making it.
    left: int = 0


def key_of(wanted: Wanted) -> Key:
    """What names a rendition."""
    return wanted.collection, wanted.id, wanted.name


class Line:
    """Who asked last is served first: whoever has waited long is the likeliest to have left.

    Args:
        room: how many renditions may wait; one more, and the one that waits longest has to go.
        clock: the time.
        pace: gives the seconds that a rendition in the line takes now, for telling when to return.
    """

    def __init__(self, room: int, clock: Clock, pace: Callable[[], float]) -> None:
        self._room = room
        self._clock = clock
        self._pace = pace
        #: Oldest first.
        self._waiting: dict[Key, Order] = {}
        self._running: dict[Key, Order] = {}
        #: Nobody has asked for these yet.
        self._early: dict[Key, Wanted] = {}
        self._failed: dict[Key, tuple[Error, float]] = {}
        #: Renditions that were refused because too many waited, or that nobody waited for any more.
        self.refused = 0
        self.expired = 0

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def running(self) -> int:
        """How many are being made."""
        return len(self._running)

    def ask(self, wanted: Wanted, within: float, answer: Answer) -> None:
        """Ask for a rendition, with others who want the same if there are any."""
        key, now = key_of(wanted), self._clock.now()
        waiter = Waiter(answer, now + within)
        if (wrong := self._known_failure(key, now)) is not None:
            answer(wrong)
        elif (order := self._running.get(key)) is not None:
            order.waiters.append(waiter)
        else:
            order = self._waiting.pop(key, None) or Order(wanted)
            order.waiters.append(waiter)
            self._waiting[key] = order
            self._drop_oldest()

    def next(self) -> Wanted | None:
        """The rendition to make now: the newest that anybody still waits for."""
        now = self._clock.now()
        while self._waiting:
            key, order = self._waiting.popitem()
            if any(waiter.until > now for waiter in order.waiters):
                self._running[key] = order
                return order.wanted
            self.expired += 1
            self._refuse(order, "it took too long to render this; try again")
        return None

    def warm(self, wanted: Wanted) -> None:
        """Note what may be asked for soon, if there is room."""
        if len(self._early) < self._room:
            self._early.setdefault(key_of(wanted), wanted)

    def next_early(self) -> Wanted | None:
        """What may be asked for soon and can be made now, as nobody waits for anything else."""
        now = self._clock.now()
        while self._early and not self._waiting:
            key, wanted = self._early.popitem()
            if key not in self._running and self._known_failure(key, now) is None:
                self._running[key] = Order(wanted)
                return wanted
        return None

    def done(self, key: Key, wrong: Error | None) -> None:
        """Tell everybody who waits for it what became of a rendition."""
        order = self._running.pop(key, None)
        if isinstance(wrong, Crashed) and order is not None and not order.crashed:
            order.crashed = True  # perhaps by chance; the second time it is the file's fault
            self._waiting[key] = order
            return
        if isinstance(wrong, Left) and order is not None and order.left < LEFT:
            order.left += 1
            self._waiting[key] = order
            return
        if isinstance(wrong, (Unrenderable, Broken)):
            self._remember(key, wrong)
        for waiter in order.waiters if order else []:
            waiter.answer(wrong)

    def forget(self) -> None:
        """Forget what failed."""
        self._failed.clear()

    def _known_failure(self, key: Key, now: float) -> Error | None:
        wrong, until = self._failed.get(key, (None, 0.0))
        if wrong is not None and until <= now:
            del self._failed[key]
            return None
        return wrong

    def _remember(self, key: Key, wrong: Error) -> None:
        if len(self._failed) >= REMEMBERED:
            del self._failed[next(iter(self._failed))]
        self._failed[key] = wrong, self._clock.now() + FORGET_AFTER

    def _drop_oldest(self) -> None:
        if len(self._waiting) > self._room:
            order = self._waiting.pop(next(iter(self._waiting)))
            self.refused += 1
            self._refuse(order, "too many pictures wait to be rendered")

    def _refuse(self, order: Order, why: str) -> None:
        rest = min(30, max(1, round(len(self._waiting) * self._pace())))
        for waiter in order.waiters:
            waiter.answer(Busy(why, retry_after=rest))
