"""A site's library: what is offered follows it, and every plan says what the site has changed."""

from __future__ import annotations

import tomllib
from dataclasses import fields, replace
from decimal import Decimal
from typing import Any

import pytest

from ketplan import config
from ketplan.clinical import site_settings
from ketplan.clinical.assessment import Assessment, Choice, assess
from ketplan.clinical.draft import draft
from ketplan.clinical.house import GROUPS, House, group
from ketplan.clinical.library import SHIPPED, Library, deviations
from ketplan.clinical.protocols import cbt, ketamine
from ketplan.clinical.protocols.cbt import CbtProtocol
from ketplan.clinical.protocols.ketamine import KetamineProtocol, TitrationStep
from ketplan.clinical.setting import settable
from ketplan.errors import InputError
from tests.clinical.builders import (
    AS_OF,
    START,
    a_condition,
    a_patient,
    a_ready_record,
    born,
    cm,
    kg,
)


def with_protocol(id: str, **changes: Any) -> Library:
    return replace(
        SHIPPED, protocols=tuple(replace(p, **changes) if p.id == id else p for p in SHIPPED.protocols)
    )


def with_course(id: str, **changes: Any) -> Library:
    return replace(
        SHIPPED, courses=tuple(replace(c, **changes) if c.id == id else c for c in SHIPPED.courses)
    )


def judged(
    library: Library,
    disorder: str = "GAD",
    house: House | None = None,
    choice: Choice | None = None,
    **facts: Any,
) -> Assessment:
    return assess(a_ready_record(disorder, **facts), AS_OF, START, house, choice, library)


def test_the_shipped_library_deviates_in_nothing() -> None:
    assert deviations(House(), SHIPPED) == ()
    assert draft(judged(SHIPPED)).deviations == ()


@pytest.mark.parametrize("name", [f.name for f in fields(KetamineProtocol) if f.name != "id"])
def test_no_change_of_a_protocol_goes_unsaid(name: str) -> None:
    (told,) = deviations(House(), with_protocol("IV6_2PW", **{name: "changed"}))
    assert told.startswith("IV6_2PW: ") and "shipped: " in told


@pytest.mark.parametrize("name", [f.name for f in fields(CbtProtocol) if f.name != "id"])
def test_no_change_of_a_course_goes_unsaid(name: str) -> None:
    (told,) = deviations(House(), with_course("CBT_GAD_14", **{name: "changed"}))
    assert told.startswith("CBT_GAD_14: ") and "shipped: " in told


@pytest.mark.parametrize(
    ("table", "name"), [(t, f.name) for t in GROUPS for f in settable(group(House(), t))]
)
def test_no_change_of_a_house_default_goes_unsaid(table: str, name: str) -> None:
    before = getattr(group(House(), table), name)
    if name == "country":
        (told,) = deviations(House(country="DE"), SHIPPED)
    else:
        example = next(r.example for r in config.describe() if (r.table, r.name) == (table, name))
        said = tomllib.loads(f"{name} = {example}", parse_float=Decimal)
        house, _ = site_settings.read(
            {table: said, "protocol": {"IV6_3PW": {"enabled": False}}}, House().country
        )
        (told,) = deviations(house, SHIPPED)
        assert getattr(group(house, table), name) != before
    assert "shipped: " in told


@pytest.mark.parametrize(
    ("library", "sentence"),
    [
        (with_protocol("IV6_2PW", minutes=60), "IV6_2PW: length 60 min (shipped: 40 min)."),
        (
            with_protocol("IV6_2PW", mg_per_kg=(Decimal("0.4"),)),
            "IV6_2PW: dose 0.4 mg/kg (shipped: 0.5 mg/kg).",
        ),
        (with_protocol("IV1", enabled=False), "IV1: switched off (shipped: switched on)."),
        (
            with_protocol("IV6_3PW", titration=()),
            "IV6_3PW: no titration (shipped: after dose 2, improved by less than 20 %: 0.75 mg/kg;"
            " after dose 4, improved by less than 50 %: 1.0 mg/kg).",
        ),
        (with_course("CBT_GAD_14", minutes=(50,)), "CBT_GAD_14: length 50 min (shipped: 60 min)."),
        (
            with_course("OST_PHOBIA_4_CBTONLY", offsets=(0, 2, 9, 30)),
            "OST_PHOBIA_4_CBTONLY: days 0, 2, 9, 30 (shipped: 0, 7, 14, 28).",
        ),
    ],
)
def test_a_deviation_names_what_is_and_what_was_shipped(library: Library, sentence: str) -> None:
    assert draft(judged(library)).deviations == (sentence,)


