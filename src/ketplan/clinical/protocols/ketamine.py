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

    def __str__(self) -> str:
        return (
            f"after dose {self.after}, improved by less than {self.improvement_below_pct} %:"
            f" {self.mg_per_kg} mg/kg"
        )


@dataclass(frozen=True, slots=True)
class KetamineProtocol:
    """One drug course. `mg_per_kg` holds one dose or, for ascending courses, one per dose; doses by device
    (`mg_by_device`) are not weight-based. `minutes` is the infusion's length; `notes` are what a clinician
    must know besides."""

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
    notes: tuple[str, ...] = ()

    @property
    def weight_dosed(self) -> bool:
        return bool(self.mg_per_kg)


MIN_GAP_HOURS = 48
# 8b: one step, and the highest dose by drip or needle from 65 on or when frail.
STEP_MG_PER_KG, CEILING_FROM_65 = Decimal("0.25"), Decimal("0.5")
# What no site may go beyond, mg/kg by route: 1.1 [H], 1.2 [F:GLU17], 1.4 [H]. Above it a prescriber orders
# outside the app.
HARD_CEILING_MG_PER_KG = {"IV": Decimal("1.0"), "SC": Decimal("1.0"), "PO": Decimal("2.5")}
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
        notes=("Not an infusion: one injection under the skin, watched like an infusion.",),
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
        source="1.3, 1.7 [F:SPR19][F:MIMS]; calendar [H]",
        end_of_induction_day=28,
        notes=(
            "Weeks 1 to 4: 56 or 84 mg twice weekly, in steps of one 28 mg device; from 65 on 28, 56 or 84 mg"
            " (EU text).",
            "Stop or continue: decided after the four-week induction. Weeks 5 to 8 weekly; then weekly or"
            " every two weeks, the lowest frequency that holds.",
            "Five minutes between devices. No food for two hours, no liquid for 30 minutes, nasal steroid or"
            " decongestant at least an hour before.",
        ),
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
        notes=(
            "Weekly steps of 0.5 mg/kg may follow, each supervised and each a clinician's decision; the plan"
            " books the first dose only. No take-home doses.",
            "20 to 25 % is absorbed: 2.0 to 2.5 mg/kg by mouth is roughly 0.5 mg/kg IV.",
        ),
    ),
    KetamineProtocol("NONE", "No ketamine", None, None, None, source="1.7"),
)
BY_ID = {p.id: p for p in PROTOCOLS}


@dataclass(frozen=True, slots=True)
class Product:
    """A product that records mention and no protocol here offers, with its warning."""

    name: str
    route: str
    warning: str
    source: str


NOT_OFFERED = (
    Product(
        "racemic ketamine nasal spray, compounded",
        "IN",
        "Unapproved, of variable strength, under an FDA alert since February 2022. About 40 to 50 % is"
        " absorbed. There is no accepted dose or schedule; the OCD pilot with up to 50 mg ended after two"
        " patients. On site only, if a site uses it at all.",
        "1.3 [F:FDA22][F:ASKPROA][F:NCT02206776]; on site [H]",
    ),
    Product(
        "racemic ketamine under the tongue, compounded",
        "SL",
        "Unapproved; home use is under an FDA warning since October 2023. About 25 to 40 % is absorbed. The"
        " series with anxiety results (n = 1247 and 431) were uncontrolled and run by sellers; no dose is"
        " established.",
        "1.4 [F:HUL22][F:KUHN][F:ASKPROA][F:LAR13][F:FDA23]",
    ),
)
