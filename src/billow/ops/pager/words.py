"""What messages say."""

from __future__ import annotations

import time
from typing import NamedTuple

from billow.ops.pager.outbox import Parcel
from billow.ports.incidents import Incident

#: Kinds of messages that are about a rota and no incident.
ABOUT_ROTAS = ("shift", "gap", "unreachable")


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
    if parcel.kind in ABOUT_ROTAS:
        say = {"shift": _shift, "gap": _gap, "unreachable": _unreachable}[parcel.kind]
        return say(parcel, app, f"\n{url}/oncall\n" if url else "")
    verb = {"page": "", "acknowledged": "acknowledged: ", "resolved": "resolved: "}[parcel.kind]
    lines = [_line(each, verb, url) for each in parcel.incidents]
    if len(parcel.incidents) == 1:
        incident = parcel.incidents[0]
        subject = f"{verb}[{incident.severity}] {incident.service}: {incident.summary}"
        return Words(subject[:200], _whole(incident, lines[0], parcel.kind))
    subject = f"{len(parcel.incidents)} alerts of {app}"
    return Words(subject, "\n\n".join(lines) + "\n")


def _shift(parcel: Parcel, app: str, where: str) -> Words:
    """That a shift begins soon; times are those of this machine's clock."""
    rota, start, end = parcel.notices[0].run.split()
    begin, finish = _moment(start), _moment(end)
    text = f"You are on call for {rota} from {begin} to {finish}.\n{where}"
    return Words(f"{app}: on call for {rota} from {begin}", text)


def _gap(parcel: Parcel, app: str, where: str) -> Words:
    """That nobody will be on call."""
    rota, start, end, count = parcel.notices[0].run.split()
    begin, finish = _moment(start), _moment(end)
    more = "" if count == "1" else f", and {int(count) - 1} times more within 30 days"
    text = f"Nobody is on call for {rota} from {begin} to {finish}{more}.\n"
    text += f"Incidents would page everybody then.\n{where}"
    return Words(f"{app}: nobody is on call for {rota} from {begin}", text)


def _unreachable(parcel: Parcel, app: str, where: str) -> Words:
    """That somebody who will be on call cannot be paged."""
    rota, at, person = parcel.notices[0].run.split(maxsplit=2)
    text = f"{person} is on call for {rota} from {_moment(at)}, and cannot be paged: there is no "
    text += f"contact that is verified, works and is switched on.\n{where}"
    return Words(f"{app}: {person} is on call for {rota} and cannot be paged", text)


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
