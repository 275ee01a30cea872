"""What the trials found, per disorder, null results as large as positive ones. Protocol facts 0 and 1.5."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Result(StrEnum):
    POSITIVE = "positive"
    NULL = "null"
    MIXED = "mixed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Trial:
    name: str
    n: int | None
    route: str
    words: str
    result: Result
    source: str

    def sentence(self) -> str:
        size = f", n = {self.n}" if self.n else ""
        return f"{self.name}{size}, {self.route}: {self.words} ({self.result})."


_WHITTAKER_SAD = Trial(
    "Whittaker 2021",
    None,
    "pooled",
    "odds ratio 28.94, 95 % interval 3.45 to 242.57, very wide",
    Result.MIXED,
    "[F:WHI21]",
)
_GLUE = (
    Trial(
        "Glue 2017",
        12,
        "subcutaneous",
        "open ascending doses, 10 of 12 responded",
        Result.POSITIVE,
        "[F:GLU17]",
    ),
    Trial(
        "Glue 2020",
        12,
        "subcutaneous",
        "double-blind against midazolam, dose-related benefit up to one week",
        Result.POSITIVE,
        "[F:GLU20]",
    ),
    Trial(
        "Glue 2018",
        20,
        "subcutaneous",
        "three months of weekly maintenance in responders (15 with GAD, 18 with social anxiety),"
        " uncontrolled",
        Result.MIXED,
        "[F:GLU18]",
    ),
)

TRIALS: dict[str, tuple[Trial, ...]] = {
    "GAD": _GLUE,
    "SAD": (
        Trial(
            "Taylor 2018",
            18,
            "IV 0.5 mg/kg against saline",
            "LSAS response 33.3 % against 0 % (p = 0.025), visual analogue response 88.9 % against 52.9 %;"
            " the visual analogue course did not differ",
            Result.MIXED,
            "[F:TAY18]",
        ),
        _GLUE[2],
        _WHITTAKER_SAD,
    ),
    "PANIC": (
        Trial(
            "Ray 2016",
            1,
            "IV 0.5 mg/kg",
            "one case, remission of about ten weeks; no trial was found",
            Result.UNKNOWN,
            "[F:RAY16]",
        ),
    ),
    "SPECIFIC_PHOBIA": (
        Trial(
            "Otago pilots",
            None,
            "oral",
            "registered 2019 and 2020, no result found",
            Result.UNKNOWN,
            "[F:OTAGO]",
        ),
    ),
    "OCD": (
        Trial(
            "Rodriguez 2013",
            15,
            "IV, crossover",
            "first phase, 35 % fall at one week in 4 of 8 against 0 of 7",
            Result.POSITIVE,
            "[F:ROD13]",
        ),
        Trial(
            "Bloch 2012",
            10,
            "IV, open label",
            "0 of 10 responded; OCD improved by less than 12 %",
            Result.NULL,
            "[F:BLO12]",
        ),
        Trial(
            "Rodriguez 2016",
            10,
            "IV with exposure therapy, open label",
            "9 completed the infusion, 8 improved rapidly; 63 % responders at week 2",
            Result.POSITIVE,
            "[F:ROD16]; week 2 [M:ROD16]",
        ),
        Trial(
            "Rodriguez 2022",
            None,
            "IV against midazolam",
            "abstract exists, result not retrieved",
            Result.UNKNOWN,
            "[F:ROD22]",
        ),
        Trial(
            "Kwan 2024",
            None,
            "designs pooled, open label among them",
            "Y-BOCS lower by 8.08, interval 2.52 to 13.64",
            Result.MIXED,
            "[F:KWA24]",
        ),
        Trial(
            "NCT02206776",
            2,
            "intranasal, up to 50 mg",
            "ended after two patients",
            Result.UNKNOWN,
            "[F:NCT02206776]",
        ),
    ),
    "PTSD": (
        Trial(
            "Abdallah 2022",
            158,
            "IV, eight infusions in four weeks",
            "no difference in PTSD scores against placebo; depression improved",
            Result.NULL,
            "[F:ABD22]",
        ),
        Trial(
            "Feder 2021",
            30,
            "IV, six infusions in two weeks",
            "67 % against 20 % responded; median 27.5 days to loss of response",
            Result.POSITIVE,
            "[F:FED21]",
        ),
        Trial(
            "Feder 2014",
            41,
            "IV, crossover against midazolam",
            "better at 24 hours",
            Result.POSITIVE,
            "[F:ABD22 intro]",
        ),
        Trial(
            "Pain and PTSD trial",
            40,
            "IV",
            "no difference",
            Result.NULL,
            "[F:ABD22 intro]",
        ),
        Trial(
            "Duek 2023",
            27,
            "IV with exposure, against midazolam",
            "symptoms improved equally in both arms",
            Result.NULL,
            "[F:DUE23]",
        ),
        Trial(
            "Meta-analysis 2024",
            221,
            "six trials pooled",
            "g = 0.27; adjusted for bias 0.20, interval -0.08 to 0.48",
            Result.MIXED,
            "[F:BOR24]",
        ),
        Trial(
            "Shiroma 2020",
            None,
            "IV weekly with prolonged exposure",
            "feasible; no control arm",
            Result.UNKNOWN,
            "[F:SHI20]",
        ),
        Trial(
            "Whittaker 2021",
            None,
            "pooled",
            "odds ratio 2.03, interval 0.67 to 6.15: no effect is not excluded",
            Result.NULL,
            "[F:WHI21]",
        ),
        Trial(
            "Almeida 2024",
            None,
            "pooled",
            "an effect at the endpoint, trials very different from each other",
            Result.MIXED,
            "[F:ALM24]",
        ),
        Trial(
            "Kwan 2024",
            None,
            "designs pooled, open label among them",
            "PCL-5 lower by 28.07",
            Result.MIXED,
            "[F:KWA24]",
        ),
        Trial(
            "Pradhan 2017",
            10,
            "IV once with mindfulness-based CBT, crossover",
            "the response lasted longer combined; number of sessions not verified",
            Result.POSITIVE,
            "[F:PRA17]",
        ),
        Trial(
            "Week-long exposure trial",
            162,
            "IV twice, 0.2 or 0.5 mg/kg, with daily exposure",
            "planned size; under way",
            Result.UNKNOWN,
            "[F:YALEPTSD]",
        ),
    ),
}
EXTRAPOLATED = (
    "No randomised trial has tested six infusions in GAD, social anxiety or panic: the course is "
    "extrapolated from treatment-resistant depression and PTSD."
)
PTSD_EXPECTATION = "In one trial half of the responders lost the response within about four weeks."


def sentences(disorder: str, protocol: str) -> tuple[str, ...]:
    """The evidence for a disorder in plain sentences, for the plan's narrative."""
    told = [t.sentence() for t in TRIALS.get(disorder, ())]
    if protocol == "IV6_2PW" and disorder in ("GAD", "SAD", "PANIC"):
        told.append(EXTRAPOLATED)
    if disorder == "PTSD":
        told.append(PTSD_EXPECTATION)
    return tuple(told)


def cbt_window(hours: tuple[int, int]) -> str:
    """What the site's window for therapy after a dose is worth (2.1)."""
    return f"Therapy {hours[0]} to {hours[1]} hours after a dose is common practice, not proven."
