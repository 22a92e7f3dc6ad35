"""What people tell alarms and remedies from outside: states set by hand, what is switched off."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias, get_args

from billow.errors import BadInput, NotFound
from billow.ops.judging import AlarmState
from billow.ports.journal import Journal

#: `on`: remedies act; `dry-run`: they only tell; `off`: they are not even considered.
Mode: TypeAlias = Literal["on", "dry-run", "off"]
MODES: tuple[str, ...] = get_args(Mode)

_ALARM, _CONTROL, _REMEDIES = "alarm.", "alarm-control.", "remedies"
_SHEDDING = "shedding"


def alarms(journal: Journal) -> dict[str, dict[str, Any]]:
    """Every alarm by name, as it was last seen."""
    board = journal.board(_ALARM)
    return {key.removeprefix(_ALARM): state for key, state in board.items()}


def show(journal: Journal, name: str, state: dict[str, Any]) -> None:
    """Put an alarm's state on the board."""
    journal.show(f"{_ALARM}{name}", state)


def control(journal: Journal, name: str) -> dict[str, Any]:
    """What people told an alarm; empty if nothing."""
    found = journal.shown(f"{_CONTROL}{name}")
    return found[0] if found else {}


def set_state(journal: Journal, name: str, state: str, reason: str, at: float) -> None:
    """Put an alarm into a state until it is evaluated next.

    Raises:
        BadInput: there is no such state.
        NotFound: there is no such alarm.
    """
    if state not in list(AlarmState):
        raise BadInput(f"{state!r} is no state; there are {', '.join(AlarmState)}")
    _tell(journal, name, {"state": state, "reason": reason or "set by hand", "asked": at})


def enable(journal: Journal, name: str, *, on: bool) -> None:
    """Switch an alarm's actions on or off; it is evaluated either way.

    Raises:
        NotFound: there is no such alarm.
    """
    _tell(journal, name, {"off": not on})


def mode(journal: Journal) -> Mode:
    """What remedies may do."""
    found = journal.shown(_REMEDIES)
    kept: Mode = found[0]["mode"] if found else "on"
    return kept


def set_mode(journal: Journal, to: str, reason: str = "") -> None:
    """Say what remedies may do; it holds at once, and until it is said otherwise.

    Raises:
        BadInput: there is no such mode.
    """
    if to not in MODES:
        raise BadInput(f"{to!r}: remedies are {', '.join(MODES)}")
    journal.show(_REMEDIES, {"mode": to, "reason": reason})
    journal.write(f"remedies.{to}", "remedies", reason or f"remedies are {to}")


def shed(journal: Journal, alarm: str, until: float, reason: str) -> None:
    """Have the least important requests refused early, for an alarm and at most `until`."""
    journal.show(_SHEDDING, {**_shed(journal), alarm: [until, reason]})


def lift(journal: Journal, alarm: str = "") -> bool:
    """End that for an alarm, or for all; False if there was nothing to end."""
    kept = _shed(journal)
    left = {name: why for name, why in kept.items() if alarm and name != alarm}
    if left == kept:
        return False
    journal.show(_SHEDDING, left)
    return True


def shedding(journal: Journal, now: float) -> tuple[float, str] | None:
    """Until when (UNIX seconds) load is shed, and why; None if it is not.

    While remedies are off it is not.
    """
    kept = [(until, reason) for until, reason in _shed(journal).values() if until > now]
    return max(kept) if kept and mode(journal) != "off" else None


def _shed(journal: Journal) -> dict[str, Any]:
    found = journal.shown(_SHEDDING)
    return found[0] if found else {}


def _tell(journal: Journal, name: str, more: dict[str, Any]) -> None:
    if journal.shown(f"{_ALARM}{name}") is None:
        known = ", ".join(sorted(alarms(journal))) or "none yet; a running service makes them"
        raise NotFound(f"there is no alarm {name!r}; there are: {known}")
    journal.show(f"{_CONTROL}{name}", {**control(journal, name), **more})
