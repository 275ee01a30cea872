"""What every page across patients begins with: who is asking, what was gathered, the rows that follow."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from ketplan.scheduling.coordinating.seen import CourseSeen
from ketplan.scheduling.coordinating.worklist import Item, Moment, items
from ketplan.web.clinic.courses import courses
from ketplan.web.clinic.gathering import Gathering, gatherings
from ketplan.web.clinic.sessions import ClinicSession, current
from ketplan.web.context import desk

WAIT_SECONDS = 8.0
"""So long a page waits for the EHR before it says that it is still reading."""


class StillGathering(Exception):
    """The EHR has not answered yet: the page says so and renews itself."""


@dataclass(frozen=True)
class Clinic:
    """The clinic as this user may see it."""

    session: ClinicSession
    gathering: Gathering
    courses: tuple[CourseSeen, ...]
    moment: Moment

    @cached_property
    def items(self) -> tuple[Item, ...]:
        return tuple(items(self.courses, self.moment))

    @property
    def clinicians(self) -> list[str]:
        return sorted({course.clinician for course in self.courses if course.clinician})

    @property
    def therapists(self) -> list[str]:
        return sorted({person for course in self.courses for person in course.therapists})

    def item(self, id: str) -> Item | None:
        """The row of this id, if it is still one that this user may see."""
        return next((item for item in self.items if item.id == id), None)

    def course(self, plan: str) -> CourseSeen | None:
        return next((course for course in self.courses if course.plan == plan), None)


def open_clinic() -> Clinic:
    """Raises StillGathering while the EHR is being asked, and whatever went wrong there."""
    session = current()
    gathering = gatherings().of(session)
    if not gathering.done.wait(WAIT_SECONDS):
        raise StillGathering
    if gathering.error is not None:
        gatherings().forget(session.lid)
        raise gathering.error
    if gathering.built is None:
        gathering.built = tuple(courses(session, gathering))
    moment = Moment(desk().now(), desk().practice.clinic)
    return Clinic(session, gathering, gathering.built, moment)
