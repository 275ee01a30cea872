"""Reading a record beside the request that asked for it: a page can say how far it has come.

What was read stays in this process's memory, for its session alone, and is forgotten when nobody looks.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from threading import Event, Lock
from typing import TYPE_CHECKING, Any

from ketplan.ehr.capabilities import Capabilities
from ketplan.ehr.profiles.load import generic
from ketplan.ehr.profiles.model import Profile
from ketplan.errors import EhrError, KetplanError
from ketplan.fhir.record import RawSectionLike
from ketplan.workflow import Calendar, Practice

if TYPE_CHECKING:
    from ketplan.web.context import Connect, Glue, Run
    from ketplan.web.sessions import LiveSession

log = logging.getLogger("ketplan.web")

KEPT_UNSEEN = timedelta(minutes=20)
# What a full reading asks for: the patient and the record's searches; more may follow by reference.
MOST = 16


@dataclass(frozen=True)
class Progress:
    """One section as it came in: its name, how it went, how many entries."""

    name: str
    state: str
    count: int


@dataclass
class Reading:
    """One reading, under way or done: `began` when it was asked for, `read_at` when the record was there."""

    began: datetime
    seen: datetime
    progress: list[Progress] = field(default_factory=list)
    sections: tuple[RawSectionLike, ...] = ()
    abilities: Capabilities | None = None
    profile: Profile = field(default_factory=generic)
    calendars: dict[date, Calendar] = field(default_factory=dict)
    read_at: datetime | None = None
    error: KetplanError | None = None
    done: Event = field(default_factory=Event)

    def has(self, start: date) -> bool:
        return self.read_at is not None and start in self.calendars

    def note(self, section: RawSectionLike) -> None:
        self.progress.append(Progress(section.name, section.state, len(section.resources)))


class Readings:
    """The readings of this process, one per session. `run` starts a job, `now` is the process's clock."""

    def __init__(self, glue: Glue, connect: Connect, run: Run, now: Callable[[], datetime]) -> None:
        self._glue, self._connect, self._run, self._now = glue, connect, run, now
        self._kept: dict[str, Reading] = {}
        self._lock = Lock()

    def of(self, session: LiveSession, start: date, practice: Practice) -> Reading:
        """The session's reading, with the calendar around `start`; begun now where there is none yet."""
        now = self._now()
        with self._lock:
            self._forget_unseen(now)
            known = self._kept.get(session.lid)
            if known is None or known.began < session.read_after:
                known = self._kept[session.lid] = Reading(now, now)
                job = self._whole
            elif known.done.is_set() and known.error is None and not known.has(start):
                known.done.clear()
                job = self._calendar
            else:
                known.seen = now
                return known
        self._run(lambda: job(known, session, start, practice))
        return known

    def afresh(self, session: LiveSession, start: date, practice: Practice) -> Reading:
        """Read everything again and wait for it; raises what went wrong."""
        now = self._now()
        reading = Reading(now, now)
        self._whole(reading, session, start, practice)
        if reading.error:
            raise reading.error
        with self._lock:
            self._kept[session.lid] = reading
        return reading

    def kept(self, lid: str) -> Reading | None:
        """What is there already, without asking the EHR."""
        return self._kept.get(lid)

    def forget(self, lid: str) -> None:
        with self._lock:
            self._kept.pop(lid, None)

    def _forget_unseen(self, now: datetime) -> None:
        for lid in [lid for lid, r in self._kept.items() if now - r.seen > KEPT_UNSEEN]:
            del self._kept[lid]

    def _whole(self, reading: Reading, session: LiveSession, start: date, practice: Practice) -> None:
        with _reported(reading):
            client = self._connect(session.iss, session.token)
            reading.sections = tuple(self._glue.read_chart(client, session.patient, reading.note))
            reading.abilities, reading.profile = _abilities(client), client.profile
            reading.calendars = {start: self._glue.read_calendar(client, start, practice, session.patient)}
            reading.read_at = self._now()

    def _calendar(self, reading: Reading, session: LiveSession, start: date, practice: Practice) -> None:
        with _reported(reading):
            client = self._connect(session.iss, session.token)
            found = self._glue.read_calendar(client, start, practice, session.patient)
            reading.calendars = {**reading.calendars, start: found}


@contextmanager
def _reported(reading: Reading) -> Iterator[None]:
    """Nobody waits for the job's return: whatever happens is left in the reading, and it ends as done."""
    try:
        yield
    except KetplanError as error:
        reading.error = error
    except Exception as error:
        log.error("reading a record failed: %s", type(error).__name__)
        reading.error = EhrError("The record could not be read because of a fault in ketplan.")
    finally:
        reading.done.set()


def _abilities(client: Any) -> Capabilities | None:
    """What the EHR says it takes; None when it does not say."""
    try:
        found: Capabilities = client.capabilities()
    except EhrError:
        return None
    return found
