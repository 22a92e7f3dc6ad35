"""What can be done about an alarm without a person: `restart web`, `scale out top_words`."""

from __future__ import annotations

from dataclasses import dataclass

from billow.errors import DeclarationError

#: Kinds of actions, and what each does to its target.
KINDS = {
    "restart": "replaces the one member that hangs or fails, after it was drained if it can be",
    "recycle": "replaces the oldest or largest member, one at a time, after it was drained",
    "requeue": "gives back the jobs of workers that are gone",
    "scale out": "asks for one member more, within the bounds of the fleet",
    "free disk": "removes what can be made again",
    "open breaker": "keeps back the jobs that call something, until a try shows that it works",
    "shed load": "refuses the least important requests earlier, until the alarm is over",
    "retry thaws": "asks again for files that should long be back from the archive",
}
#: Those that are done to nothing in particular.
_WITHOUT_TARGET = {"free disk", "shed load", "retry thaws"}


@dataclass(frozen=True, slots=True)
class Action:
    """A kind of action and what it is done to: a function's fleet, `web`, or nothing in particular.

    Raises:
        DeclarationError: there is no such kind.
    """

    kind: str
    target: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise DeclarationError(f"{self.kind!r} is no action; there are {', '.join(KINDS)}")
        if (self.kind in _WITHOUT_TARGET) is bool(self.target):
            raise DeclarationError(
                f"{self.kind}: {'has no target' if self.target else 'say of what'}"
            )

    def __str__(self) -> str:
        return f"{self.kind} {self.target}".strip()

    @property
    def repeats(self) -> bool:
        """Whether it is asked for at each evaluation, as scaling is, not once for an alarm."""
        return self.kind == "scale out"

    @property
    def lasts(self) -> bool:
        """Whether it goes on, and is ended when the alarm is over."""
        return self.kind == "shed load"


def read_action(text: str) -> Action:
    """The action that a text says.

    Raises:
        DeclarationError: it says none.
    """
    words = " ".join(text.split())
    for kind in KINDS:
        if words == kind or words.startswith(f"{kind} "):
            return Action(kind, words[len(kind) :].strip())
    raise DeclarationError(f"{text!r} is no action; write one of {', '.join(KINDS)} and of what")
