"""How the console words numbers, times and policies."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

from billow.fleet.fixed import Fixed
from billow.fleet.policy import Policy
from billow.fleet.queue import Queue
from billow.fleet.step import StepScaling
from billow.fleet.tracking import TargetTracking
from billow.units import human_time, per_second, seconds

#: What happened to a fleet, a worker or a process, in a word or two.
KINDS = {
    "scale.out": "Scaled out",
    "scale.in": "Scaled in",
    "scale.bound": "At its bound",
    "worker.launched": "Worker launched",
    "worker.ready": "Worker ready",
    "worker.draining": "Worker draining",
    "worker.stopped": "Worker stopped",
    "worker.crashed": "Worker crashed",
    "worker.killed": "Worker killed",
    "alarm.ok": "Alarm off",
    "alarm.alarm": "Alarm on",
    "alarm.insufficient_data": "Alarm lacks data",
    "watch.ok": "Has data, is OK",
    "watch.insufficient_data": "Lacks data",
    "remedy.done": "Remedy taken",
    "remedy.helped": "Remedy helped",
    "remedy.failed": "Remedy failed",
    "remedy.held": "Remedy held back",
    "remedy.dry-run": "Remedy, dry run",
    "remedy.exhausted": "No remedy left",
    "remedy.lifted": "Remedy ended",
    "contact.off": "Contact off",
    "contact.on": "Contact on again",
    "breaker.opened": "Breaker opened",
    "breaker.tried": "Tried in vain",
    "breaker.closed": "Breaker closed",
    "disk.released": "Disk full",
    "disk.held-back": "Disk has room",
    "shed.began": "Load is shed",
    "shed.ended": "Load is shed no more",
    "process.started": "Process started",
    "process.restarted": "Process restarted",
    "process.stopped": "Process stopped",
    "job.failed": "Job failed",
    "service.started": "Service started",
    "service.stopped": "Service stopped",
}

#: Kinds of events that are worth a person's eye, and those that are good news.
_WORRYING = {"worker.crashed", "worker.killed", "process.restarted", "job.failed"}
_WORRYING |= {"remedy.failed", "remedy.exhausted", "breaker.opened", "disk.released"}


def number(value: float | None) -> str:
    """`value` for people: 12345 -> '12,345', 0.25 -> '0.25'."""
    if value is None:
        return "–"
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:,.1f}" if abs(value) >= 10 else f"{value:.2g}"


def count(value: int, one: str, many: str | None = None) -> str:
    """A number with its noun: (1, 'job') -> '1 job', (3, 'job') -> '3 jobs'."""
    return f"{value:,} {one if value == 1 else many or one + 's'}"


def span(value: float | None) -> str:
    """Seconds for people; a dash if there are none."""
    return "–" if value is None else human_time(value)


def ago(at: float | None, now: float | None = None) -> str:
    """How long ago `at` was, in words."""
    if at is None:
        return "–"
    past = (time.time() if now is None else now) - at
    if past < 0:
        return f"in {roughly(-past)}"
    return "just now" if past < 1 else f"{roughly(past)} ago"


def when(at: float | None) -> str:
    """A moment on this machine's clock, such as '20 Nov 2026, 21:46:23'."""
    if at is None:
        return ""
    return time.strftime("%d %b %Y, %H:%M:%S", time.localtime(at)).lstrip("0")


def clock(at: float) -> str:
    """The time of day, to the second."""
    return time.strftime("%H:%M:%S", time.localtime(at))


def iso(at: float | None) -> str:
    """A moment for machines (RFC 3339, UTC)."""
    if at is None:
        return ""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def pretty(value: Any) -> str:
    """A value as indented JSON."""
    return json.dumps(value, ensure_ascii=False, indent=2)


def kind(name: str) -> str:
    """What an event of this kind is called."""
    return KINDS.get(name, name.replace(".", " ").replace("_", " ").capitalize())


def tone(name: str) -> str:
    """Whether an event of this kind is `out`, `in`, `bad`, `alarm` or `plain`."""
    if name in _WORRYING:
        return "bad"
    return {"scale.out": "out", "scale.in": "in", "alarm.alarm": "alarm"}.get(name, "plain")


def policy(rule: Policy) -> str:
    """A scaling policy in a sentence."""
    if isinstance(rule, StepScaling):
        return _step_words(rule)
    if isinstance(rule, Queue):
        return (
            f"Keeps one worker for every {count_of(rule.per_worker)} waiting or running, at once; "
            f"shrinks after fewer have been enough for {_time(rule.shrink_after)}."
        )
    if isinstance(rule, Fixed):
        return f"Always {count(rule.size, 'worker')}."
    if isinstance(rule, TargetTracking):
        return _tracking_words(rule)
    return repr(rule)


def _tracking_words(rule: TargetTracking) -> str:
    targets = []
    if rule.requests_per_server is not None:
        targets.append(f"{per_second(rule.requests_per_server):g} requests a second each")
    if rule.latency is not None:
        targets.append(f"95 of 100 answers within {_time(rule.latency)}")
    if rule.cpu is not None:
        targets.append(f"{rule.cpu:.0%} of a core each")
    kept = ", ".join(targets)
    return (
        f"As many servers as keep to {kept}; "
        f"shrinks after fewer have been enough for {_time(rule.shrink_after)}."
    )


def count_of(jobs: float) -> str:
    """'job', '3 jobs' or '0.5 jobs'."""
    return "job" if jobs == 1 else f"{jobs:g} jobs"


def comparison(sign: str) -> str:
    """A comparison in words: '>=' -> 'at least'."""
    words = {">=": "at least", ">": "more than", "<=": "at most", "<": "less than"}
    return words.get(sign, sign)


def _step_words(rule: StepScaling) -> str:
    of = rule.periods or rule.datapoints
    how_often = "" if of == 1 else f", in {rule.datapoints} of {of} datapoints"
    return (
        f"Adds {count(rule.by, 'worker')} when the average of waiting jobs over "
        f"{_time(rule.period)} is {rule.out_at:g} or more, removes {rule.by} when it is "
        f"{rule.in_at:g} or less{how_often}; then rests for {_time(rule.cooldown)}."
    )


def _time(duration: Any) -> str:
    value = seconds(duration)
    return f"{value:g} s" if 1 <= value < 60 else human_time(value)


def roughly(value: float) -> str:
    """Seconds to one unit: 75 -> '1 min'."""
    if value < 60:
        return f"{value:.0f} s"
    if value < 3600:
        return f"{value // 60:.0f} min"
    return f"{value // 3600:.0f} h" if value < 48 * 3600 else f"{value // 86400:.0f} d"
