"""Drug protocols: what each gives, how the first dose is computed, how far a site may go."""

from __future__ import annotations

from collections.abc import Iterator

from ketplan.clinical import limits
from ketplan.clinical.assessment import Choice
from ketplan.clinical.disorders import BY_ID, DISORDERS
from ketplan.clinical.draft import draft
from ketplan.clinical.protocols.ketamine import (
    CEILING_FROM_65,
    HARD_CEILING_MG_PER_KG,
    MIN_GAP_HOURS,
    NOT_OFFERED,
    STEP_MG_PER_KG,
    KetamineProtocol,
)
from ketplan.clinical.protocols.wider_evidence import ANY_ANXIETY, BY_ROUTE
from ketplan.clinical.record import PatientRecord
from ketplan.manual import sample
from ketplan.manual.blocks import Block, Text, bullets, heading, table
from ketplan.manual.evidence import trials
from ketplan.manual.tables import Tables

ROUTES = {
    "IV": "Infusion into a vein",
    "SC": "Injection under the skin",
    "IN": "Nasal spray",
    "PO": "By mouth",
    "SL": "Under the tongue",
}


def chapter(tables: Tables) -> Iterator[Block]:
    yield heading(2, "Drug protocols")
    yield table(
        "The drug protocols",
        "Protocol | What | Offered here | Dose | Days | Steps up | Floor, ceiling | Evidence | Source",
        [_row(p, tables) for p in tables.library.protocols if p.route],
    )
    for protocol in tables.library.protocols:
        if protocol.notes:
            yield Text(f"**{protocol.id}.**")
            yield bullets(*protocol.notes)
    yield from _arithmetic(tables)
    yield from _ceilings()
    yield heading(3, "Products without a protocol")
    yield Text("Records may name them. ketplan warns, and proposes no dose of them.")
    yield table(
        "Products without a protocol, and their warning",
        "Product | Route | Warning | Source",
        [(p.name, ROUTES[p.route], p.warning, p.source) for p in NOT_OFFERED],
    )
    yield heading(3, "Evidence by route")
    for route, found in BY_ROUTE.items():
        yield trials(f"What is known of the route: {ROUTES[route].lower()}", found)
    yield trials("Anxiety at large, all routes", ANY_ANXIETY)


def _row(p: KetamineProtocol, tables: Tables) -> tuple[str, ...]:
    default_of = [d.title for d in DISORDERS if d.default_protocol == p.id]
    doses = ", ".join(f"{d} mg/kg" for d in p.mg_per_kg)
    if p.mg_by_device:
        older = tables.house.esketamine_first_mg_from_65
        doses = f"56 mg ({older} mg from 65 on), then {' or '.join(f'{mg} mg' for mg in p.mg_by_device[1:])}"
    return (
        f"`{p.id}`",
        f"{p.title}; {p.product}." + (f" **Default for {', '.join(default_of)}.**" if default_of else ""),
        "yes" if p.enabled else "no, switched off",
        doses + (f" over {p.minutes} min" if p.minutes else ""),
        ", ".join(map(str, p.day_offsets)),
        "; ".join(map(str, p.titration)) or "none",
        ", ".join(
            words
            for words in (
                f"floor {p.floor_mg_per_kg} mg/kg" if p.floor_mg_per_kg else "",
                f"ceiling {p.ceiling_mg_per_kg} mg/kg" if p.ceiling_mg_per_kg else "",
            )
            if words
        ),
        p.evidence,
        p.source,
    )


# --- how a dose is computed -----------------------------------------------------------------------------


