"""What to expect of a course, now and in the long run, where it is known. Protocol facts 1.1, 1.4, 3.4, 7."""

from __future__ import annotations

from typing import NamedTuple

_BY_WEIGHT = ("IV", "SC", "PO")


class Expectation(NamedTuple):
    """`words` say what is known, `so` what follows from it here. `routes` narrows it to those, `from_age` to
    patients of so many years."""

    topic: str
    words: str
    so: str
    source: str
    routes: tuple[str, ...] = ()
    from_age: int = 0

    @property
    def extrapolated(self) -> bool:
        return "[P]" in self.source


EXPECTED: tuple[Expectation, ...] = (
    Expectation(
        "Blood pressure",
        "A mean rise of 16/11 mmHg with its peak at 40 minutes in 2342 infusions, 3.3/3.2 mmHg at 30"
        " minutes in 684; severe hypertension in 12.5 % of patients, 0.98 % of sessions. Repeat at every"
        " dose: it rises also after uneventful ones.",
        "The ladder before, during and after a dose.",
        "1.1, 7 [F:YALE24][F:RIV18][F:SPR21]",
        routes=("IV",),
    ),
    Expectation(
        "Dissociation",
        "Peaks during the infusion, is back to baseline within two hours, weaker with repeats.",
        "Rated before, during and at discharge.",
        "1.1 [F:ABD22]",
        routes=("IV",),
    ),
    Expectation(
        "Time to response",
        "A median of three infusions, in treatment-resistant depression.",
        "A mid-course check, and the decision only at the end of induction.",
        "1.1 [F:PHI19][P]",
        routes=("IV",),
    ),
    Expectation(
        "Standing in depression guidance",
        "CANMAT: a single infusion has level 1 evidence and is third-line; repeated and maintenance"
        " infusions have level 3, other routes level 3 to 4.",
        "Extrapolated for anxiety, and shown as such.",
        "1.1 [F:SWA21][F:ZAR21][P]",
        routes=_BY_WEIGHT,
    ),
    Expectation(
        "Body weight",
        "Obese patients responded at least as well on actual-weight dosing; a cohort of 230 found no"
        " effect of BMI. Consensus suggests ideal weight from BMI 30 on.",
        "Ideal weight is proposed, and a clinician chooses.",
        "1.1 [F:FRE20][F:LIP21][F:SIN19]",
        routes=_BY_WEIGHT,
    ),
    Expectation(
        "Age 65 and over",
        "Older adults often remitted below 0.5 mg/kg when titrated; esketamine starts at half the dose in"
        " the EU; one pilot in older adults used 0.5 mg/kg.",
        "A lower first dose, as a house default.",
        "1.1 [F:GEO17][F:JANUK][F:KOAP]; dose [H]",
        from_age=65,
    ),
    Expectation(
        "By mouth",
        "About 20 to 25 % is absorbed: 2.0 to 2.5 mg/kg is roughly 0.5 mg/kg by infusion. Grapefruit and"
        " clarithromycin multiply the exposure, rifampicin removes most of it. A public service in New"
        " Zealand went from a test dose to three months mainly by mouth.",
        "Supervised in the clinic only, off until a site switches it on.",
        "1.4 [F:AND19][F:BEA23][P]; 3.2",
        routes=("PO",),
    ),
    Expectation(
        "Bladder",
        "Lower urinary tract symptoms in 26.6 % of recreational users, and a case under treatment; none"
        " severe at guideline doses of esketamine.",
        "Questions at every visit, urine tests in maintenance, blood in the urine pauses dosing.",
        "7 [F:TWN][F:BJPO][F:LTS22]; rule [H]",
    ),
    Expectation(
        "Cognition",
        "High-dose use impairs it; in esketamine trials it was stable or better.",
        "A screen at baseline and at the late reviews.",
        "7 [F:LTS22]; rule [H]",
    ),
    Expectation(
        "Cumulative exposure",
        "No evidence-based ceiling. Esketamine was followed for up to about 6.5 years in 1148 patients.",
        "A review at fixed lifetime counts, doses elsewhere included.",
        "7 [F:SUS3]; rule [H]",
    ),
    Expectation(
        "Maintenance",
        "Weekly doses four times were tried; beyond that: individualise, dose a little before the effect"
        " wears off.",
        "For responders only, with the interval stretched while scores hold.",
        "1.6 [F:PHI19][F:AND17][F:BOB20]; taper [H]",
    ),
)
RESISTANCE = Expectation(
    "What resistance is",
    "A Delphi of 36 experts gives 14 recommendations on drug and psychotherapy resistance; its"
    " criteria were not read.",
    "ketplan's own rule, which a site may change.",
    "3.4 [F:DOM24][M:DOM24]; rule [H]",
)


def of(route: str | None, age: int | None) -> tuple[Expectation, ...]:
    """What is known of a course by this route at this age; without an age what holds for some is told too."""
    return tuple(
        e for e in EXPECTED if (not e.routes or route in e.routes) and (age is None or age >= e.from_age)
    )
