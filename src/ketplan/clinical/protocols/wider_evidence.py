"""Evidence beyond one disorder: by route, with therapy, for anxiety at large. Protocol facts 1.1-1.5, 2.1."""

from __future__ import annotations

from dataclasses import dataclass

from ketplan.clinical.protocols.evidence import Result, Trial

_DEPRESSION = "carried over from depression [P]"

ANY_ANXIETY: tuple[Trial, ...] = (
    Trial(
        "Tully 2022",
        None,
        "systematic review",
        "effects are temporary, designs very mixed",
        Result.MIXED,
        "[F:TUL22]",
    ),
    Trial(
        "Whittaker 2021",
        None,
        "pooled",
        "doses above 0.5 mg/kg go with larger reductions",
        Result.MIXED,
        "[F:WHI21]",
    ),
)

# What is known of each route, most of it from treatment-resistant depression.
BY_ROUTE: dict[str, tuple[Trial, ...]] = {
    "IV": (
        Trial(
            "Wilkinson 2021",
            42,
            f"six over three weeks, {_DEPRESSION}",
            "28 responded and were randomised to therapy or usual care",
            Result.MIXED,
            "[F:WIL21][P]",
        ),
        Trial(
            "Singh 2016",
            None,
            f"twice against three times a week, {_DEPRESSION}",
            "no difference at day 15",
            Result.NULL,
            "[F:SIN16][P]",
        ),
        Trial(
            "Phillips 2019",
            None,
            f"six over two weeks, then four weekly, {_DEPRESSION}",
            "median three infusions to response; response held through four weekly infusions",
            Result.POSITIVE,
            "[F:PHI19][P]",
        ),
        Trial(
            "Fava 2018",
            None,
            f"0.1 to 1.0 mg/kg once, {_DEPRESSION}",
            "the range of doses that was studied",
            Result.MIXED,
            "[F:FAV18][P]",
        ),
    ),
    "SC": (
        Trial(
            "Glue 2017",
            12,
            "0.25, 0.5, 1.0 mg/kg weekly",
            "10 of 12 responded at 0.5 to 1.0 mg/kg, for up to seven days; open label",
            Result.POSITIVE,
            "[F:GLU17]",
        ),
        Trial(
            "Glue 2020",
            12,
            "the same doses against midazolam",
            "dose-related benefit up to one week",
            Result.POSITIVE,
            "[F:GLU20]",
        ),
    ),
    "IN": (
        Trial(
            "Daly 2017",
            None,
            f"esketamine 28, 56 or 84 mg, {_DEPRESSION}",
            "phase 2 of the later label",
            Result.POSITIVE,
            "[F:DALY17][P]",
        ),
        Trial(
            "Any anxiety disorder",
            None,
            "esketamine",
            "no randomised trial was found",
            Result.UNKNOWN,
            "1.3",
        ),
        Trial(
            "Adams 2017",
            1,
            "racemic spray with intensive CBT, OCD",
            "case report",
            Result.UNKNOWN,
            "[F:ADA17]",
        ),
    ),
    "PO": (
        Trial(
            "Glue 2024",
            None,
            f"extended release 180 mg twice weekly, {_DEPRESSION}",
            "6.1 MADRS points better than placebo at 13 weeks",
            Result.POSITIVE,
            "[F:GLU24][P]",
        ),
        Trial(
            "Glue 2020",
            7,
            "extended release, anxiety, open label",
            "all more than 50 % better by 96 h; all were known to respond to injections",
            Result.MIXED,
            "[F:GLUER20]",
        ),
        Trial(
            "Otago pilots",
            None,
            "0.5 or 1.5 mg/kg by mouth, spider phobia",
            "registered, no result found",
            Result.UNKNOWN,
            "[F:OTAGO]",
        ),
        Trial(
            "Hull 2022",
            1247,
            "under the tongue at home, run by the seller",
            "GAD-7 at least 50 % better in 62.9 %; no control group",
            Result.UNKNOWN,
            "[F:HUL22]",
        ),
    ),
}


@dataclass(frozen=True, slots=True)
class Combination:
    """One trial of ketamine with therapy: who, how much of each and when, what came of it."""

    name: str
    who: str
    ketamine: str
    therapy: str
    outcome: str
    result: Result
    source: str


COMBINATIONS: tuple[Combination, ...] = (
    Combination(
        "Wilkinson 2017",
        "depression, n = 16, open",
        "4 infusions in 2 weeks",
        "12 CBT sessions in 10 weeks, begun with the infusions",
        "8 responded; 5 of 8 relapsed in the end, median 12 weeks; who did not respond to ketamine gained"
        " nothing from CBT",
        Result.MIXED,
        "[F:WIL17][P]; first session 17 to 24 h after an infusion [M:WIL17]",
    ),
    Combination(
        "Wilkinson 2021",
        "depression, 28 responders randomised",
        "6 in 3 weeks",
        "CBT or usual care for 14 weeks after response",
        "MADRS d = 0.65, interval -0.55 to 1.82, not significant; QIDS p = 0.033",
        Result.MIXED,
        "[F:WIL21][F:NCT-WIL][P]",
    ),
    Combination(
        "Rodriguez 2016",
        "OCD, n = 10, open",
        "once 0.5 mg/kg",
        "planning session the day before, ten one-hour exposures within 14 days",
        "9 completed the infusion, 8 improved rapidly",
        Result.POSITIVE,
        "[F:ROD16]",
    ),
    Combination(
        "Shiroma 2020",
        "PTSD, veterans, pilot",
        "3 × 0.5 mg/kg weekly",
        "each infusion 24 h before prolonged exposure 1 to 3, ten sessions in all",
        "feasible; no control arm",
        Result.UNKNOWN,
        "[F:SHI20]; its trial uses 24 to 72 h [F:NCT-SHI]",
    ),
    Combination(
        "Duek 2023",
        "PTSD, n = 27, randomised",
        "once 0.5 mg/kg or midazolam, after memory retrieval",
        "four daily exposure sessions from 24 h on",
        "symptoms improved equally in both arms",
        Result.NULL,
        "[F:DUE23]",
    ),
    Combination(
        "Week-long exposure trial",
        "PTSD, n = 162 planned",
        "2 × 0.2 or 0.5 mg/kg",
        "exposure on days 3 to 6",
        "under way",
        Result.UNKNOWN,
        "[F:YALEPTSD]",
    ),
    Combination(
        "Pradhan 2017",
        "PTSD, n = 10, crossover",
        "once 0.5 mg/kg",
        "mindfulness-based CBT; number of sessions not verified",
        "response lasted longer combined",
        Result.POSITIVE,
        "[F:PRA17]",
    ),
    Combination(
        "Adams 2017",
        "OCD, n = 1",
        "intranasal",
        "intensive CBT, 16 weeks",
        "case report",
        Result.UNKNOWN,
        "[F:ADA17]",
    ),
)
WINDOW_STANDING = (
    "No human trial has compared timings. The window comes from animal work and from the times trials chose;"
    " Duek 2023 found no advantage in symptoms, and a rival theory puts ketamine after the exposure"
    " [F:DUE23][F:ACCPSY]."
)
