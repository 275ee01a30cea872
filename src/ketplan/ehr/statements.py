"""CapabilityStatements, asked for once in a while: they are large, and change with an upgrade of the EHR."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from ketplan.ehr.capabilities import Capabilities
from ketplan.errors import NotSupported

FRESH_SECONDS = 900.0

Ask = Callable[[str | None], tuple[Capabilities | None, str | None]]


@dataclass(frozen=True)
class Statement:
    found: Capabilities
    etag: str | None
    at: float


class Statements:
    """What each EHR last said, for one process. `clock` is any monotonic clock, in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: dict[str, Statement] = {}
        self._no_batch: dict[str, float] = {}
        self._lock = Lock()

    def known(self, base: str) -> Capabilities | None:
        """What the EHR at `base` said a while ago, without asking it."""
        known = self._kept.get(base)
        return known.found if known and self._clock() - known.at < FRESH_SECONDS else None

    def no_batch(self, base: str) -> None:
        """The EHR has refused a batch, whatever it says."""
        with self._lock:
            self._no_batch[base] = self._clock()

    def batch_refused(self, base: str) -> bool:
        """Whether it did so a while ago."""
        at = self._no_batch.get(base)
        return at is not None and self._clock() - at < FRESH_SECONDS

    def of(self, base: str, ask: Ask) -> Capabilities:
        """The statement of the EHR at `base`. `ask` is handed the ETag that is known, and answers None for
        the statement when nothing has changed since. What it raises is not kept."""
        known, now = self._kept.get(base), self._clock()
        if known and now - known.at < FRESH_SECONDS:
            return known.found
        fresh, etag = ask(known.etag if known else None)
        if fresh is not None:
            known = Statement(fresh, etag, now)
        elif known is not None:
            known = Statement(known.found, known.etag, now)
        else:
            raise NotSupported("The EHR does not describe what it can do (no CapabilityStatement).")
        with self._lock:
            self._kept[base] = known
        return known.found