def test_a_house_default_is_told_in_its_own_words() -> None:
    told = draft(judged(SHIPPED, house=House(trial_days=42))).deviations
    assert told == ("Days that make a drug trial adequate: 42 days (shipped: 56 days).",)


def test_a_blocked_patient_is_told_too() -> None:
    library = with_protocol("IV6_2PW", minutes=60)
    assessment = judged(library, also=[a_condition("69322001", "F20.9")])
    assert draft(assessment).deviations == ("IV6_2PW: length 60 min (shipped: 40 min).",)


def test_what_is_switched_off_is_not_proposed_and_the_rest_of_the_plan_stays() -> None:
    plan = draft(judged(with_protocol("IV6_2PW", enabled=False)))
    assert plan.ketamine.protocol == "NONE" and plan.ketamine.dose_mg is None
    assert plan.cbt and plan.cbt.protocol == "CBT_GAD_14"
    assert not [v for v in plan.visits if v.key.startswith("infusion")]


def test_what_is_switched_off_cannot_be_chosen() -> None:
    with pytest.raises(InputError, match="no protocol IV6_3PW switched on"):
        judged(with_protocol("IV6_3PW", enabled=False), choice=Choice(protocol="IV6_3PW"))
    for id in ("SC_ASC_WEEKLY", "PO_SUPERVISED"):
        with pytest.raises(InputError, match=f"no protocol {id} switched on"):
            judged(SHIPPED, choice=Choice(protocol=id))


def test_a_phobia_has_no_override_where_the_single_infusion_is_off() -> None:
    assert draft(judged(SHIPPED, "SPECIFIC_PHOBIA")).override is not None
    assert draft(judged(with_protocol("IV1", enabled=False), "SPECIFIC_PHOBIA")).override is None


def test_the_sites_own_numbers_make_the_plan() -> None:
    library = with_protocol(
        "IV6_2PW", mg_per_kg=(Decimal("0.4"),), minutes=60, day_offsets=(0, 4, 7, 11, 14, 18)
    )
    plan = draft(judged(library))
    assert plan.ketamine.dose_mg == 28 and plan.ketamine.minutes == 60
    assert [v.offset for v in plan.visits if v.key.startswith("infusion")] == [0, 4, 7, 11, 14, 18]
    assert plan.monitoring is not None
    assert plan.monitoring.vitals_minutes == (0, 10, 20, 30, 40, 50, 60, 75, 90, 105, 120)
    assert plan.monitoring.instruments[0] == "CADSS-6 (pre, 60, discharge)"
    call, mid = (v for v in plan.visits if v.key in ("24h_check_call", "mid_course_review"))
    assert (call.offset, mid.offset) == (1, 11)


def test_the_sites_session_length_is_that_of_the_visit() -> None:
    library = with_course("CBT_GAD_14", minutes=(50,))
    minutes = {v.minutes for v in draft(judged(library)).visits if v.key.startswith("cbt")}
    assert minutes == {50}


def test_steps_never_pass_a_lowered_ceiling() -> None:
    plan = draft(judged(with_protocol("IV6_2PW", ceiling_mg_per_kg=Decimal("0.6"))))
    up = [t for t in plan.ketamine.titration if "propose" in t]
    assert len(up) == 1 and "propose 0.6 mg/kg (42 mg)" in up[0]


@pytest.mark.parametrize(("age", "frail"), [(70, False), (40, True)])
def test_no_site_dose_passes_half_a_milligram_from_65_on_or_when_frail(age: int, frail: bool) -> None:
    """8b: without an override."""
    library = with_protocol(
        "IV6_2PW",
        mg_per_kg=(Decimal("0.75"),),
        titration=(TitrationStep(2, 20, Decimal("1.0")),),
    )
    house = House(first_dose_mg_per_kg_from_65=Decimal("0.5"))
    frailty = [a_condition("248279007", "R54")] if frail else []
    plan = draft(judged(library, house=house, patient=a_patient(birth_date=born(age)), also=frailty))
    assert plan.ketamine.mg_per_kg == plan.ketamine.ceiling_mg_per_kg == Decimal("0.5")
    assert not [t for t in plan.ketamine.titration if "propose" in t]


def test_a_lower_ceiling_than_that_of_65_holds_from_65_on() -> None:
    library = with_protocol("IV6_2PW", mg_per_kg=(Decimal("0.3"),), ceiling_mg_per_kg=Decimal("0.4"))
    plan = draft(judged(library, patient=a_patient(birth_date=born(70))))
    assert plan.ketamine.ceiling_mg_per_kg == Decimal("0.4")


# --- the routes ------------------------------------------------------------------------------------------


