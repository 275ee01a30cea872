"""What is watched during a dose: protocol facts 4.1, 4.2, 4.3 and 8b."""

from __future__ import annotations

from ketplan.clinical.plan import SessionMonitoring

IV_MONITORING = SessionMonitoring(
    vitals_minutes=(0, 10, 20, 30, 40, 55, 70, 85, 100, 120),
    minimum_observation_minutes=120,
    instruments=(
        "CADSS-6 (pre, 40, discharge)",
        "MOAA/S (40, then q15 until 5)",
        "C-SSRS since-last-contact (pre)",
    ),
    escort_required=True,
    no_driving_until="next day after restful sleep",
    source="4.1 [F:RIV18][F:YALE24]; stay [H] [F:ABD22]; driving [F:SPR19]",
)
ESKETAMINE_MONITORING = SessionMonitoring(
    vitals_minutes=(0, 40, 120),
    minimum_observation_minutes=120,
    instruments=IV_MONITORING.instruments,
    escort_required=True,
    no_driving_until="next day after restful sleep",
    source="4.1 [F:SPR19]: then until blood pressure falls",
)
BY_ROUTE = {"IV": IV_MONITORING, "SC": IV_MONITORING, "PO": IV_MONITORING, "IN": ESKETAMINE_MONITORING}
HOLD_RELEASE = "two readings <=140/90 on separate days within 30 days, or documented clinician override"