def _arithmetic(tables: Tables) -> Iterator[Block]:
    yield heading(3, "How the first dose is computed")
    yield bullets(
        f"The newest measured weight decides; older than {tables.house.weight.longest_days} days, undated,"
        " without a unit or implausible there is no dose at all. Older than"
        f" {tables.house.weight.fresh_days} days the dose is provisional.",
        "From BMI 30 on ideal body weight (Devine) is proposed, actual and adjusted weight are shown to"
        " choose from [F:SIN19][M:DEVINE]; the trials dosed actual weight.",
        "Only the dose is rounded: to 1 mg, half up [H]. The unrounded number stays on the plan.",
        f"From 65 on the first IV dose is {tables.house.first_dose_mg_per_kg_from_65} mg/kg at most; from 65"
        f" on or when frail no dose by vein or under the skin is above"
        f" {tables.house.review.ceiling_from_65_mg_per_kg} mg/kg, without an"
        " override (8b).",
        f"A step up is at most {tables.house.review.step_mg_per_kg} mg/kg, proposed to a clinician, never"
        " taken by itself.",
    )
    yield table(
        "Examples: IV6_2PW, first dose and proposed steps",
        "Patient | Arithmetic | Steps that would be proposed",
        [
            (who, *_example(tables, "IV6_2PW", record))
            for who, record in (
                ("70 kg", _man()),
                ("77 kg: half a milligram goes up", _man(kg="77", cm="180")),
                ("154 lb: converted exactly, × 0.45359237", _man(kg="154", unit="[lb_av]")),
                ("110 kg, 170 cm: BMI 38", _man(kg="110", cm="170")),
                ("70 kg, aged 70", _man(age=70)),
                ("no weight on file", _man(kg=None)),
            )
        ],
    )
    yield Text("With every one of them the plan says:")
    yield bullets(*_always_said(tables, "IV6_2PW"))
    yield table(
        "Examples: the other routes, 70 kg",
        "Protocol and patient | Arithmetic | What follows",
        [
            (f"`{id}`{words}", *_example(tables, id, _man(age=age)))
            for id, words, age in (
                ("SC_ASC_WEEKLY", "", 40),
                ("ESK_LABEL", "", 40),
                ("ESK_LABEL", ", aged 70", 70),
                ("PO_SUPERVISED", "", 40),
            )
        ],
    )


def _man(age: int = 40, kg: str | None = "70", unit: str = "kg", cm: str = "175") -> PatientRecord:
    return sample.a_record(BY_ID["GAD"], age=age, kg=kg, unit=unit, cm=cm)


def _example(tables: Tables, protocol: str, record: PatientRecord) -> tuple[str, str]:
    course = draft(sample.judged(tables, record, Choice(protocol=protocol))).ketamine
    said = {*_always_said(tables, protocol), *tables.library.protocol(protocol).notes}
    return course.arithmetic, " ".join(step for step in course.titration if step not in said)


def _always_said(tables: Tables, protocol: str) -> list[str]:
    """What a plan says of the steps whatever the weight."""
    heavy, light = (
        draft(sample.judged(tables, _man(kg=kg), Choice(protocol=protocol))).ketamine.titration
        for kg in ("90", "60")
    )
    return [step for step in heavy if step in light]


def _ceilings() -> Iterator[Block]:
    yield heading(3, "What no site setting may go beyond")
    shortest, longest = limits.INFUSION_MINUTES
    yield table(
        "Hard limits",
        "What | Limit | Source",
        [
            *(
                (
                    f"dose, {ROUTES[route].lower()}",
                    f"{mg} mg/kg",
                    "[H]; above it a manual order outside the app",
                )
                for route, mg in HARD_CEILING_MG_PER_KG.items()
            ),
            ("dose from 65 on or when frail, IV or SC", f"{CEILING_FROM_65} mg/kg", "8b, no override"),
            ("lowest dose", f"{limits.LOWEST_MG_PER_KG} mg/kg", "least that was studied [F:FAV18][P]"),
            ("one step up", f"{STEP_MG_PER_KG} mg/kg", "8b"),
            ("time between doses", f"{MIN_GAP_HOURS} h", "[H]; tightest schedule tested is every two days"),
            ("length of an infusion", f"{shortest} to {longest} min", "[F:ASKP18]"),
            ("number of doses and sessions", "as shipped", "the protocol is its number of doses"),
            ("last dose of a course", f"day {limits.LAST_DAY}", "longest anxiety data [F:GLU18]; [H]"),
            (
                "therapy session",
                "{} to {} min".format(*limits.SESSION_MINUTES),
                "[H]; longest in use 180 [F:NCT01450306]",
            ),
        ],
    )
