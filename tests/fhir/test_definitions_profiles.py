"""Everything ketplan writes satisfies its published profiles and US Core."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from ketplan import __version__
from ketplan.clinical.plan import Draft
from ketplan.clinical.protocols import ketamine
from ketplan.fhir.datatypes import BASE, Json
from ketplan.fhir.definitions.visits import drug_draft
from ketplan.fhir.invariants import CODES, REQUIRED, TARGETS, check
from ketplan.fhir.r4 import AUTHORED
from tests.fhir.plan_builders import (
    ERP17,
    PATIENT,
    a_cbt_course,
    a_draft,
    a_finding,
    a_goal,
    a_ketamine_course,
    a_plan,
    a_resolution,
    an_unsigned,
    no_ketamine,
)
from tests.fhir.profiles import (
    CHECK,
    KNOWN,
    PROFILE,
    RECORD_PROFILES,
    STRUCTURES,
    US_CORE_CARE_PLAN,
    linked,
    profile_url,
)
from tests.fhir.snapshots import GENERATED, PROFILES, Node, read, tree

ERP: Draft = a_draft(ketamine=a_ketamine_course((0,)), cbt=a_cbt_course(ERP17, "ERP_OCD_17"))
UNMEASURED = a_goal(instrument="SMSP", loinc=None, target_below=None, baseline=None)
RESOLVED = replace(a_resolution(), clinician="Practitioner/rossi")
PLANS: dict[str, dict[str, Json]] = {
    "IV6 and 14 sessions": linked(a_plan()),
    "IV1 and ERP": linked(a_plan(ERP)),
    "therapy alone": linked(a_plan(a_draft(ketamine=no_ketamine()))),
    "ketamine alone": linked(a_plan(a_draft(cbt=None))),
    "unsigned": linked(an_unsigned()),
    "unsigned, therapy alone": linked(an_unsigned(a_draft(ketamine=no_ketamine()))),
    "no visit has a time": linked(a_plan(), tuple(v.key for v in a_draft().visits)),
    "some visits have no time": linked(a_plan(ERP), ("infusion-1", "cbt-9")),
    "a finding resolved": linked(a_plan(a_draft(findings=(a_finding(),)), resolutions=(RESOLVED,))),
    "resolved by name": linked(a_plan(a_draft(findings=(a_finding(),)), resolutions=(a_resolution(),))),
    "no weight": linked(
        a_plan(a_draft(ketamine=a_ketamine_course(dose_mg=None, dosing_weight_kg=None, arithmetic="")))
    ),
    "score without a code": linked(a_plan(a_draft(goals=(a_goal(instrument="LSAS", loinc=None),)))),
    "score without a cut": linked(a_plan(a_draft(goals=(UNMEASURED,)))),
    "no goal, no diagnosis": linked(a_plan(a_draft(goals=(), addresses=()))),
    **{
        f"protocol {p.id}": linked(an_unsigned(replace(drug_draft(p), patient=PATIENT)))
        for p in ketamine.PROTOCOLS
        if p.day_offsets
    },
}
WRITTEN = {(name, key): resource for name, plan in PLANS.items() for key, resource in plan.items()}
PUBLISHED = read(*sorted(GENERATED.glob("*-example-*.json")))
EXAMPLES = [r for r in PUBLISHED if r["meta"]["profile"] == [profile_url(PROFILE.get(r["resourceType"], ""))]]


# --- what we write ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PLANS)
def test_every_resource_of_a_plan_fits_its_profile(name: str) -> None:
    faults = {key: CHECK[resource["resourceType"]](resource) for key, resource in PLANS[name].items()}
    assert {key: found for key, found in faults.items() if found} == {}
    assert PLANS[name]


@pytest.mark.parametrize("version", KNOWN)
def test_every_care_plan_satisfies_us_core(version: str) -> None:
    us_core = KNOWN[version].checker(US_CORE_CARE_PLAN)
    plans = [r for r in [*WRITTEN.values(), *EXAMPLES] if r["resourceType"] == "CarePlan"]
    assert len(plans) > len(PLANS)
    assert [found for plan in plans if (found := us_core(plan))] == []


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda r: r["id"])
def test_the_published_examples_fit_profile_and_run_time_check(example: Json) -> None:
    kind = example["resourceType"]
    assert example["meta"]["profile"] == [f"{BASE}/StructureDefinition/{PROFILE[kind]}"]
    assert CHECK[kind](example) == []
    assert check(example) == []


def test_there_is_a_profile_and_an_example_of_each_type_we_write() -> None:
    assert PROFILE.keys() == {r["resourceType"] for r in EXAMPLES} == AUTHORED


def test_profiles_have_our_version() -> None:
    config = (PROFILES / "sushi-config.yaml").read_text("utf-8")
    assert f"\nversion: {__version__}\n" in config
    assert {r["version"] for r in STRUCTURES} == {__version__}
    assert {r["id"] for r in STRUCTURES} == {*PROFILE.values(), *RECORD_PROFILES, "source"}


# --- the run-time check says no less ----------------------------------------------------------------------


def element_at(path: str) -> Node:
    """The profile's element for a path of `fhir.invariants`; a choice by any of its types."""
    kind, *parts = path.split(".")
    node = tree(next(s for s in STRUCTURES if s["id"] == PROFILE[kind]))
    for part in parts:
        named = {name.replace("[x]", "[A-Z].*"): child for name, child in node.children.items()}
        node = next(child for name, child in named.items() if re.fullmatch(name, part))
    return node


def by_profile(tables: dict[str, Any]) -> Iterator[tuple[str, Any, Node]]:
    for path, allowed in tables.items():
        if path != "CarePlan.note.authorReference":  # of the type Annotation, which no profile of ours opens
            yield path, allowed, element_at(path)


def test_what_the_run_time_check_requires_the_profile_requires_too() -> None:
    paths = [f"{kind}.{name}" for kind, names in REQUIRED.items() for name in names]
    assert [path for path in paths if element_at(path).element["min"] < 1] == []


def test_codes_the_run_time_check_lets_through_are_in_the_profile_s_value_set() -> None:
    for path, allowed, node in by_profile(CODES):
        bound = KNOWN["6.1.0"].codes(node.element["binding"]["valueSet"])
        assert bound is not None
        assert set(map(str, allowed)) <= {code for _, code in bound}, path


def test_references_the_run_time_check_lets_through_are_allowed_by_the_profile() -> None:
    for path, allowed, node in by_profile(TARGETS):
        profiles = [p for t in node.element["type"] for p in t.get("targetProfile", ())]
        assert set(allowed) <= {KNOWN["6.1.0"].type_of(p) for p in profiles}, path
