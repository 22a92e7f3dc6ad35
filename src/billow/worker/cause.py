"""Why a child process ended, in words for the owner of the job it was running."""

from __future__ import annotations

import os
import signal
from typing import NamedTuple

from billow.job import Failure
from billow.options import Limits
from billow.units import human_size, human_time, seconds

#: A process that was killed while it had this share of its memory limit counts as out of memory.
_NEAR_LIMIT = 0.9


class Ending(NamedTuple):
    """How a process ended: its exit status, or the signal that killed it."""

    status: int | None
    signal: int | None


class Circumstances(NamedTuple):
    """What was known when the process ended."""

    limits: Limits
    #: The parent killed it because its job took too long.
    timed_out: bool = False
    #: Bytes in use when last looked, and whether the kernel has killed for memory since then.
    resident: int = 0
    oom_killed: bool = False


def ending_of(answer: os.waitid_result) -> Ending:
    """What the system says about a process that ended."""
    if answer.si_code == os.CLD_EXITED:
        return Ending(answer.si_status, None)
    return Ending(None, answer.si_status)


def why(ending: Ending, known: Circumstances) -> Failure:
    """The failure of the job that a process was running when it ended."""
    limits = known.limits
    if known.timed_out:
        limit = human_time(seconds(limits.time))
        return Failure("timed out", f"it took longer than its limit of {limit}")
    if ending.signal is None:
        return Failure("exited", f"its process exited with status {ending.status}")
    if ending.signal == signal.SIGXCPU and limits.cpu is not None:
        limit = human_time(seconds(limits.cpu))
        return Failure("timed out", f"it used more CPU time than its limit of {limit}")
    if ending.signal == signal.SIGKILL and _memory_ran_out(known):
        return Failure("out of memory", _memory_words(known))
    return Failure("crashed", f"its process was killed by {_name(ending.signal)}")


def _memory_ran_out(known: Circumstances) -> bool:
    limit = known.limits.memory
    return known.oom_killed or (limit is not None and known.resident >= _NEAR_LIMIT * limit)


def _memory_words(known: Circumstances) -> str:
    words = f"its process was killed when it used {human_size(known.resident)} of memory"
    if known.limits.memory is None:
        return words
    return f"{words}; its limit is {human_size(known.limits.memory)}"


def _name(number: int) -> str:
    try:
        name = signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
    described = signal.strsignal(number)
    return f"signal {number}, {name} ({described})" if described else f"signal {number}, {name}"
