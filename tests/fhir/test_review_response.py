"""An answered review as one QuestionnaireResponse to the published form."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from ketplan.clinical.plan import Clinician
from ketplan.clinical.progress.as_json import entry_from
from ketplan.clinical.progress.course_now import Stated
from ketplan.clinical.progress.history import Answer, Edit, Entry, Verdict
from ketplan.clinical.progress.proposals import Effect, Kind, proposal
from ketplan.errors import InputError, KetplanError
from ketplan.fhir import review_form
from ketplan.fhir.invariants import check
from ketplan.fhir.render import describe
from ketplan.fhir.rendering.review_response import AnsweredReview, wanted
from ketplan.store.columns import from_json, to_json
from tests.fhir.builders import SUBJECT, a_record

AT = datetime(2026, 3, 8, 15, 0, tzinfo=UTC)
WHO = Clinician("Practitioner/halvorsen", "Ines Halvorsen MD")
UP = proposal(
    Kind.TITRATE_UP, "after-2", "Raise it.", Effect("0.75 instead of 0.5.", mg_per_kg=Decimal("0.75"))
)
NO = proposal(Kind.MID_COURSE_REVIEW, "before-4", "Look.", "Nothing by itself.")


def an_entry(about: Any, verdict: Verdict, reason: str = "", edit: Edit | None = None) -> Entry:
    return Entry(about, Answer(about.id, verdict, WHO.reference, AT, reason, edit))


ENTRIES = (
    an_entry(UP, Verdict.EDITED, "small\nsteps", Edit(mg_per_kg=Decimal("0.60"))),
    an_entry(NO, Verdict.ACCEPTED),
)


def a_review(*entries: Entry, **changes: Any) -> AnsweredReview:
    values: dict[str, Any] = {
        "patient": "Patient/p1",
        "care_plan": "CarePlan/77",
        "stated": Stated(False, 0),
        "clinician": WHO,
        "at": AT,
        "zone": "America/New_York",
        "entries": entries,
    }
    return AnsweredReview("review-1", "plan-1", **values | changes)


def test_every_answer_stands_in_one_response_based_on_the_plan() -> None:
    (step,) = a_review(*ENTRIES).steps()
    resource = step.resource
    assert (resource["basedOn"], resource["status"]) == ([{"reference": "CarePlan/77"}], "completed")
    assert resource["authored"] == "2026-03-08T11:00:00-04:00"
    first, second, frail, lifetime = resource["item"]
    said = {i["linkId"]: i["answer"][0] for i in first["item"]}
    assert said["proposal.kind"]["valueCoding"]["code"] == "titrate-up"
    assert said["proposal.answer"]["valueCoding"]["display"] == "Edited"
    assert said["proposal.instead"] == {"valueString": "0.60 mg/kg"}
    assert said["proposal.reason"] == {"valueString": "small\nsteps"}
    assert said["proposal.effect"] == {"valueString": "0.75 instead of 0.5."}
    assert [i["linkId"] for i in second["item"]] == [
        "proposal.kind",
        "proposal.text",
        "proposal.effect",
        "proposal.answer",
    ]
    assert frail["answer"] == [{"valueBoolean": False}]
    assert lifetime["answer"] == [{"valueInteger": 0}]
    assert describe(step) == ("QuestionnaireResponse", "4 answers")


def test_where_the_plan_does_not_stand_nothing_refers_to_it() -> None:
    (step,) = a_review(*ENTRIES, care_plan="", stated=Stated()).steps()
    assert "basedOn" not in step.resource
    assert len(step.resource["item"]) == 2


def test_nothing_answered_is_nothing_to_keep() -> None:
    with pytest.raises(InputError, match="Nothing has been answered"):
        a_review(stated=Stated()).steps()
    assert len(a_review(stated=Stated(frail=True)).steps()) == 1


def test_a_review_of_another_patients_chart_is_not_valid() -> None:
    (step,) = a_review(*ENTRIES).steps()
    assert check(step.resource, patient="Patient/p2")
    with pytest.raises(KetplanError):
        a_review(*ENTRIES, care_plan="Observation/1").steps()


def test_it_answers_the_published_form() -> None:
    asked = {i["linkId"]: i for i in review_form.items()}
    group = {i["linkId"]: i for i in asked["proposal"]["item"]}
    for item in a_review(*ENTRIES).steps()[0].resource["item"]:
        for inner in item.get("item", [item]):
            form = group.get(inner["linkId"]) or asked[inner["linkId"]]
            assert inner["text"] == form["text"]
            answer = inner["answer"][0]
            if form["type"] == "choice":
                assert answer["valueCoding"] in [o["valueCoding"] for o in form["answerOption"]]


def test_what_is_kept_of_it_comes_back() -> None:
    kept = from_json(to_json(a_review(*ENTRIES).said))
    assert kept == a_review(*ENTRIES).said
    assert tuple(map(entry_from, kept["entries"])) == ENTRIES
    assert Stated(**kept["stated"]) == Stated(False, 0)


def test_read_again_it_is_no_result_of_an_instrument() -> None:
    written = a_review(*ENTRIES, patient=SUBJECT["reference"]).steps()[0].resource | {"id": "1"}
    assert a_record(written).observations == ()


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (Edit(mg_per_kg=Decimal("0.60")), "0.60 mg/kg"),
        (Edit(doses_added=1), "1 more dose"),
        (Edit(doses_added=2), "2 more doses"),
        (Edit(interval_days=14, due=date(2026, 4, 1)), "14 days apart, due 2026-04-01"),
    ],
    ids=str,
)
def test_an_edit_in_words(edit: Edit, words: str) -> None:
    assert wanted(edit) == words
