"""Which process we are, and whether another one of this machine still lives."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


def this_host() -> str:
    """The machine, and the container in it: process numbers mean something only within one such name."""
    try:
        namespace = os.readlink("/proc/self/ns/pid")
    except OSError:
        namespace = ""
    return f"{socket.gethostname()}/{namespace}"


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it runs, for another user
        return True
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    """Dead, but nobody has asked for it yet: a killed worker whose parent does not look."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return False
    return state in ("Z", "X")


@dataclass(frozen=True)
class Process:
    """This process, as it is entered beside what it holds; `running` says whether another one lives."""

    host: str = field(default_factory=this_host)
    pid: int = field(default_factory=os.getpid)
    running: Callable[[int], bool] = is_running

    def knows_dead(self, host: str, pid: int) -> bool:
        """Of another machine's processes nothing is known, and this one lives."""
        return host == self.host and pid != self.pid and not self.running(pid)
