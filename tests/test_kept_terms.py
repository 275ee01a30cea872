"""What was signed comes back as it was signed, the site's own protocol included."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from ketplan.clinical.library import SHIPPED
from ketplan.clinical.plan import Clinician, ConfirmedPlan, Draft
from ketplan.clinical.progress.facts import plan_facts
from ketplan.clinical.protocols.ketamine import PROTOCOLS
from ketplan.errors import InputError
from ketplan.kept import plan_payload
from ketplan.kept_terms import plan_facts_of, terms_payload
from ketplan.store.columns import from_json, to_json
from ketplan.store.plans import PlanState, StoredPlan
from tests.clinical.builders import a_condition, a_ready_record, drafted, with_facts

ZONE = ZoneInfo("America/New_York")
# Two in the morning in London, still the evening before at the site.
AT = datetime(2026, 2, 17, 2, 0, tzinfo=UTC)
GAD = drafted(a_ready_record("GAD"))
FRAIL = drafted(with_facts(a_ready_record("GAD"), a_condition("248279007")))


def a_signed(draft: Draft) -> ConfirmedPlan:
    return ConfirmedPlan("plan-1", draft, Clinician("Practitioner/1"), AT)


def kept(draft: Draft, **changes: object) -> StoredPlan:
    """As the store gives it back."""
    payload = from_json(to_json(plan_payload(a_signed(draft), ()) | changes))
    return StoredPlan("plan-1", "https://ehr.example.org", "p1", 1, payload, PlanState.WRITTEN, AT, AT)


@pytest.mark.parametrize("draft", [GAD, FRAIL], ids=["GAD", "frail"])
def test_what_was_signed_comes_back(draft: Draft) -> None:
    assert plan_facts_of(kept(draft), ZONE) == plan_facts(draft, "plan-1", authorised_on=date(2026, 2, 16))


@pytest.mark.parametrize("protocol", [p for p in PROTOCOLS if p.id != "NONE"], ids=lambda p: str(p.id))
def test_the_sites_own_protocol_comes_back_to_the_last_digit(protocol: object) -> None:
    own = replace(SHIPPED.protocol(protocol.id), ceiling_mg_per_kg=Decimal("0.70"))  # type: ignore[attr-defined]
    assert GAD.terms is not None
    draft = replace(
        GAD, ketamine=replace(GAD.ketamine, protocol=own.id), terms=replace(GAD.terms, protocol=own)
    )
    found = plan_facts_of(kept(draft), ZONE).protocol
    assert (found, str(found.ceiling_mg_per_kg)) == (own, "0.70")


def test_a_plan_that_no_disorder_leads_has_no_course() -> None:
    assert terms_payload(a_signed(replace(GAD, lead=None))) is None


@pytest.mark.parametrize("course", [None, {"version": 0}], ids=["none", "another version"])
def test_what_was_kept_without_its_course_says_so(course: object) -> None:
    with pytest.raises(InputError, match="by hand"):
        plan_facts_of(kept(GAD, terms=course), ZONE)


def test_the_same_plan_is_kept_the_same_way() -> None:
    payload = plan_payload(a_signed(GAD), ())
    assert from_json(to_json(payload)) == payload
