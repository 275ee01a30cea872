"""The machine tables of protocol facts 1.7, 2.2 and 2.3, copied from the paper, against the library."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from ketplan.clinical.disorders import DISORDERS
from ketplan.clinical.protocols import cbt, ketamine, monitoring
from ketplan.clinical.protocols.ketamine import KetamineProtocol

DRUG: dict[str, Any] = json.loads(
    """
{"protocols":[
{"id":"IV6_2PW","route":"IV","product_rxnorm":"6130","mg_per_kg":0.5,"minutes":40,"day_offsets":[0,3,7,10,14,17],"min_gap_h":48,"titration":[{"after":2,"if_improvement_lt_pct":20,"propose_mg_per_kg":0.75},{"after":4,"if_improvement_lt_pct":50,"propose_mg_per_kg":1.0}],"floor_mg_per_kg":0.25,"ceiling_mg_per_kg":1.0},
{"id":"IV6_3PW","route":"IV","product_rxnorm":"6130","mg_per_kg":0.5,"minutes":40,"day_offsets":[0,2,4,7,9,11]},
{"id":"IV3_QW","route":"IV","product_rxnorm":"6130","mg_per_kg":0.5,"minutes":40,"day_offsets":[0,7,14]},
{"id":"IV1","route":"IV","product_rxnorm":"6130","mg_per_kg":0.5,"minutes":40,"day_offsets":[0]},
{"id":"SC_ASC_WEEKLY","route":"SC","product_rxnorm":"6130","mg_per_kg":[0.25,0.5,1.0],"day_offsets":[0,7,14],"enabled_by_default":false},
{"id":"ESK_LABEL","route":"IN","product_rxnorm":"2119365","mg":{"day0":56,"day0_age_ge_65_eu":28,"later":[56,84]},"day_offsets":[0,3,7,10,14,17,21,24,28,35,42,49],"requires_condition_any":["370143000","1153570009"]},
{"id":"PO_SUPERVISED","route":"PO","product_rxnorm":"6130","mg_per_kg":0.5,"ceiling_mg_per_kg":2.5,"take_home":false,"enabled_by_default":false},
{"id":"NONE","route":null,"day_offsets":[]}],
"default_by_disorder":{"GAD":"IV6_2PW","SAD":"IV6_2PW","PANIC":"IV6_2PW","OCD":"IV1","PTSD":"IV3_QW","SPECIFIC_PHOBIA":"NONE"}}
""",
    parse_float=Decimal,
)
THERAPY: dict[str, Any] = json.loads(
    """
{"cbt":[
{"id":"CBT_GAD_14","offsets":[1,4,8,11,15,22,29,36,43,50,57,64,71,78],"minutes":[60]},
{"id":"CBT_PANIC_12","offsets":[1,4,8,11,15,22,29,36,43,50,57,64],"minutes":[60]},
{"id":"CBT_SAD_14","offsets":[1,4,8,11,15,22,29,36,43,50,57,64,71,78],"minutes":[90]},
{"id":"ERP_OCD_17","offsets":[-1,1,2,3,4,7,8,9,10,11,14,21,28,35,42,49,56],"minutes":[90,60,60,60,60,60,60,60,60,60,60,60,60,60,60,60,60]},
{"id":"PE_PTSD_10","offsets":[1,8,15,22,29,36,43,50,57,64],"minutes":[90]},
{"id":"CPT_PTSD_12","offsets":[1,4,8,11,15,18,22,29,36,43,50,57],"minutes":[60]},
{"id":"OST_PHOBIA_4_CBTONLY","offsets":[0,7,14,28],"minutes":[60,180,60,60]},
{"id":"OST_PHOBIA_4_WITH_K","offsets":[-1,1,8,22],"minutes":[60,180,60,60]}]}
"""
)
COURSE_OF = {
    "GAD": ("CBT_GAD_14", "CBT_GAD_14"),
    "PANIC": ("CBT_PANIC_12", "CBT_PANIC_12"),
    "SAD": ("CBT_SAD_14", "CBT_SAD_14"),
    "OCD": ("ERP_OCD_17", "ERP_OCD_17"),
    "PTSD": ("PE_PTSD_10", "PE_PTSD_10"),
    "SPECIFIC_PHOBIA": ("OST_PHOBIA_4_WITH_K", "OST_PHOBIA_4_CBTONLY"),
}
TITLES = {  # 2.3: first, one in the middle, last
    "CBT_GAD_14": (
        "Formulation, goals, how ketamine fits",
        "Beliefs that worry is dangerous",
        "Relapse plan",
    ),
    "CBT_PANIC_12": ("Panic cycle formulation", "In-vivo hierarchy", "Relapse plan"),
    "CBT_SAD_14": ("Personal model of social anxiety", "Behavioural experiments III", "Relapse plan"),
    "PE_PTSD_10": ("Rationale, breathing, trauma interview", "Hot spots II", "Final imaginal, relapse plan"),
}


def in_the_papers_words(protocol: KetamineProtocol) -> dict[str, Any]:
    doses: Any = list(protocol.mg_per_kg)
    return {
        "id": protocol.id,
        "route": protocol.route,
        "product_rxnorm": protocol.rxnorm,
        "mg_per_kg": doses if len(doses) > 1 else next(iter(doses), None),
        "minutes": protocol.minutes,
        "day_offsets": list(protocol.day_offsets),
        "enabled_by_default": protocol.enabled,
    }


@pytest.mark.parametrize("row", DRUG["protocols"], ids=lambda row: row["id"])
def test_drug_protocols(row: dict[str, Any]) -> None:
    protocol = ketamine.BY_ID[row["id"]]
    told = in_the_papers_words(protocol)
    silent = {"enabled_by_default": True, "day_offsets": [0]}
    assert told == {key: row.get(key, silent.get(key)) for key in told}
    for limit in ("floor_mg_per_kg", "ceiling_mg_per_kg"):
        if limit in row:
            assert getattr(protocol, limit) == row[limit]
    if "mg" in row:
        assert set(protocol.mg_by_device) == {row["mg"]["day0_age_ge_65_eu"], *row["mg"]["later"]}


def test_the_titration_of_the_default_course() -> None:
    row = DRUG["protocols"][0]
    steps = [(s.after, s.improvement_below_pct, s.mg_per_kg) for s in ketamine.BY_ID["IV6_2PW"].titration]
    assert steps == [tuple(step.values()) for step in row["titration"]]
    assert row["min_gap_h"] == ketamine.MIN_GAP_HOURS


@pytest.mark.parametrize("id", ["IV3_QW", "IV1"])
def test_the_short_courses_have_none(id: str) -> None:
    assert ketamine.BY_ID[id].titration == ()


def test_no_protocol_starts_above_its_ceiling() -> None:
    for protocol in ketamine.PROTOCOLS:
        assert all(protocol.ceiling_mg_per_kg and d <= protocol.ceiling_mg_per_kg for d in protocol.mg_per_kg)
        if protocol.route == "IV":
            assert protocol.ceiling_mg_per_kg == 1


def test_defaults_by_disorder() -> None:
    assert {d.id: d.default_protocol for d in DISORDERS} == DRUG["default_by_disorder"]
    assert {d.id: (d.cbt_with_ketamine, d.cbt_alone) for d in DISORDERS} == COURSE_OF


def test_the_library_is_the_papers() -> None:
    assert [p.id for p in ketamine.PROTOCOLS] == [row["id"] for row in DRUG["protocols"]]
    assert [c.id for c in cbt.COURSES] == [row["id"] for row in THERAPY["cbt"]]


@pytest.mark.parametrize("row", THERAPY["cbt"], ids=lambda row: row["id"])
def test_therapy_courses(row: dict[str, Any]) -> None:
    course = cbt.BY_ID[row["id"]]
    sessions = len(row["offsets"])
    minutes = row["minutes"] if len(row["minutes"]) == sessions else row["minutes"] * sessions
    assert list(course.offsets) == row["offsets"]
    assert [course.minutes_of(n) for n in range(1, sessions + 1)] == minutes
    assert len(course.titles) == sessions
    assert all(course.titles)


@pytest.mark.parametrize("id", [*TITLES])
def test_titles(id: str) -> None:
    titles = cbt.BY_ID[id].titles
    assert (titles[0], titles[6], titles[-1]) == TITLES[id]


def test_titles_of_exposure_and_phobia() -> None:
    erp = cbt.BY_ID["ERP_OCD_17"].titles
    assert [t.split(",")[0] for t in erp[1:11]] == [f"Exposure {n}" for n in range(1, 11)]
    assert all(t.startswith("Weekly: ") for t in erp[11:])
    for id in ("OST_PHOBIA_4_CBTONLY", "OST_PHOBIA_4_WITH_K"):
        assert [t.split()[0] for t in cbt.BY_ID[id].titles] == [
            "Assessment",
            "One-session",
            "Booster",
            "Relapse",
        ]


def test_monitoring() -> None:
    """4.1, and the words of the acceptance cases."""
    drip, spray = monitoring.of("IV", 40), monitoring.of("IN", None)
    assert drip and spray
    assert drip.vitals_minutes == (0, 10, 20, 30, 40, 55, 70, 85, 100, 120)
    assert spray.vitals_minutes[:2] == (0, 40) and spray.vitals_minutes[-1] == 120
    for one in (drip, spray):
        assert one.minimum_observation_minutes == 120
        assert one.escort_required
        assert one.no_driving_until == "next day after restful sleep"
