"""The alarms of an app: those that it declares, and those that every app has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from billow.errors import DeclarationError
from billow.ops.action import Action
from billow.ops.alarm import Alarm
from billow.ops.composite import check_circles, names_in
from billow.ops.paging import Severity


@dataclass(frozen=True, slots=True)
class Watched:
    """An alarm, and what follows from it."""

    alarm: Alarm
    #: What is done, in this order, at first without anybody.
    do: tuple[Action, ...] = ()
    #: The service whose people are paged; empty: nobody is.
    page: str = ""
    severity: Severity = "error"
    #: Whether every app has it.
    default: bool = False
    #: Whether what is done is only told of, not done.
    dry: bool = True


def in_order(every: Iterable[Watched]) -> list[Watched]:
    """The alarms, each after those that it is made of.

    Raises:
        DeclarationError: one names an alarm that is not there, or they lead in a circle.
    """
    by_name = {one.alarm.name: one for one in every}
    terms = {name: one.alarm.term for name, one in by_name.items() if one.alarm.term is not None}
    check_circles(terms, by_name)
    for name, one in by_name.items():
        if one.alarm.unless and one.alarm.unless not in by_name:
            raise DeclarationError(f"alarm {name!r}: there is no alarm {one.alarm.unless!r}")
    ordered: dict[str, Watched] = {}
    for name in by_name:
        _place(name, by_name, ordered)
    return list(ordered.values())


def _place(name: str, by_name: Mapping[str, Watched], ordered: dict[str, Watched]) -> None:
    if name in ordered:
        return
    term = by_name[name].alarm.term
    for below in sorted(names_in(term)) if term is not None else ():
        _place(below, by_name, ordered)
    ordered[name] = by_name[name]


def usual_alarms(
    queues: Mapping[str, str],
    page: str = "",
    *,
    archives: bool = False,
    calls: Mapping[str, str] | None = None,
) -> list[Watched]:
    """The golden signals of every app.

    Args:
        queues: the queue of each function, by the function's name.
        page: the service whose people are paged.
        archives: whether plans move files to the archive.
        calls: what each function depends on outside; empty for none.
    """
    made = [
        _usual("processors", "host.cpu > 90 % for 5 min", "warning", "The machine is busy."),
        _usual("memory", "host.memory > 90 % for 5 min", "error", "Processes may soon be killed."),
        _usual("disk", "host.disk > 90 % for 5 min", "critical", "When it is full, nothing can be"
               " accepted any more.", Action("free disk"), unless="disk full"),
        _usual("disk full", "host.full > 0 for 1 min", "critical", "Nothing new is accepted until"
               " there is room on the disk.", Action("free disk")),
        _usual("web errors", "web.errors / web.requests > 10 % for 5 min", "critical",
               "More than one request in ten fails."),
        _usual("web latency", "web.latency > 5 s for 5 min", "error", "Answers take long."),
        _usual("dead letters", "jobs.dead > 0 for 1 min", "warning",
               "Jobs have failed for good. See the page Dead letters."),
        _usual("cut off", "breaker.open > 0 for 10 min", "error",
               "Jobs are kept back, because what they call does not work."),
    ]  # fmt: skip
    for function, queue in queues.items():
        about = f"function.{function}"
        called = (calls or {}).get(function, "")
        cut = (Action("open breaker", called),) if called else ()
        made += [
            _usual(f"{function} errors", f"{about}.errors / {about}.tries > 10 % for 5 min",
                   "error", "More than one try in ten fails.", *cut),
            _usual(f"{function} backlog", f"queue.{queue}.oldest.max > 10 min for 5 min", "error",
                   "Jobs wait long for a worker.", Action("requeue", function)),
        ]  # fmt: skip
    if archives:
        made.append(
            _usual("restores", "archive.stuck > 0 for 5 min", "error",
                   "Files should long be back from the archive.", Action("retry thaws"))
        )  # fmt: skip
    return [Watched(one.alarm, one.do, page, one.severity, default=True, dry=False) for one in made]


def _usual(
    name: str, when: str, severity: Severity, about: str, *do: Action, unless: str = ""
) -> Watched:
    return Watched(Alarm(name, when, about=about, unless=unless), do, severity=severity)
