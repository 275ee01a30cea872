"""What is generated from the tables: as committed, valid R4, and what our plans point to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ketplan import __version__
from ketplan.clinical import codes
from ketplan.clinical.assessment import target_of
from ketplan.clinical.codes import ValueSet
from ketplan.clinical.disorders import DISORDERS
from ketplan.clinical.plan import TargetGoal
from ketplan.clinical.protocols import cbt, ketamine
from ketplan.clinical.record import (
    ICD10CM,
    LOINC,
    SNOMED,
    Code,
    Condition,
    Intake,
    MedicationTrial,
    NmdaCourse,
    TherapyCourse,
    When,
)
from ketplan.fhir.datatypes import BASE
from ketplan.fhir.definitions import definitions, files, spell
from ketplan.fhir.definitions.__main__ import main
from ketplan.fhir.definitions.canonical import SOURCE, citation, with_literature
from ketplan.fhir.definitions.plan_definition import ACCEPTABLE_OFFSET_RANGE, DAY_0
from ketplan.fhir.definitions.value_sets import SOURCES, condition_sets
from ketplan.fhir.instrument_form import ITEM_WEIGHT, MAX_VALUE, MIN_VALUE, slug
from ketplan.fhir.intake import build_intake_response
from ketplan.fhir.render import render
from tests.fhir.plan_builders import (
    ERP17,
    SIGNED_AT,
    START,
    a_cbt_course,
    a_draft,
    a_goal,
    a_ketamine_course,
    a_plan,
    a_timetable,
    no_ketamine,
)
from tests.fhir.snapshots import GENERATED, HL7, PROFILES, Definitions, read

Json = dict[str, Any]
FILES = files()
ALL = definitions()
KINDS = sorted({d["resourceType"] for d in ALL})
BY_CANONICAL = {f"{d['url']}|{d['version']}": d for d in ALL}
R4 = Definitions(read(PROFILES / "r4-core.json"))
COMMAND = "run python -m ketplan.fhir.definitions fhir_profiles/generated"


def of_kind(kind: str) -> list[Json]:
    return [d for d in ALL if d["resourceType"] == kind]


def named(kind: str, name: str) -> Json:
    return BY_CANONICAL[f"{BASE}/{kind}/{name}|{__version__}"]


def actions(holder: Json) -> Iterator[Json]:
    for action in holder.get("action", ()):
        yield action
        yield from actions(action)


def visits(plan: Json) -> dict[str, Json]:
    return {a["id"]: a for a in actions(plan) if "relatedAction" in a}


def days(action: Json) -> tuple[int, int, int]:
    """Target, first and last acceptable day, counted from day 0."""
    related = action["relatedAction"][0]
    assert related["actionId"] == DAY_0
    (extension,) = related["extension"]
    assert extension["url"] == ACCEPTABLE_OFFSET_RANGE
    low, high = (extension["valueRange"][end]["value"] for end in ("low", "high"))
    offset = related["offsetDuration"]["value"]
    return (-offset, -high, -low) if related["relationship"] == "before-start" else (offset, low, high)


# --- as committed -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FILES)
def test_what_is_committed_is_what_the_tables_say(name: str) -> None:
    path = GENERATED / name
    assert path.exists(), COMMAND
    assert path.read_text("utf-8") == FILES[name], COMMAND


def test_nothing_is_committed_that_no_table_says_any_more() -> None:
    committed = {p.name for kind in KINDS for p in GENERATED.glob(f"{kind}-*.json")}
    assert committed == FILES.keys(), COMMAND


def test_they_are_written_to_a_folder_and_those_of_yesterday_removed(tmp_path: Path) -> None:
    stale, other = tmp_path / "PlanDefinition-OLD.json", tmp_path / "StructureDefinition-x.json"
    for path in (stale, other):
        path.write_text("{}", "utf-8")
    main(tmp_path)
    assert {p.name for p in tmp_path.iterdir()} == {*FILES, other.name}
    assert (tmp_path / "PlanDefinition-IV1.json").read_text("utf-8") == FILES["PlanDefinition-IV1.json"]


def test_short_values_stand_on_one_line_and_long_ones_open_up() -> None:
    long = "word " * 25
    assert spell({"a": [Decimal("0.25"), 1]}) == '{"a": [0.25, 1]}'
    assert spell({"a": [long]}) == f'{{\n "a": [\n  "{long}"\n ]\n}}'


# --- valid ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("definition", ALL, ids=lambda d: f"{d['resourceType']}-{d['id']}")
def test_each_is_valid_r4(definition: Json) -> None:
    assert R4.checker(f"{HL7}{definition['resourceType']}")(definition) == []


def test_addresses_and_ids_are_unique_and_versions_ours() -> None:
    assert len(BY_CANONICAL) == len({(d["resourceType"], d["id"]) for d in ALL}) == len(ALL)
    assert {d["version"] for d in ALL} == {__version__}
    assert all(len(d["id"]) <= 64 for d in ALL)


def test_no_other_extensions_are_used() -> None:
    def urls(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            yield from (e["url"] for e in value.get("extension", ()))
            for item in value.values():
                yield from urls(item)
        elif isinstance(value, list):
            for item in value:
                yield from urls(item)

    assert set(urls(list(ALL))) == {SOURCE, ACCEPTABLE_OFFSET_RANGE, ITEM_WEIGHT, MIN_VALUE, MAX_VALUE}
    ours = next(r for r in read(GENERATED / "StructureDefinition-source.json"))
    assert ours["url"] == SOURCE


@pytest.mark.parametrize("definition", ALL, ids=lambda d: f"{d['resourceType']}-{d['id']}")
def test_each_says_where_it_comes_from(definition: Json) -> None:
    cited = [a["citation"] for a in definition.get("relatedArtifact", ())]
    told = [e["valueString"] for e in definition.get("extension", ())]
    assert any(words.strip() for words in cited + told)


# --- plans and activities ---------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", [p for p in ketamine.PROTOCOLS if p.day_offsets], ids=lambda p: p.id)
def test_a_drug_plan_has_the_table_s_days(protocol: ketamine.KetamineProtocol) -> None:
    plan = named("PlanDefinition", protocol.id)
    doses = [a for key, a in visits(plan).items() if key.startswith("infusion-")]
    assert tuple(days(a)[0] for a in doses) == protocol.day_offsets
    assert plan["status"] == ("active" if protocol.enabled else "draft")
    assert protocol.source in [a["citation"] for a in plan["relatedArtifact"]]


@pytest.mark.parametrize("course", cbt.COURSES, ids=lambda c: c.id)
def test_a_therapy_plan_has_both_calendars_of_the_table(course: cbt.CbtProtocol) -> None:
    plan = named("PlanDefinition", course.id)
    held = {
        prefix: {key: a for key, a in visits(plan).items() if key.startswith(f"{prefix}.cbt-")}
        for prefix in ("beside-doses", "alone")
    }
    beside, alone = (tuple(days(a)[0] for a in held[prefix].values()) for prefix in ("beside-doses", "alone"))
    assert beside == course.offsets
    assert alone == (course.offsets if course.own_calendar else tuple(7 * n for n in range(len(beside))))
    titles = [a["title"].partition(": ")[2] for a in held["alone"].values()]
    assert titles == list(course.titles)


# (plan, visit): target, first and last acceptable day, read off the house's windows by hand.
WINDOWS = {
    ("IV6_2PW", "infusion-1"): (0, 0, 3),
    ("IV6_2PW", "infusion-2"): (3, 3, 6),
    ("IV6_2PW", "24h-check-call"): (1, 1, 1),
    ("IV6_2PW", "mid-course-review"): (10, 7, 10),
    ("IV6_2PW", "end-of-induction-review"): (24, 24, 29),
    ("IV6_2PW", "review-1-month-after-last-dose"): (45, 45, 52),
    ("IV6_2PW", "review-12-months"): (364, 364, 392),
    ("IV1", "end-of-induction-review"): (14, 14, 19),
    ("ERP_OCD_17", "beside-doses.cbt-1"): (-1, -6, -1),
    ("ERP_OCD_17", "beside-doses.cbt-2"): (1, 1, 6),
    ("CBT_GAD_14", "alone.cbt-2"): (7, 7, 12),
    ("CBT_GAD_14", "alone.review-4-weeks"): (28, 28, 35),
}


@pytest.mark.parametrize(("plan", "visit"), WINDOWS)
def test_the_acceptable_window_is_the_scheduler_s(plan: str, visit: str) -> None:
    assert days(visits(named("PlanDefinition", plan))[visit]) == WINDOWS[plan, visit]


def test_doses_keep_the_minimum_gap_from_start_to_start() -> None:
    doses = visits(named("PlanDefinition", "IV6_3PW"))
    gap = doses["infusion-3"]["relatedAction"][1]
    assert (gap["actionId"], gap["relationship"]) == ("infusion-2", "after-start")
    assert gap["offsetRange"]["low"]["value"] == ketamine.MIN_GAP_HOURS
    assert len(doses["infusion-1"]["relatedAction"]) == 1


@pytest.mark.parametrize("plan", of_kind("PlanDefinition"), ids=lambda d: d["id"])
def test_within_a_plan_every_pointer_leads_somewhere(plan: Json) -> None:
    ids = [a["id"] for a in actions(plan)]
    assert len(ids) == len(set(ids))
    assert {r["actionId"] for a in visits(plan).values() for r in a["relatedAction"]} <= set(ids)
    pointed = {a["definitionCanonical"] for a in actions(plan) if "definitionCanonical" in a}
    assert pointed == {f"{BASE}/ActivityDefinition/{plan['name']}|{__version__}"}
    assert pointed <= BY_CANONICAL.keys()


@pytest.mark.parametrize("definition", ALL, ids=lambda d: f"{d['resourceType']}-{d['id']}")
def test_every_source_key_is_explained(definition: Json) -> None:
    artifacts = definition.get("relatedArtifact", ())
    explained = {a["label"] for a in artifacts if a["type"] == "citation"}
    said = " ".join(a["citation"] for a in artifacts)
    assert {f"{letter}:{key}" for letter, key in re.findall(r"\[([FM]):([\w-]+)", said)} <= explained
    told = " ".join(e["valueString"] for e in definition.get("extension", ()))
    assert with_literature([citation("", told)])


def test_a_source_key_that_nobody_explains_is_an_error() -> None:
    assert [a["label"] for a in with_literature([None, citation("x", "1.1 [F:TAY18][H]")])] == [
        "x",
        "F:TAY18",
    ]
    with pytest.raises(KeyError, match="NOBODY"):
        with_literature([citation("x", "[M:NOBODY]")])


def test_null_results_stand_beside_the_others() -> None:
    told = [a["citation"] for a in named("PlanDefinition", "IV3_QW")["relatedArtifact"]]
    assert any("Abdallah 2022" in words and "(null)" in words for words in told)


def test_an_activity_has_the_table_s_doses_and_is_no_order() -> None:
    iv, ascending, device = (
        named("ActivityDefinition", id) for id in ("IV6_2PW", "SC_ASC_WEEKLY", "ESK_LABEL")
    )
    rate = iv["dosage"][0]["doseAndRate"][0]
    assert rate["doseQuantity"]["value"] == Decimal("0.5")
    assert rate["rateRatio"]["denominator"] == {
        "value": 40,
        "unit": "min",
        "system": "http://unitsofmeasure.org",
        "code": "min",
    }
    assert iv["dosage"][0]["maxDosePerAdministration"]["value"] == Decimal("1.0")
    assert [d["doseAndRate"][0]["doseQuantity"]["value"] for d in ascending["dosage"]] == [
        Decimal("0.25"),
        Decimal("0.5"),
        Decimal("1.0"),
    ]
    assert device["dosage"][0]["doseAndRate"][0]["doseRange"]["high"]["value"] == 84
    assert {(a["kind"], a["intent"]) for a in of_kind("ActivityDefinition")} == {("ServiceRequest", "plan")}


PLANS = {
    "IV6 and 14 sessions": a_draft(),
    "IV1 and ERP": a_draft(ketamine=a_ketamine_course((0,)), cbt=a_cbt_course(ERP17, "ERP_OCD_17")),
    "therapy alone": a_draft(ketamine=no_ketamine()),
    "ketamine alone": a_draft(cbt=None),
}


@pytest.mark.parametrize("name", PLANS)
def test_what_a_plan_instantiates_is_published(name: str) -> None:
    steps = render(a_plan(PLANS[name]), a_timetable(PLANS[name]))
    pointed = [c for s in steps for c in s.resource.get("instantiatesCanonical", ())]
    assert pointed
    assert {BY_CANONICAL[c]["resourceType"] for c in pointed} == {"PlanDefinition"}


def test_every_protocol_a_plan_may_follow_is_published() -> None:
    ids = [p.id for p in ketamine.PROTOCOLS if p.day_offsets] + [c.id for c in cbt.COURSES]
    assert [p["name"] for p in of_kind("PlanDefinition")] == ids
    assert [a["name"] for a in of_kind("ActivityDefinition")] == ids


# --- questionnaire ----------------------------------------------------------------------------------------


def items(holder: Json) -> Iterator[Json]:
    for item in holder.get("item", ()):
        yield item
        yield from items(item)


def test_the_published_form_asks_what_the_app_reads() -> None:
    drug, day = Code("", "sertraline", "sertraline"), When.on(START)
    intake = Intake(
        escort_confirmed=True,
        principal_diagnosis=Code(SNOMED, "21897009"),
        resistance_statement="Allergic to all of them.",
        medication_trials=(
            MedicationTrial(drug, day, day, improvement_below_pct=25, stopped_for_intolerance=True),
        ),
        therapy_courses=(TherapyCourse("CBT", 12, day, day, 25),),
        nmda_courses=(NmdaCourse(drug, 2, day, 25),),
    )
    form = named("Questionnaire", "intake")
    answered = {i["linkId"] for i in items(build_intake_response(intake, "Patient/jane", SIGNED_AT))}
    assert answered == {i["linkId"] for i in items(form)}


def options(link: str) -> list[Json]:
    form = named("Questionnaire", "intake")
    return [o["valueCoding"] for i in items(form) if i["linkId"] == link for o in i["answerOption"]]


def test_each_target_disorder_can_be_named_and_is_recognised() -> None:
    offered = options("principal-diagnosis")
    found = [target_of(Code(o["system"], o["code"])) for o in offered]
    assert found == list(DISORDERS)
    assert all(o["display"] for o in offered)


def test_forms_of_therapy_are_those_of_the_code_system() -> None:
    system = named("CodeSystem", "psychotherapy-form")
    offered = options("psychotherapy-course.form")
    assert {o["system"] for o in offered} == {system["url"]}
    assert [o["code"] for o in offered] == [c["code"] for c in system["concept"]]


# --- codes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", condition_sets())
def test_every_set_of_conditions_has_a_source(name: str) -> None:
    assert SOURCES.get(name, "").strip(), f"name the source of codes.{name} in value_sets.SOURCES"


@pytest.mark.parametrize("name", condition_sets())
def test_a_published_set_holds_what_the_rules_match(name: str) -> None:
    meaning: ValueSet = getattr(codes, name)
    published = named("ValueSet", slug(meaning.name))
    listed, below = set(), set()
    for part in published["compose"]["include"]:
        listed |= {Code(part["system"], c["code"]) for c in part.get("concept", ())}
        below |= {Code(part["system"], f["value"]) for f in part.get("filter", ())}
    assert {c.code for c in listed} == meaning.snomed
    assert {c.code for c in below} == set(meaning.icd)
    assert all(Condition("", (code,)) in meaning for code in listed | below)
    assert {c.system for c in listed} <= {SNOMED}
    assert {c.system for c in below} <= {ICD10CM}


@pytest.mark.parametrize("disorder", DISORDERS, ids=lambda d: d.id)
def test_a_goal_s_measure_is_in_the_published_totals(disorder: Any) -> None:
    scale = disorder.scale
    goal: TargetGoal = a_goal(instrument=scale.id, loinc=scale.loinc)
    draft = a_draft(goals=(goal,))
    step = next(s for s in render(a_plan(draft), a_timetable(draft)) if s.type == "Goal")
    (coding,) = step.resource["target"][0]["measure"]["coding"]
    includes = named("ValueSet", "instrument-total")["compose"]["include"]
    published = {(part["system"], c["code"]) for part in includes for c in part["concept"]}
    assert (coding["system"], coding["code"]) in published
    local = {c["code"] for c in named("CodeSystem", "instrument-total")["concept"]}
    assert (coding["code"] in local) == (coding["system"] != LOINC)
