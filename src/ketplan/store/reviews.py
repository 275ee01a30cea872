"""The answered reviews of a course, in the order they were given; none is ever changed or removed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select
from sqlalchemy.exc import IntegrityError

from ketplan.errors import RefusedError
from ketplan.store.database import Database

_MEANWHILE = "This course was reviewed by somebody else meanwhile: look again before you answer."


@dataclass(frozen=True)
class StoredReview:
    """One answered review, number `number` of its plan from 1 on. `content` is its JSON, opaque here."""

    plan_id: str
    number: int
    review_id: str
    iss: str
    patient_id: str
    content: Mapping[str, Any]
    at: datetime


class Reviews:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._table = database.schema.review

    def of(self, iss: str, patient_id: str, plan_id: str) -> tuple[StoredReview, ...]:
        """The answered reviews of one plan of one patient in one EHR, oldest first."""
        review = self._table.c
        mine = select(self._table).where(
            review.plan_id == plan_id, review.iss == iss, review.patient_id == patient_id
        )
        with self._database.reading() as connection:
            return tuple(_review(row) for row in connection.execute(mine.order_by(review.number)))

    def add(
        self,
        plan_id: str,
        iss: str,
        patient_id: str,
        review_id: str,
        content: Mapping[str, Any],
        after: int,
        now: datetime,
    ) -> StoredReview:
        """Add a review on top of number `after`, 0 when there is none yet.

        Raises RefusedError when another review was added since, or this one was added already.
        """
        added = StoredReview(plan_id, after + 1, review_id, iss, patient_id, dict(content), now)
        try:
            with self._database.writing() as connection:
                connection.execute(insert(self._table).values(**vars(added)))
        except IntegrityError:
            raise RefusedError(_MEANWHILE) from None
        return added


def _review(row: Row[Any]) -> StoredReview:
    return StoredReview(**row._mapping)
