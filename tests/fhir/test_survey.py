"""Answers to other questionnaires become Observations under their LOINC codes."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ketplan.clinical.record import LOINC, Answer, Code, Observation, Quantity, Value
from tests.fhir.builders import a_record, a_survey, answered, group, section

YES = {"system": LOINC, "code": "LA33-6", "display": "Yes"}


def read(*items: dict[str, Any], **changes: Any) -> tuple[Observation, ...]:
    return a_record(a_survey(*items, **changes)).observations


@pytest.mark.parametrize(
    "link", ["44260-8", "/44260-8", "/44249-1/44260-8", " 44260-8 ", "phq|44260-8", "phq#44260-8"]
)
def test_a_question_is_known_by_the_loinc_code_in_its_link(link: str) -> None:
    (observation,) = read(answered(link, valueInteger=2))
    assert observation.codes == (Code(LOINC, "44260-8"),)
    assert observation.value == 2
    assert observation.reference == "QuestionnaireResponse/q1"
    assert observation.when is not None and observation.when.earliest == date(2026, 2, 16)


@pytest.mark.parametrize("definition", ["http://loinc.org/44260-8", "http://loinc.org|44260-8"])
def test_or_in_its_definition(definition: str) -> None:
    (observation,) = read({**answered("9", valueInteger=1), "definition": definition})
    assert observation.has(LOINC, ["44260-8"])


@pytest.mark.parametrize("link", ["9", "1-1", "101-2", "44260-7", "phq9.item9", "", None, 44260, ["44260-8"]])
def test_a_link_of_the_form_s_own_is_no_loinc_code(link: Any) -> None:
    assert read(answered(link, valueInteger=1)) == ()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"valueCoding": YES}, Answer((Code(LOINC, "LA33-6", "Yes"),), "Yes")),
        ({"valueCoding": {"display": "Yes"}}, Answer((), "Yes")),
        ({"valueBoolean": False}, False),
        ({"valueInteger": 0}, 0),
        ({"valueDecimal": 1.5}, Quantity(Decimal("1.5"))),
        ({"valueDecimal": 2.0}, 2),
        ({"valueString": "often"}, "often"),
        ({"valueQuantity": {"value": 3, "unit": "d"}}, Quantity(Decimal(3), "d")),
        ({"valueDate": "2026-01-01"}, "2026-01-01"),
    ],
)
def test_values(answer: dict[str, Any], expected: Value) -> None:
    (observation,) = read(answered("44260-8", **answer))
    assert observation.value == expected and type(observation.value) is type(expected)


def test_missing_is_not_zero() -> None:
    record = a_record(
        a_survey({"linkId": "44260-8"}, {"linkId": "44260-8", "answer": []}, answered("44255-8"))
    )
    assert record.observations == ()
    assert section(record, "QuestionnaireResponse").unreadable == 0


@pytest.mark.parametrize(
    "answer", [{"valueCoding": {}}, {"valueInteger": "two"}, {"valueAttachment": {}}, None]
)
def test_an_answer_that_cannot_be_understood_is_counted(answer: Any) -> None:
    record = a_record(a_survey({"linkId": "44260-8", "answer": [answer]}))
    assert record.observations == ()
    assert section(record, "QuestionnaireResponse").unreadable == 1


def test_questions_are_found_in_groups_and_under_answers_in_the_order_they_stand() -> None:
    inner = answered("93269-9", valueCoding=YES)
    behaviour = {"linkId": "93267-3", "answer": [{"valueCoding": YES, "item": [inner]}]}
    items = [group("page-1", group("/93245-9", answered("93246-7", valueBoolean=False))), behaviour]
    assert [o.codes[0].code for o in read(*items, answered("44261-6", valueInteger=9))] == [
        "93246-7",
        "93267-3",
        "93269-9",
        "44261-6",
    ]


def test_each_of_several_answers_is_an_observation() -> None:
    observations = read(
        {"linkId": "44260-8", "text": "Item 9", "answer": [{"valueInteger": 1}, {"valueInteger": 2}]}
    )
    assert [(o.value, o.text) for o in observations] == [(1, "Item 9"), (2, "Item 9")]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("completed", "final"),
        ("amended", "amended"),
        ("in-progress", "preliminary"),
        ("stopped", "preliminary"),
    ],
)
def test_the_response_s_status_says_how_final_the_answer_is(status: str, expected: str) -> None:
    (observation,) = read(answered("44260-8", valueInteger=1), status=status)
    assert observation.status == expected


def test_a_response_entered_in_error_says_nothing() -> None:
    assert read(answered("44260-8", valueInteger=1), status="entered-in-error") == ()


def test_deep_nesting_is_no_trouble() -> None:
    item = answered("44260-8", valueInteger=1)
    for _ in range(5000):
        item = {"linkId": "page", "item": [item]}
    assert len(read(item)) == 1
