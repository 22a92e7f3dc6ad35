"""An incident told afterwards, as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from billow.ports.incidents import Event, Incident, Notice
from billow.ports.journal import Entry
from billow.units import human_time


def summary(
    incident: Incident, events: Sequence[Event], notices: Sequence[Notice], entries: Iterable[Entry]
) -> str:
    """The post-incident summary.

    Args:
        incident: what it is about.
        events: what happened to it.
        notices: who was told.
        entries: what the service did meanwhile, from its journal.
    """
    lines = [f"# Incident {incident.number}: {_cell(incident.summary)}", "", *_facts(incident)]
    lines += [f"- {name}: {value}" for name, value in _times(incident, events, notices)]
    lines += ["", "## What happened", "", "| when (UTC) | what | |", "| --- | --- | --- |"]
    told = [(each.at, each.kind.replace("_", " "), each.text, each.who) for each in events]
    told += [(each.at, each.kind, f"{each.subject}: {each.reason}", "") for each in entries]
    for at, kind, text, who in sorted(told):
        lines.append(
            f"| {_clock(at)} | {_cell(kind)} | {_cell(text)}{f' ({who})' if who else ''} |"
        )
    lines += [
        "",
        "## Who was told",
        "",
        "| whom | what | asked for | outcome |",
        "| --- | --- | --- | --- |",
    ]
    for each in notices:
        outcome = f"{each.state} {_clock(each.done)}" if each.done else each.state
        lines.append(f"| {each.person} | {each.kind} | {_clock(each.created)} | {outcome} |")
    lines += ["", "## Cause", "", "_To be written._", "", "## What changes", "", "_To be written._"]
    return "\n".join(lines) + "\n"


def _facts(incident: Incident) -> list[str]:
    return [
        f"- service: {incident.service}",
        f"- severity: {incident.severity}",
        f"- noticed by: {_cell(incident.source)}",
        f"- signs: {incident.signs}",
        f"- state: {incident.state}",
    ]


def _times(
    incident: Incident, events: Sequence[Event], notices: Sequence[Notice]
) -> list[tuple[str, str]]:
    """The figures that people compare incidents by."""
    found = [("began", f"{_clock(incident.created)} UTC")]
    sent = [each.done for each in notices if each.kind == "page" and each.state == "sent"]
    first = min((at for at in sent if at is not None), default=None)
    acked = next((each.at for each in events if each.kind == "acked"), None)
    marks = (("paged after", first), ("acknowledged after", acked), ("lasted", incident.resolved))
    for name, at in marks:
        if at is not None:
            found.append((name, human_time(max(0.0, at - incident.created))))
    return found


def _clock(at: float | None) -> str:
    return "" if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _cell(text: str) -> str:
    """Text that stays in its cell."""
    return " ".join(text.split()).replace("|", "\\|")
