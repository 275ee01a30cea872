"""Drug protocols: protocol facts 1.1 to 1.4 and the machine table 1.7."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

RACEMIC = "racemic ketamine hydrochloride"
ESKETAMINE = "esketamine nasal spray"


@dataclass(frozen=True, slots=True)
class TitrationStep:
    """After dose `after`, below `improvement_below_pct`: propose `mg_per_kg` (at most +0.25 a step, 8b)."""

    after: int
    improvement_below_pct: int
    mg_per_kg: Decimal


@dataclass(frozen=True, slots=True)
class KetamineProtocol:
    """One drug course. `mg_per_kg` holds one dose or, for ascending courses, one per dose; doses by device
    (`mg_by_device`) are not weight-based. `minutes` is the infusion's length."""

    id: str
    title: str
    route: str | None
    product: str | None
    rxnorm: str | None
    mg_per_kg: tuple[Decimal, ...] = ()
    minutes: int | None = None
    day_offsets: tuple[int, ...] = ()
    titration: tuple[TitrationStep, ...] = ()
    floor_mg_per_kg: Decimal | None = None
    ceiling_mg_per_kg: Decimal | None = None
    mg_by_device: tuple[int, ...] = ()
    enabled: bool = True
    evidence: str = ""
    source: str = ""
    end_of_induction_day: int | None = None

    @property
    def weight_dosed(self) -> bool:
        return bool(self.mg_per_kg)


MIN_GAP_HOURS = 48
_D = Decimal
_FLOOR, _CEILING = _D("0.25"), _D("1.0")

PROTOCOLS: tuple[KetamineProtocol, ...] = (
    KetamineProtocol(
        "IV6_2PW",
        "Six infusions, twice weekly",
        "IV",
        RACEMIC,
        "6130",
        (_D("0.5"),),
        40,
        (0, 3, 7, 10, 14, 17),
        (TitrationStep(2, 20, _D("0.75")), TitrationStep(4, 50, _D("1.0"))),
        evidence="Extrapolated from treatment-resistant depression and PTSD",
        source="1.1, 1.7 [F:WIL21][P]; twice = thrice weekly [F:SIN16][P]",
        floor_mg_per_kg=_FLOOR,
        ceiling_mg_per_kg=_CEILING,
    ),
    KetamineProtocol(
        "IV6_3PW",
        "Six infusions, three a week",
        "IV",
        RACEMIC,
        "6130",
        (_D("0.5"),),
        40,
        (0, 2, 4, 7, 9, 11),
        (TitrationStep(2, 20, _D("0.75")), TitrationStep(4, 50, _D("1.0"))),
        evidence="Feder 2021 in PTSD; Phillips 2019 in treatment-resistant depression",
        source="1.1, 1.7 [F:FED21][F:PHI19]",
        floor_mg_per_kg=_FLOOR,
        ceiling_mg_per_kg=_CEILING,
    ),
    KetamineProtocol(
        "IV3_QW",
        "Three infusions, weekly",
        "IV",
        RACEMIC,
        "6130",
        (_D("0.5"),),
        40,
        (0, 7, 14),
        evidence="Shiroma 2020: PTSD with prolonged exposure, uncontrolled",
        source="1.7 [F:SHI20]; no titration (8b)",
        floor_mg_per_kg=_FLOOR,
        ceiling_mg_per_kg=_CEILING,
    ),
    KetamineProtocol(
        "IV1",
        "One infusion",
        "IV",
        RACEMIC,
        "6130",
        (_D("0.5"),),
        40,
        (0,),
        evidence="Rodriguez 2013 and 2016 in OCD; Taylor 2018 in social anxiety",
        source="1.7 [F:ROD13][F:ROD16][F:TAY18]; no titration (8b)",
        end_of_induction_day=14,
        floor_mg_per_kg=_FLOOR,
        ceiling_mg_per_kg=_CEILING,
    ),
    KetamineProtocol(
        "SC_ASC_WEEKLY",
        "Three ascending subcutaneous doses, weekly",
        "SC",
        RACEMIC,
        "6130",
        (_D("0.25"), _D("0.5"), _D("1.0")),
        None,
        (0, 7, 14),
        enabled=False,
        evidence="Glue 2017 and 2020 in GAD and social anxiety",
        source="1.2, 1.7 [F:GLU17][F:GLU20]",
        ceiling_mg_per_kg=_D("1.0"),
    ),
    KetamineProtocol(
        "ESK_LABEL",
        "Esketamine by device, label calendar",
        "IN",
        ESKETAMINE,
        "2119365",
        day_offsets=(0, 3, 7, 10, 14, 17, 21, 24, 28, 35, 42, 49),
        mg_by_device=(28, 56, 84),
        evidence="Labelled for treatment-resistant depression; off-label for anxiety",
        source="1.3, 1.7 [F:SPR19][F:MIMS]",
    ),
    KetamineProtocol(
        "PO_SUPERVISED",
        "Oral, supervised in the clinic",
        "PO",
        RACEMIC,
        "6130",
        (_D("0.5"),),
        None,
        (0,),
        enabled=False,
        evidence="Very low: open-label series, n = 7 extended release",
        source="1.4, 1.7 [F:GLUER20]; template [H]; no take-home doses",
        ceiling_mg_per_kg=_D("2.5"),
    ),
    KetamineProtocol("NONE", "No ketamine", None, None, None, source="1.7"),
)
BY_ID = {p.id: p for p in PROTOCOLS}
