"""`billow.Alarm`: what an author wants to be told of, or to have done something about."""

from __future__ import annotations

from billow.errors import DeclarationError
from billow.ops import composite, language
from billow.ops.conditions import Absent, Bound, Burn, Condition, Unusual
from billow.ops.judging import Missing
from billow.units import Duration, seconds

_NAME_LENGTH = 100


class Alarm:
    """Something to watch, evaluated as CloudWatch evaluates alarms.

    It is OK, in ALARM, or lacks data. See docs/alarms.md for the language.

    Args:
        name: what people call it; each alarm of an app has its own.
        when: what makes it ALARM, such as `web.latency.p95 > 500 ms for 3 min`, or a composite of
            other alarms such as `ALARM("slow pages") AND NOT ALARM("deploying")`.
        missing: what a missing datapoint counts as: "missing", "ignore", "breaching",
            "notBreaching".
        few: "evaluate" or "ignore" percentiles of so few values that they mean little.
        about: what it means and what to do, for whoever is told.
        unless: an alarm that holds this one's actions back while it is in ALARM.
        wait: how long actions are held back for that other alarm to come.
        extend: how long they are held back after it has gone.

    Raises:
        DeclarationError: a value is impossible; the message says what is allowed.
    """

    def __init__(
        self,
        name: str,
        when: str,
        *,
        missing: str = "missing",
        few: str = "evaluate",
        about: str = "",
        unless: str = "",
        wait: Duration = 0,
        extend: Duration = 0,
    ) -> None:
        if not 0 < len(name) <= _NAME_LENGTH or '"' in name or not name.isprintable():
            raise DeclarationError(
                f"alarm {name!r}: a name is 1 to {_NAME_LENGTH} characters, no quotes"
            )
        self.name = name
        self.when = " ".join(when.split())
        self.about = about
        self.unless = unless
        try:
            options = language.Options(_missing(missing), _few(few))
            self.wait, self.extend = seconds(wait), seconds(extend)
            #: What it watches; None if it is made of other alarms.
            self.condition: Condition | None = None
            #: The other alarms it is made of.
            self.term: composite.Term | None = None
            if composite.is_composite(when):
                self.term = composite.read(when)
            else:
                self.condition = language.read(when, options)
        except DeclarationError as problem:
            raise DeclarationError(f"alarm {name!r}: {problem.detail}") from None

    def __repr__(self) -> str:
        return f"Alarm({self.name!r}, {self.when!r})"

    @property
    def span(self) -> float:
        """Seconds that it looks back on; before they are over, nothing shows what has helped."""
        match self.condition:
            case Bound(threshold=rule) | Unusual(threshold=rule):
                return rule.period * rule.periods
            case Absent(span=span) | Burn(short=span):
                return span
            case _:
                return self.step

    @property
    def step(self) -> float:
        """Seconds between two evaluations."""
        return self.condition.step if self.condition else 10.0


def _missing(text: str) -> Missing:
    choices = [choice.value for choice in Missing]
    if text not in choices:
        raise DeclarationError(f"missing={text!r}: choose from {', '.join(choices)}")
    return Missing(text)


def _few(text: str) -> bool:
    if text not in ("evaluate", "ignore"):
        raise DeclarationError(f"few={text!r}: choose from evaluate, ignore")
    return text == "evaluate"