def test_ascending_doses_are_all_told_with_their_milligrams() -> None:
    library = with_protocol("SC_ASC_WEEKLY", enabled=True)
    course = draft(judged(library, "SAD", choice=Choice(protocol="SC_ASC_WEEKLY"))).ketamine
    assert (course.dose_mg, course.route, course.minutes) == (18, "SC", None)
    assert course.titration[:2] == (
        "Dose 2, if the one before was tolerated: 0.5 mg/kg (35 mg).",
        "Dose 3, if the one before was tolerated: 1.0 mg/kg (70 mg).",
    )


def test_ascending_doses_stop_at_the_ceiling_from_65_on() -> None:
    library = with_protocol("SC_ASC_WEEKLY", enabled=True)
    choice = Choice(protocol="SC_ASC_WEEKLY")
    course = draft(judged(library, choice=choice, patient=a_patient(birth_date=born(70)))).ketamine
    assert course.ceiling_mg_per_kg == Decimal("0.5")
    assert course.titration[1] == "Dose 3, if the one before was tolerated: 0.5 mg/kg (35 mg)."


def test_ascending_doses_without_a_weight_have_no_milligrams() -> None:
    library = with_protocol("SC_ASC_WEEKLY", enabled=True)
    choice = Choice(protocol="SC_ASC_WEEKLY")
    course = draft(judged(library, choice=choice, without=["weight"])).ketamine
    assert course.dose_mg is None
    assert course.titration[0] == "Dose 2, if the one before was tolerated: 0.5 mg/kg."


def test_the_oral_course_books_one_supervised_dose_and_says_what_may_follow() -> None:
    library = with_protocol("PO_SUPERVISED", enabled=True)
    assessment = judged(library, choice=Choice(protocol="PO_SUPERVISED"))
    course = draft(assessment).ketamine
    assert (course.infusions, course.dose_mg, course.ceiling_mg_per_kg) == (1, 35, Decimal("2.5"))
    assert "No take-home doses" in course.titration[-2]
    assert assessment.found("ORAL_COMPOUNDED")


@pytest.mark.parametrize(
    ("age", "setting", "mg", "devices"),
    [
        (40, 28, 56, "2 devices of 28 mg; not dosed by weight"),
        (64, 28, 56, "2 devices of 28 mg; not dosed by weight"),
        (65, 28, 28, "1 device of 28 mg; not dosed by weight"),
        (65, 56, 56, "2 devices of 28 mg; not dosed by weight"),
    ],
)
def test_the_esketamine_start_of_older_adults_is_a_setting(
    age: int, setting: int, mg: int, devices: str
) -> None:
    house = House(esketamine_first_mg_from_65=setting)
    patient = a_patient(birth_date=born(age))
    course = draft(
        judged(SHIPPED, house=house, choice=Choice(protocol="ESK_LABEL"), patient=patient)
    ).ketamine
    assert (course.dose_mg, course.arithmetic, course.mg_per_kg) == (mg, devices, None)


def test_esketamine_is_never_dosed_by_weight_and_says_how_it_goes_on() -> None:
    choice = Choice(protocol="ESK_LABEL")
    light, heavy = (
        draft(judged(SHIPPED, choice=choice, without=["weight", "height"], also=[kg(w), cm(180)])).ketamine
        for w in ("50", "95")
    )
    assert light.dose_mg == heavy.dose_mg == 56
    assert "56 or 84 mg twice weekly" in light.titration[0]


def test_the_esketamine_decision_comes_after_the_four_week_induction() -> None:
    plan = draft(judged(SHIPPED, choice=Choice(protocol="ESK_LABEL")))
    (decision,) = (f for f in plan.followups if f.visit == "end_of_induction_review")
    assert decision.day == 28


@pytest.mark.parametrize("typed", ["intranasal ketamine 28 mg", "Ketamine nasal spray 28mg"])
def test_intranasal_28_mg_as_typed_is_ambiguous(typed: str) -> None:
    with pytest.raises(InputError, match="ambiguous"):
        judged(SHIPPED, choice=Choice(protocol=typed))


def test_products_without_a_protocol_carry_a_warning_and_a_source() -> None:
    assert {p.route for p in ketamine.NOT_OFFERED} == {"IN", "SL"}
    for product in ketamine.NOT_OFFERED:
        assert "Unapproved" in product.warning and "[F:" in product.source


def test_every_id_is_there_once() -> None:
    assert len({p.id for p in ketamine.PROTOCOLS}) == len(ketamine.PROTOCOLS)
    assert len({c.id for c in cbt.COURSES}) == len(cbt.COURSES)
