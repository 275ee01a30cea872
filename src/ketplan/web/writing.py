"""Writing beside the request that asked for it, one job per patient: a second click finds the first one's.

What is kept here is for the page alone. The journal in the store is the truth, also after a crash.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import TYPE_CHECKING

from ketplan.errors import EhrError, KetplanError
from ketplan.writeback.steps import Receipt

if TYPE_CHECKING:
    from ketplan.web.context import Run

log = logging.getLogger("ketplan.web")

Key = tuple[str, str]


@dataclass
class Writing:
    """One run as the page sees it. `changes` are why nothing was sent: it was not what had been shown."""

    plan_id: str = ""
    changes: tuple[str, ...] = ()
    receipt: Receipt | None = None
    error: KetplanError | None = None
    done: Event = field(default_factory=Event)


class Writings:
    """The runs of this process, by EHR and patient."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._kept: dict[Key, Writing] = {}
        self._lock = Lock()

    def start(self, key: Key, job: Callable[[Writing], None]) -> Writing:
        """Begin a run, unless one for this patient is under way: then that one."""
        with self._lock:
            running = self._kept.get(key)
            if running and not running.done.is_set():
                return running
            writing = self._kept[key] = Writing()
        self._run(lambda: _carry_out(writing, job))
        return writing

    def of(self, key: Key) -> Writing | None:
        return self._kept.get(key)

    def take_changes(self, key: Key) -> tuple[str, ...]:
        """Why the last run sent nothing, told once."""
        with self._lock:
            writing = self._kept.get(key)
            if writing is None or not writing.changes:
                return ()
            del self._kept[key]
            return writing.changes


def _carry_out(writing: Writing, job: Callable[[Writing], None]) -> None:
    try:
        job(writing)
    except KetplanError as error:
        writing.error = error
    except Exception as error:
        log.error("writing a plan failed: %s", type(error).__name__)
        writing.error = EhrError("The writing stopped because of a fault in ketplan.")
    finally:
        writing.done.set()
