"""A filled-in instrument: what is written is what is read back, and what is missing stays missing."""

from __future__ import annotations

import re
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketplan.clinical.instruments.filling import COLUMBIA, filled_in, questions, takes_a_total
from ketplan.clinical.instruments.model import Instrument, Item
from ketplan.clinical.instruments.on_record import last_answered, totals
from ketplan.clinical.instruments.table import INSTRUMENTS, instrument
from ketplan.clinical.plan import Clinician
from ketplan.clinical.record import LOINC, Answer, PatientRecord
from ketplan.clinical.screens import suicide
from ketplan.clinical.view import View, number
from ketplan.errors import InputError
from ketplan.fhir import survey_rules
from ketplan.fhir.datatypes import Json
from ketplan.fhir.definitions import definitions
from ketplan.fhir.instrument_form import ITEM_WEIGHT, answer_coding, canonical_of, link_of, ships
from ketplan.fhir.invariants import check
from ketplan.fhir.render import PLAN_STEP_SYSTEM, Step, describe, link
from ketplan.fhir.rendering.survey_response import FilledIn, render_instrument
from tests.fhir.builders import PATIENT_ID, a_record

AT = datetime(2026, 2, 25, 15, 30, tzinfo=UTC)
ROSSI = Clinician("Practitioner/rossi", "Dr Ada Rossi")
ASKED = [row for row in INSTRUMENTS if questions(row)]
SHIPPED = [row for row in INSTRUMENTS if ships(row)]
TOTALLED = [row for row in INSTRUMENTS if takes_a_total(row) and row.maximum is not None]


def by_id(row: Instrument) -> str:
    return row.id


def choices(item: Item) -> list[int]:
    return list(range(item.span[0], item.span[1] + 1)) if item.span else [c.points for c in item.choices]


def all_at(row: Instrument, place: int) -> dict[str, int | None]:
    return {item.id: choices(item)[place] for item in questions(row)}


def a_form(row: Instrument, answers: Any = None, total: int | None = None) -> FilledIn:
    return FilledIn(
        "f1",
        filled_in(row, answers, total),
        f"Patient/{PATIENT_ID}",
        ROSSI,
        True,
        AT,
        "America/New_York",
    )


def written(steps: tuple[Step, ...]) -> list[Json]:
    """As the EHR keeps it."""
    ids = {s.key: f"{s.type}/{s.key}" for s in steps}
    return [link(s.resource, ids) | {"id": s.key} for s in steps]


def read_back(steps: tuple[Step, ...]) -> PatientRecord:
    return a_record(*written(steps))


def view_of(record: PatientRecord) -> View:
    return View(record, date(2026, 2, 25), date(2026, 3, 2))


@pytest.mark.parametrize("row", ASKED, ids=by_id)
@pytest.mark.parametrize("place", [0, -1])
def test_what_is_written_reads_back_as_the_same(row: Instrument, place: int) -> None:
    filled = a_form(row, all_at(row, place))
    record = read_back(render_instrument(filled))
    coded = {c.code: o for o in record.observations for c in o.codes if c.system == LOINC}
    for item in questions(row):
        if item.loinc:
            value = coded[item.loinc].value
            assert isinstance(value, Answer)
            meant = [c.points for c in item.choices if answer_coding(c)["code"] == value.codes[0].code]
            assert meant == [dict(filled.score.answers)[item.id]]
    found = totals(view_of(record), row)
    assert [r.total for r in found] == ([filled.score.total] if row.summed else [])
    assert [r.on for r in found] == [date(2026, 2, 25)] * row.summed


@pytest.mark.parametrize("row", TOTALLED, ids=by_id)
def test_a_total_alone_reads_back_as_the_same(row: Instrument) -> None:
    (step,) = render_instrument(a_form(row, total=row.maximum))
    assert [r.total for r in totals(view_of(read_back((step,))), row)] == [row.maximum]
    assert "derivedFrom" not in step.resource
    others = [r.id for r in INSTRUMENTS if r != row and totals(view_of(read_back((step,))), r)]
    assert others == []


@given(st.data())
def test_missing_answers_never_make_a_total(data: st.DataObject) -> None:
    row = data.draw(st.sampled_from([r for r in SHIPPED if len(r.scored_items) > 1]))
    left_out = data.draw(st.sampled_from([i.id for i in row.scored_items]))
    steps = render_instrument(a_form(row, all_at(row, -1) | {left_out: None}))
    assert [(s.type, s.resource["status"]) for s in steps] == [("QuestionnaireResponse", "stopped")]
    assert totals(view_of(read_back(steps)), row) == ()


