"""How far a site may change the drug protocols: no setting of its reaches beyond these."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise

from ketplan.clinical.house import House
from ketplan.clinical.protocols.ketamine import (
    HARD_CEILING_MG_PER_KG,
    MIN_GAP_HOURS,
    STEP_MG_PER_KG,
    KetamineProtocol,
)

# The least dose that was studied [F:FAV18]; infusions are given over 40 to 60 minutes [F:ASKP18].
LOWEST_MG_PER_KG = Decimal("0.1")
INFUSION_MINUTES = (40, 60)
# House limits: three months until a course is authorised anew; the shortest and longest therapy session.
LAST_DAY, SESSION_MINUTES, FIRST_SESSION_DAY = 91, (30, 180), -7


def faults(protocol: KetamineProtocol, house: House) -> Iterator[str]:
    """What is wrong with a site's version of a protocol; its own gap is asked of what it offers only."""
    yield from _dose_faults(protocol)
    if protocol.minutes is not None and not INFUSION_MINUTES[0] <= protocol.minutes <= INFUSION_MINUTES[1]:
        shortest, longest = INFUSION_MINUTES
        yield f"an infusion over {protocol.minutes} min is outside {shortest} to {longest} min"
    if protocol.day_offsets:
        yield from _day_faults(protocol, house)


def _dose_faults(protocol: KetamineProtocol) -> Iterator[str]:
    hard = HARD_CEILING_MG_PER_KG.get(protocol.route or "")
    ceiling, floor = protocol.ceiling_mg_per_kg, protocol.floor_mg_per_kg
    if hard is not None and ceiling is not None and ceiling > hard:
        yield f"a ceiling of {ceiling} mg/kg is above the hard ceiling of {hard} mg/kg"
    for dose in protocol.mg_per_kg:
        if ceiling is not None and dose > ceiling:
            yield f"{dose} mg/kg is above the ceiling of {ceiling} mg/kg"
        if dose < LOWEST_MG_PER_KG:
            yield f"{dose} mg/kg is below {LOWEST_MG_PER_KG} mg/kg, the least that was studied"
        if floor is not None and dose < floor:
            yield f"{dose} mg/kg is below the floor of {floor} mg/kg"
    if floor is not None and floor < LOWEST_MG_PER_KG:
        yield f"a floor of {floor} mg/kg is below {LOWEST_MG_PER_KG} mg/kg, the least that was studied"
    if list(protocol.mg_per_kg) != sorted(protocol.mg_per_kg):
        yield "ascending doses must not go down"


def _day_faults(protocol: KetamineProtocol, house: House) -> Iterator[str]:
    days = protocol.day_offsets
    if days[0] != 0:
        yield f"the first dose is on day 0, not on day {days[0]}"
    least = house.dose_gap_hours if protocol.enabled else MIN_GAP_HOURS
    for one, next_one in pairwise(days):
        if (next_one - one) * 24 < least:
            yield f"doses on days {one} and {next_one} are closer than the gap of {least} h"
    if days[-1] > LAST_DAY:
        yield f"a dose on day {days[-1]} is later than day {LAST_DAY}, when a course is authorised anew"


def titration_faults(protocol: KetamineProtocol) -> Iterator[str]:
    """What is wrong with steps a site wrote itself; shipped steps are cut down to the ceiling instead."""
    dose, after, ceiling = protocol.mg_per_kg[0], 0, protocol.ceiling_mg_per_kg
    for step in protocol.titration:
        if not after < step.after < len(protocol.day_offsets):
            yield f"a titration step after dose {step.after} does not fit {len(protocol.day_offsets)} doses"
        if not 1 <= step.improvement_below_pct <= 50:
            yield f"a titration step below {step.improvement_below_pct} % improvement is outside 1 to 50 %"
        if ceiling is not None and step.mg_per_kg > ceiling:
            yield f"a titration step to {step.mg_per_kg} mg/kg is above the ceiling of {ceiling} mg/kg"
        if not dose < step.mg_per_kg <= dose + STEP_MG_PER_KG:
            yield (
                f"a titration step from {dose} to {step.mg_per_kg} mg/kg is not a step up of"
                f" at most {STEP_MG_PER_KG} mg/kg"
            )
        dose, after = step.mg_per_kg, step.after
