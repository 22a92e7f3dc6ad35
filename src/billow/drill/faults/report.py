"""What came of a fault drill, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

import billow
from billow.drill.faults.app import PROMISED
from billow.drill.faults.scene import Course
from billow.drill.load.probe import Probed
from billow.units import human_time

#: The share of looks from outside that must find the service well: what the drill's app promises.
AVAILABLE = PROMISED / 100
#: Looks without which nothing can be said; a drill makes hundreds.
LEAST_LOOKS = 50


class Looks(NamedTuple):
    """How often somebody outside looked at the service, and when in vain."""

    made: int
    in_vain: Sequence[Probed] = ()

    @property
    def failed(self) -> int:
        """How often in vain."""
        return len(self.in_vain)

    @property
    def share(self) -> float | None:
        """The share that found it well; None if nobody looked."""
        return 1 - self.failed / self.made if self.made else None

    @property
    def enough(self) -> bool:
        """Whether it was well often enough, and looked at often enough to say so."""
        return self.made >= LEAST_LOOKS and self.share is not None and self.share >= AVAILABLE


@dataclass
class Report:
    """A fault drill. Times are UNIX seconds."""

    courses: list[Course]
    began: float
    ended: float
    looks: Looks
    #: Jobs that were asked for; those without the right result; those that had to be run again.
    jobs: int = 0
    lost: int = 0
    repeated: int = 0
    #: All pages that reached a person.
    pages: int = 0
    #: Letters that arrived, and copies of them.
    letters: int = 0
    doubled: int = 0
    #: Availability by time as the service itself counts it; None if it has not looked yet.
    own: float | None = None
    #: Faults that were left out, and why.
    skipped: dict[str, str] = field(default_factory=dict)

    def count_pages(self, keys: Sequence[str], still_open: Sequence[str]) -> None:
        """Take note of all pages, and of what would still page.

        Args:
            keys: the key of each page's incident.
            still_open: the keys of incidents that are not over.
        """
        self.pages = len(keys)
        for course in self.courses:
            course.pages = sum(course.is_about(key) for key in keys)
            course.still_open = any(course.is_about(key) for key in still_open)

    @property
    def passed(self) -> bool:
        """Whether all is well and was mostly, nothing was lost, and only those came who had to."""
        due = sum(each.must_page for each in self.courses)
        fine = all(each.passed for each in self.courses) and self.pages == due
        fine = fine and self.looks.enough
        return fine and not self.lost and not self.repeated and not self.doubled

    def document(self) -> dict[str, Any]:
        """For programs; times after the fault are in seconds, shares from 0 to 1."""
        return {
            "passed": self.passed,
            "version": billow.__version__,
            "seconds": round(self.ended - self.began, 1),
            "faults": [_shape(each) for each in self.courses],
            "skipped": self.skipped,
            "jobs": {"asked": self.jobs, "lost": self.lost, "repeated": self.repeated},
            "letters": {"arrived": self.letters, "twice": self.doubled},
            "pages": self.pages,
            "availability": {
                "looks": self.looks.made,
                "failed": [
                    {"what": each.what, "at": round(each.at, 1), "took": round(each.took, 2)}
                    for each in self.looks.in_vain
                ],
                "share": self.looks.share,
                "bound": AVAILABLE,
                "passed": self.looks.enough,
                "own": self.own,
            },
        }

    def lines(self) -> list[str]:
        """For people."""
        told = [line for each in self.courses for line in _lines(each)]
        told += [f"--   {name}: left out, {why}" for name, why in self.skipped.items()]
        looks = self.looks
        own = "" if self.own is None else f"; by the service's own looks {self.own:.1%}"
        return [
            f"fault drill, all at once, {human_time(self.ended - self.began)}",
            *told,
            f"jobs      {self.jobs} asked for, {self.lost} lost, {self.repeated} run again",
            f"letters   {self.letters} arrived, {self.doubled} twice",
            f"pages     {self.pages}",
            f"{'ok  ' if looks.enough else 'FAIL'} available {looks.share or 0:.2%}, at least "
            f"{AVAILABLE:.0%} is due: {looks.failed} of {looks.made} looks failed{own}",
            "PASSED" if self.passed else "FAILED",
        ]


def _shape(course: Course) -> dict[str, Any]:
    return {
        **{name: value for name, value in asdict(course).items() if name != "began"},
        "noticed": _after(course, course.noticed),
        "well": _after(course, course.well),
        "passed": course.passed,
    }


def _after(course: Course, at: float | None) -> float | None:
    return None if at is None else round(max(0.0, at - course.began), 1)


def _lines(course: Course) -> list[str]:
    sign = "ok  " if course.passed else "FAIL"
    noticed, well = _after(course, course.noticed), _after(course, course.well)
    return [
        f"{sign} {course.fault}: {course.injected}",
        f"     noticed  {_told(noticed)}{course.noticed_by}",
        f"     did      {course.did or 'nothing'}",
        f"     well     {_told(well)}{_pages(course)}",
    ]


def _pages(course: Course) -> str:
    if course.pages:
        return f"{course.pages} page" + "s" * (course.pages != 1)
    return "an incident is left" if course.still_open else "nobody was called"


def _told(seconds: float | None) -> str:
    return "never; " if seconds is None else f"after {seconds:g} s; "