def test_the_total_is_a_survey_result_of_the_moment_that_rests_on_the_answers() -> None:
    response, total = written(render_instrument(a_form(instrument("GAD-7"), all_at(instrument("GAD-7"), 2))))
    assert total["code"] == {
        "coding": [{"system": LOINC, "code": "70274-6"}],
        "text": "GAD-7 total score",
    }
    assert total["valueQuantity"]["value"] == 14
    assert total["valueQuantity"]["code"] == "{score}"
    assert total["category"][0]["coding"][0]["code"] == "survey"
    assert total["effectiveDateTime"] == "2026-02-25T10:30:00-05:00" == response["authored"]
    assert total["derivedFrom"] == [{"reference": "QuestionnaireResponse/response"}]
    assert response["source"] == {"reference": "Patient/jane"}
    assert response["author"]["reference"] == "Practitioner/rossi" == total["performer"][0]["reference"]
    assert response["identifier"] == {"system": PLAN_STEP_SYSTEM, "value": "f1/response"}
    assert total["identifier"] == [{"system": PLAN_STEP_SYSTEM, "value": "f1/total"}]


def test_who_answered_is_said() -> None:
    filled = replace(a_form(instrument("MOAAS"), all_at(instrument("MOAAS"), 0)), by_patient=False)
    assert written(render_instrument(filled))[0]["source"]["reference"] == "Practitioner/rossi"


def test_a_total_without_a_loinc_code_has_one_of_ours() -> None:
    (total,) = written(render_instrument(a_form(instrument("Y-BOCS"), total=24)))
    published = next(d for d in definitions() if d["id"] == "instrument-total" and "concept" in d)
    (coding,) = total["code"]["coding"]
    assert coding["system"] == published["url"]
    assert coding["code"] in {c["code"] for c in published["concept"]}


def test_the_period_asked_about_is_kept_where_there_are_several() -> None:
    row = instrument("PCL-5")
    (rating,) = totals(view_of(read_back(render_instrument(a_form(row, all_at(row, 1))))), row)
    assert (rating.total, rating.recall_days) == (20, 30)


def test_no_word_of_the_columbia_scale_is_in_it() -> None:
    row = instrument(COLUMBIA)
    (step,) = render_instrument(a_form(row, all_at(row, 0)))
    assert step.resource["questionnaire"] == "http://loinc.org/q/93373-9"
    assert all(item.keys() == {"linkId", "answer"} for item in step.resource["item"])
    assert all(re.fullmatch(r"Question \d(, [a-z0-9 ]+)?", i.text) for i in questions(row))


@pytest.mark.parametrize(
    ("said", "missing"),
    [
        ({}, (suicide.WISH, suicide.THOUGHTS, suicide.BEHAVIOUR_LIFETIME)),
        ({suicide.WISH: 0, suicide.THOUGHTS: 0, suicide.BEHAVIOUR_LIFETIME: 0}, ()),
        (
            {suicide.WISH: 1, suicide.THOUGHTS: 1, suicide.BEHAVIOUR_LIFETIME: 0},
            (suicide.METHOD, suicide.INTENT, suicide.PLAN),
        ),
        (
            {suicide.WISH: 0, suicide.THOUGHTS: 0, suicide.BEHAVIOUR_LIFETIME: 1},
            (suicide.BEHAVIOUR_3_MONTHS,),
        ),
    ],
)
def test_the_columbia_scale_calls_for_what_the_gate_calls_for(
    said: dict[str, int | None], missing: tuple[str, ...]
) -> None:
    row = instrument(COLUMBIA)
    filled = a_form(row, said)
    assert filled.score.missing == missing
    assert filled.score.total is None
    assert filled.score.alarms == tuple(id for id in suicide.ITEMS if said.get(id))
    if said:
        view = view_of(read_back(render_instrument(filled)))
        assert bool(suicide.answered_items(view, 14)) is not bool(missing)
        assert last_answered(view, row) is not None


def test_nothing_answered_is_nothing_to_keep() -> None:
    with pytest.raises(InputError):
        render_instrument(a_form(instrument("GAD-7")))


def test_rows_of_a_preview_have_words() -> None:
    row = instrument("GAD-7")
    said = [describe(s)[1] for s in render_instrument(a_form(row, all_at(row, 1)))]
    assert said == ["7 answers", "GAD-7 total score: 7"]
    some = render_instrument(a_form(row, {"gad7-1": 1}))
    assert describe(some[0])[1] == "1 answer, incomplete"


# --- the published forms ----------------------------------------------------------------------------------


