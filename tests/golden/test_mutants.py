"""Patients nobody has seen: acceptance cases with one thing changed, decided by the same tables."""

from __future__ import annotations

import pytest

from tests.golden import mutants_body, mutants_history, mutants_risk
from tests.golden.mutants import AS_OF, MUTANTS, START, Case, Mutant
from tests.golden.shared import beside, decided, differences, ids, reasons

SOURCES = (mutants_body, mutants_history, mutants_risk)


def test_every_mutant_has_a_name_of_its_own() -> None:
    names = [m.name for m in MUTANTS]
    assert len(names) == len(set(names)) >= 25
    assert {m.edit.__module__ for m in MUTANTS} == {source.__name__ for source in SOURCES}


@beside
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: m.name)
def test_mutant(mutant: Mutant) -> None:
    case = Case(mutant.base)
    mutant.edit(case)
    plan = decided(case.bundle(), AS_OF, mutant.start)
    assert reasons(plan) == mutant.findings
    assert plan["decision"] == mutant.decision
    assert ids(plan, "INFO") >= mutant.info
    assert not {f["id"] for f in plan["findings"]} & mutant.no
    assert plan["write_allowed_after_clinician_signature"] is (mutant.decision == "eligible")
    assert differences(mutant.told, plan) == []


@beside
def test_suicide_risk_stands_first_even_where_another_finding_blocks() -> None:
    case = Case("A06")
    mutants_risk.suicide_risk_in_a_blocked_patient(case)
    plan = decided(case.bundle(), AS_OF, START)
    assert plan["findings"][0]["id"] == "SI_HIGH"
    assert plan["findings"][0]["evidence"]
    assert "uicide" in plan["alternative_steps"][0]
