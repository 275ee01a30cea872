"""A create that was answered and cannot be seen: for a while, for ever, or with every answer lost."""

from __future__ import annotations

import pytest

from ketplan.errors import NotFound, Temporary
from ketplan.store.journal import StepState
from ketplan.writeback.create import NOT_SHOWN, NOWHERE
from ketplan.writeback.steps import Outcome
from ketplan.writeback.writing import MOST_SENDS
from tests.writeback.builders import EVERYTHING, PLAN, outcomes, row_of, write
from tests.writeback.fakes import Clock, FakeEhr, FakeJournal, Json

KEY = "appointment-2"


class HidingEhr(FakeEhr):
    """Stores an Appointment and shows it neither by id nor by search while `hides`."""

    hides = True

    def _hidden(self, raw: Json) -> bool:
        return self.hides and any(KEY in i["value"] for i in raw.get("identifier", []))

    def all(self, kind: str) -> list[Json]:
        return [raw for raw in super().all(kind) if not self._hidden(raw)]

    def read(self, kind: str, id: str):
        found = super().read(kind, id)
        if self._hidden(found.raw):
            raise NotFound("The EHR has no such resource (HTTP 404).", 404)
        return found

    def _named(self, kind: str, name: tuple[str, str] | None) -> list[Json]:
        return [] if self.hides else super()._named(kind, name)


def sends(ehr: FakeEhr) -> int:
    return ehr.requests.count("create Appointment")


def test_what_is_shown_later_is_found_and_was_sent_once() -> None:
    ehr, journal = HidingEhr(), FakeJournal()
    for _ in range(3):
        receipt = write(ehr, journal)
        assert row_of(receipt, KEY).outcome is Outcome.PENDING
        assert row_of(receipt, KEY).detail == NOT_SHOWN
    ehr.hides = False
    assert write(ehr, journal).complete
    assert (ehr.counts(), sends(ehr)) == (EVERYTHING, 3)
    assert set(outcomes(write(ehr, journal)).values()) == {"already_there"}


def test_what_is_never_shown_is_never_sent_twice_and_stays_a_question() -> None:
    ehr, journal = HidingEhr(), FakeJournal()
    for _ in range(30):
        receipt = write(ehr, journal)
    assert row_of(receipt, KEY).detail == NOT_SHOWN
    assert (receipt.complete, receipt.exit_code) == (False, 75)
    assert journal.rows[KEY].state is StepState.UNKNOWN
    assert sends(ehr) == 3


def test_where_every_answer_is_lost_and_nothing_is_shown_there_is_an_end_to_sending() -> None:
    ehr, journal = HidingEhr(), FakeJournal()

    def lost(verb: str, resource: Json) -> None:
        if ehr._hidden(resource):
            raise Temporary("The EHR did not answer in time.")

    ehr.after = lost
    for _ in range(30):
        receipt = write(ehr, journal)
    assert row_of(receipt, KEY).detail == NOWHERE.format(times=MOST_SENDS)
    assert journal.rows[KEY].attempts == MOST_SENDS
    assert sum(
        KEY in str(held.raw["identifier"]) for held in ehr.held.values() if "identifier" in held.raw
    ) == (MOST_SENDS)


def test_an_ehr_that_is_only_busy_is_asked_until_it_has_time() -> None:
    ehr, journal = FakeEhr(), FakeJournal()
    busy = [True]

    def before(verb: str, resource: Json) -> None:
        if busy[0] and resource["resourceType"] == "Goal":
            raise Temporary("The EHR is too busy (HTTP 503).", 503)

    ehr.before = before
    for _ in range(MOST_SENDS):
        write(ehr, journal)
    busy[0] = False
    assert write(ehr, journal).complete
    assert ehr.counts() == EVERYTHING


@pytest.mark.parametrize("acknowledged", [True, False])
def test_who_has_looked_and_found_nothing_may_have_it_sent_again(acknowledged: bool) -> None:
    ehr, journal, clock = HidingEhr(), FakeJournal(), Clock()
    if not acknowledged:
        ehr.after = lambda verb, resource: (
            (_ for _ in ()).throw(Temporary("lost")) if ehr._hidden(resource) else None
        )
    for _ in range(5):
        write(ehr, journal)
    before = sends(ehr)
    ehr.hides, ehr.after = False, lambda verb, resource: None
    for key in [key for key, held in ehr.held.items() if KEY in str(held.raw.get("identifier"))]:
        ehr.held["Gone", key[1]] = ehr.held.pop(key)  # so that its id is not given again
    assert row_of(write(ehr, journal), KEY).outcome is Outcome.PENDING
    assert sends(ehr) == before
    journal.send_again(PLAN, KEY, clock.now())
    assert write(ehr, journal).complete
    assert ({**ehr.counts(), "Gone": 0}, sends(ehr)) == ({**EVERYTHING, "Gone": 0}, before + 1)