@pytest.mark.parametrize("row", SHIPPED, ids=by_id)
def test_each_question_that_may_ship_is_published_with_its_weights(row: Instrument) -> None:
    form = next(d for d in definitions() if d.get("url") == canonical_of(row))
    asked = {i["linkId"]: i for i in form["item"] if i["type"] != "display"}
    assert list(asked) == [link_of(i) for i in row.items]
    for item in row.scored_items:
        for choice, option in zip(item.choices, asked[link_of(item)].get("answerOption", ()), strict=True):
            (weight,) = option["extension"]
            assert (weight["url"], weight["valueDecimal"]) == (ITEM_WEIGHT, choice.points)


def test_no_question_is_published_that_may_not_ship() -> None:
    published = {d["url"] for d in definitions() if d["resourceType"] == "Questionnaire"}
    assert not published & {canonical_of(row) for row in INSTRUMENTS if not ships(row)}
    assert {"GAD-7", "PHQ-9", "PCL-5", "AUDIT-C"} <= {row.id for row in SHIPPED}


def test_every_answer_given_is_one_the_form_offers() -> None:
    for row in SHIPPED:
        form = next(d for d in definitions() if d.get("url") == canonical_of(row))
        offered = [o["valueCoding"] for i in form["item"] for o in i.get("answerOption", ())]
        response = render_instrument(a_form(row, all_at(row, -1)))[0].resource
        given_ = [i["answer"][0].get("valueCoding") for i in response["item"]]
        assert [a for a in given_ if a and a not in offered] == []


# --- what may not be sent ---------------------------------------------------------------------------------

GAD7 = instrument("GAD-7")
GOOD = {r["resourceType"]: r for r in written(render_instrument(a_form(GAD7, all_at(GAD7, 1))))}


@pytest.mark.parametrize("path", [f"{k}.{n}" for k, names in survey_rules.REQUIRED.items() for n in names])
def test_every_required_element_is_checked(path: str) -> None:
    kind, name = path.split(".")
    broken = {k: v for k, v in GOOD[kind].items() if k != name}
    assert f"{path}: required" in check(broken)
    assert check(GOOD[kind], patient=f"Patient/{PATIENT_ID}") == []


@pytest.mark.parametrize("path", survey_rules.CODES)
def test_every_code_is_checked(path: str) -> None:
    kind, name = path.split(".")
    assert any(p.startswith(f"{path}:") for p in check(GOOD[kind] | {name: "preliminary"}))


@pytest.mark.parametrize("path", survey_rules.TARGETS)
def test_every_reference_is_held_to_its_types(path: str) -> None:
    kind, name = path.split(".")
    wrong: Any = {"reference": "Basic/1"}
    found = check(GOOD[kind] | {name: [wrong] if isinstance(GOOD[kind].get(name, []), list) else wrong})
    assert any(re.sub(r"\[\d+\]", "", p).startswith(f"{path}:") for p in found)


@pytest.mark.parametrize("path", survey_rules.TIMES)
def test_every_time_has_a_zone(path: str) -> None:
    kind, name = path.split(".")
    assert any(p.startswith(f"{path}:") for p in check(GOOD[kind] | {name: "2026-02-25T10:30:00"}))


def test_an_answer_stands_alone_under_its_own_link() -> None:
    twice = deepcopy(GOOD["QuestionnaireResponse"])
    twice["item"].append(twice["item"][0])
    several = deepcopy(GOOD["QuestionnaireResponse"])
    several["item"][0]["answer"] *= 2
    assert any("linkId" in p for p in check(twice))
    assert any("answer" in p for p in check(several))


def test_a_total_is_a_survey_with_a_value() -> None:
    other = {"coding": [{"system": "x", "code": "vital-signs"}]}
    assert any("category" in p for p in check(GOOD["Observation"] | {"category": [other]}))
    bare = {name: part for name, part in GOOD["Observation"].items() if name != "valueQuantity"}
    assert any("value" in p for p in check(bare))
    assert any("value" in p for p in check(GOOD["Observation"] | {"valueQuantity": {"unit": "x"}}))


def test_it_is_held_to_its_patient() -> None:
    for resource in GOOD.values():
        assert any("another patient" in p for p in check(resource, patient="Patient/other"))


@pytest.mark.parametrize("total", [-1, 22])
def test_a_total_out_of_range_in_the_record_is_none(total: int) -> None:
    odd = deepcopy(GOOD["Observation"])
    odd["valueQuantity"]["value"] = total
    record = a_record(odd)
    assert number(record.observations[0]) == total
    assert totals(view_of(record), GAD7) == ()
