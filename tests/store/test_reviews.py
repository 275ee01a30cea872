"""The answered reviews of a course: numbered, added only, and nobody's is lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier

import pytest
from sqlalchemy import select

from ketplan.errors import KetplanError, RefusedError
from ketplan.store.database import Database
from ketplan.store.plans import Plans
from ketplan.store.reviews import Reviews
from tests.store.conftest import MINUTE, NOW

ISS = "https://ehr.example.org/fhir"
SAID = {"entries": [{"mg_per_kg": Decimal("0.75")}]}


@pytest.fixture
def reviews(database: Database) -> Reviews:
    Plans(database).save("plan-1", ISS, "p1", 1, {"steps": []}, NOW)
    return Reviews(database)


def test_reviews_come_back_in_order_as_they_were_given(reviews: Reviews) -> None:
    first = reviews.add("plan-1", ISS, "p1", "r1", SAID, 0, NOW)
    second = reviews.add("plan-1", ISS, "p1", "r2", {"entries": []}, first.number, NOW + MINUTE)
    assert reviews.of(ISS, "p1", "plan-1") == (first, second)
    assert (first.number, second.number, first.content) == (1, 2, SAID)


@pytest.mark.parametrize(
    "whose", [(ISS, "p2", "plan-1"), ("https://other.example.org", "p1", "plan-1"), (ISS, "p1", "plan-2")]
)
def test_a_review_belongs_to_one_plan_of_one_patient(reviews: Reviews, whose: tuple[str, str, str]) -> None:
    reviews.add("plan-1", ISS, "p1", "r1", SAID, 0, NOW)
    assert reviews.of(*whose) == ()


@pytest.mark.parametrize(("id", "after"), [("r2", 0), ("r1", 1)], ids=["somebody was first", "sent twice"])
def test_the_second_is_told_and_the_first_stands(reviews: Reviews, id: str, after: int) -> None:
    kept = reviews.add("plan-1", ISS, "p1", "r1", SAID, 0, NOW)
    with pytest.raises(RefusedError, match="meanwhile"):
        reviews.add("plan-1", ISS, "p1", id, {"entries": []}, after, NOW)
    assert reviews.of(ISS, "p1", "plan-1") == (kept,)


def test_a_review_needs_a_plan_that_was_signed(reviews: Reviews) -> None:
    with pytest.raises(KetplanError):
        reviews.add("plan-9", ISS, "p1", "r1", SAID, 0, NOW)


def test_of_many_at_once_one_is_first(reviews: Reviews) -> None:
    together = Barrier(4)

    def add(number: int) -> bool:
        together.wait()
        try:
            reviews.add("plan-1", ISS, "p1", f"r{number}", SAID, 0, NOW)
        except RefusedError:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(add, range(4))) == [False, False, False, True]
    assert len(reviews.of(ISS, "p1", "plan-1")) == 1


def test_what_was_said_is_sealed(reviews: Reviews, database: Database) -> None:
    reviews.add("plan-1", ISS, "p1", "r1", {"reason": "tolerated well"}, 0, NOW)
    with database.reading() as connection:
        raw = connection.exec_driver_sql("SELECT content FROM review").scalar_one()
        assert connection.execute(select(database.schema.review.c.content)).scalar_one()
    assert "tolerated" not in str(raw)
