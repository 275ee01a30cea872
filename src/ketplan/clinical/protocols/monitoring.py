"""What is watched during a dose: protocol facts 4.1, 4.2, 4.3 and 8b."""

from __future__ import annotations

from ketplan.clinical.plan import SessionMonitoring
from ketplan.clinical.session.limits import SessionLimits

DURING_EVERY, AFTER_EVERY = 10, 15
_INFUSION_MINUTES = 40
_NO_DRIVING = "next day after restful sleep"


def of(
    route: str | None, minutes: int | None, limits: SessionLimits | None = None
) -> SessionMonitoring | None:
    """The watch kept on a dose; None without a dose. `minutes` is the infusion's length where it has one."""
    limits = limits or SessionLimits()
    if route in ("IV", "SC", "PO"):
        return _infusion(minutes or _INFUSION_MINUTES, limits)
    return _esketamine(limits) if route == "IN" else None


def _infusion(minutes: int, limits: SessionLimits) -> SessionMonitoring:
    """Vital signs every 10 minutes during, every 15 after; the stay is the later of 120 minutes from the
    start and 60 after the end (8b)."""
    stay = max(limits.stay_minutes, minutes + limits.after_infusion_minutes)
    after = range(minutes + AFTER_EVERY, stay - AFTER_EVERY + 1, AFTER_EVERY)
    return SessionMonitoring(
        vitals_minutes=(*range(0, minutes, DURING_EVERY), minutes, *after, stay),
        minimum_observation_minutes=stay,
        instruments=_instruments(minutes),
        escort_required=True,
        no_driving_until=_NO_DRIVING,
        source="4.1 [F:RIV18][F:YALE24]; stay [H] [F:ABD22]; driving [F:SPR19]",
    )


def _esketamine(limits: SessionLimits) -> SessionMonitoring:
    return SessionMonitoring(
        vitals_minutes=(0, 40, limits.stay_minutes),
        minimum_observation_minutes=limits.stay_minutes,
        instruments=_instruments(_INFUSION_MINUTES),
        escort_required=True,
        no_driving_until=_NO_DRIVING,
        source="4.1 [F:SPR19]: then until blood pressure falls",
    )


def _instruments(minutes: int) -> tuple[str, ...]:
    return (
        f"CADSS-6 (pre, {minutes}, discharge)",
        f"MOAA/S ({minutes}, then q15 until 5)",
        "C-SSRS since-last-contact (pre)",
    )


HOLD_RELEASE = "two readings <=140/90 on separate days within 30 days, or documented clinician override"
