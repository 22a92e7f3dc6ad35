"""What messages say."""

from __future__ import annotations

import time
from typing import NamedTuple

from billow.ops.pager.outbox import Parcel
from billow.ports.incidents import Incident


class Words(NamedTuple):
    """A message: one line, and the whole."""

    subject: str
    text: str


def words(parcel: Parcel, app: str, url: str, code: str = "") -> Words:
    """What a parcel says.

    Args:
        parcel: what is sent.
        app: what the service is called.
        url: where people reach it; "" if that is not known.
        code: what verifies the contact, for a message of kind `code`.
    """
    who = parcel.contact.person
    if parcel.kind == "code":
        text = f"The code {code} verifies that {app} can reach {who} here.\n"
        return Words(f"{app}: code {code}", text)
    if parcel.kind == "test":
        text = f"This is a test alert of {app} for {who}. You would be paged just so.\n"
        return Words(f"{app}: test alert for {who}", text)
    if parcel.kind == "shift":
        return _shift(parcel, app, url)
    verb = {"page": "", "acknowledged": "acknowledged: ", "resolved": "resolved: "}[parcel.kind]
    lines = [_line(each, verb, url) for each in parcel.incidents]
    if len(parcel.incidents) == 1:
        incident = parcel.incidents[0]
        subject = f"{verb}[{incident.severity}] {incident.service}: {incident.summary}"
        return Words(subject[:200], _whole(incident, lines[0], parcel.kind))
    subject = f"{len(parcel.incidents)} alerts of {app}"
    return Words(subject, "\n\n".join(lines) + "\n")


def _shift(parcel: Parcel, app: str, url: str) -> Words:
    """That a shift begins soon; its times are those of this machine's clock."""
    rota, start, end = parcel.notices[0].run.split()
    begin, finish = (
        time.strftime("%a %d %b %H:%M", time.localtime(float(t))) for t in (start, end)
    )
    text = f"You are on call for {rota} from {begin} to {finish}.\n"
    if url:
        text += f"\n{url}/oncall\n"
    return Words(f"{app}: on call for {rota} from {begin}", text)


def _moment(at: str) -> str:
    return time.strftime("%a %d %b %H:%M", time.localtime(float(at)))


def _line(incident: Incident, verb: str, url: str) -> str:
    text = f"#{incident.number} {verb}[{incident.severity}] {incident.service}: {incident.summary}"
    return f"{text}\n{url}/incidents/{incident.number}" if url else text


def _whole(incident: Incident, line: str, kind: str) -> str:
    parts = [line]
    if kind == "page":
        parts.append(f"Noticed by {incident.source or 'somebody'}; signs so far: {incident.signs}.")
        parts.append(
            "Acknowledge it on its page, or by: "
            f"billow incidents ack {incident.number}. Until then the next level follows."
        )
    elif kind == "acknowledged":
        parts.append(f"By {incident.acked_by}.")
    return "\n\n".join(parts) + "\n"
