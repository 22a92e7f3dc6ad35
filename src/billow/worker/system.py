"""What Linux tells about processes, and what it can be told. Elsewhere nothing of it is known."""

from __future__ import annotations

import os
import resource
import signal

_PAGE = resource.getpagesize()
_PR_SET_PDEATHSIG = 1


def resident(pid: int) -> int:
    """Bytes of memory that a process has in use; 0 if that cannot be known."""
    return _statm(f"/proc/{pid}/statm", 1)


def private() -> int:
    """Bytes of private memory that this process has claimed: what its memory limit counts."""
    return _statm("/proc/self/statm", 5)


def _statm(path: str, place: int) -> int:
    try:
        with open(path, "rb") as file:
            return int(file.read().split()[place]) * _PAGE
    except (OSError, ValueError, IndexError):
        return 0


def oom_kills() -> int | None:
    """How many processes the kernel has killed because memory ran out."""
    try:
        with open("/proc/vmstat", "rb") as file:
            for line in file:
                if line.startswith(b"oom_kill "):
                    return int(line.split()[1])
    except (OSError, ValueError):
        pass
    return None


def limit_memory(size: int | None) -> None:
    """Let this process claim at most `size` bytes of private memory; None is no limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    soft = resource.RLIM_INFINITY if size is None else size
    if hard != resource.RLIM_INFINITY and not 0 <= soft <= hard:
        soft = hard
    resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def limit_cpu(seconds: float) -> None:
    """Have this process killed by SIGXCPU once it used so much CPU time from now on."""
    used = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = max(1, round(used + seconds + 0.5))
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def forbid_core_files() -> None:
    """Write no memory image if this process crashes."""
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))


def offer_to_oom_killer() -> None:
    """If memory runs out, have the kernel kill this process rather than its parent."""
    try:
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("500")
    except OSError:
        pass


def die_with_parent(parent: int) -> None:
    """Have this process killed when its parent dies; leave at once if that happened already."""
    import ctypes  # noqa: PLC0415 - the child alone needs it, and it is slow to load

    try:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    except (OSError, AttributeError):
        return
    if os.getppid() != parent:
        os._exit(1)
