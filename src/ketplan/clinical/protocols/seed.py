"""What the article that ketplan began from says, and what is true. Protocol facts 0."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Claim:
    """`says` the article, `true` what the evidence says, `so` what ketplan does about it."""

    id: str
    says: str
    true: str
    so: str
    holds: str


YES, PARTLY, NO = "holds", "in part", "does not hold"

CLAIMS: tuple[Claim, ...] = (
    Claim(
        "S1",
        "GAD, panic, social anxiety, specific phobia, OCD and PTSD are six anxiety disorders.",
        "DSM-5 (2013) put OCD and PTSD into chapters of their own [M:DSM5][F:DSM-PTSD].",
        "All six are supported, under the name anxiety and related disorders; OCD and PTSD carry a note.",
        PARTLY,
    ),
    Claim(
        "S2",
        "The American Journal of Psychiatry showed that infusions help in GAD and social anxiety.",
        "No such paper was found. The GAD and social anxiety trials by Glue gave ketamine under the skin, in"
        " the Journal of Psychopharmacology [F:GLU17][F:GLU18][F:GLU20]; the infusion trial in social"
        " anxiety is Taylor 2018 in Neuropsychopharmacology [F:TAY18]. The journal's nearest paper is on"
        " PTSD [F:FED21].",
        "The article is never cited as evidence, and each trial is shown with its own route.",
        NO,
    ),
    Claim(
        "S3",
        "Biological Psychiatry reported similar findings.",
        "What was found there is Bloch 2012 in OCD: 0 of 10 responded, improvement under 12 % [F:BLO12].",
        "Both OCD trials are shown, the negative one as large as the positive one.",
        NO,
    ),
    Claim(
        "S4",
        "Infusion is the usual way, starting around 0.5 mg/kg.",
        "0.5 mg/kg is the dose of the infusion trials; over 40 minutes is the other half of the number"
        " [F:TAY18][F:ROD13][F:FED21].",
        "A dose by infusion always has its duration.",
        YES,
    ),
    Claim(
        "S5",
        "Intranasal ketamine 28 mg.",
        "28 mg is one esketamine device; the US label starts at 56 mg [F:SPR19][F:ONA], the UK, EU and Hong"
        " Kong texts at 28 mg from 65 on [F:JANUK][F:MIMS]. Esketamine is approved for treatment-resistant"
        " depression and for depression with acute suicidality, not for any anxiety disorder"
        " [F:ONA][F:SPR25]. A racemic spray is compounded and unapproved [F:FDA22].",
        "The product is stored, not only the route; an entry that fits both must be cleared up by the"
        " clinician.",
        PARTLY,
    ),
    Claim(
        "S6",
        "Oral formulations are another way.",
        "All are compounded or investigational. The FDA warned in October 2023, with a PTSD patient who had"
        " respiratory depression [F:FDA23]; the only oral anxiety data are seven patients, open label"
        " [F:GLUER20], and home series paid for by sellers [F:HUL22].",
        "Off by default, supervised only, no take-home doses.",
        PARTLY,
    ),
    Claim(
        "S7",
        "Side effects are dissociation, a rise of blood pressure and pulse, nausea and drowsiness.",
        "Supported: drowsiness 56.4 %, dizziness 45.2 %, dissociation 35.6 %, nausea 13.3 %; 165/100 or more"
        " at some time in 44.3 % of 203 patients with depression [F:ROD20].",
        "All four belong into the monitoring and the consent.",
        YES,
    ),
    Claim(
        "S8",
        "Nausea is more common with higher doses.",
        "Dissociation and blood pressure rise with the dose [F:GLU17]; for nausea no source was found.",
        "Not printed as a fact.",
        NO,
    ),
    Claim(
        "S9",
        "Less addictive than other substances.",
        "Ketamine and esketamine are Schedule III with an abuse warning [F:SPR19]; no source was found for"
        " the comparison.",
        "Not repeated. Prescription monitoring, urine screens and the substance history are asked instead.",
        NO,
    ),
    Claim(
        "S10",
        "Repeated treatment sustains long-term benefit.",
        "GAD and social anxiety: three uncontrolled months in 20 people [F:GLU18]. PTSD: half of the"
        " responders lost it within 27.5 days [F:FED21]. No controlled long-term data in anxiety.",
        "Said as it is: may extend the benefit for weeks; long-term benefit is unproven.",
        PARTLY,
    ),
    Claim(
        "S11",
        "It works in treatment-resistant cases.",
        "Most trials enrolled such patients, but the largest in PTSD (n = 158, eight infusions) found no"
        " difference [F:ABD22].",
        "Null trials stand as large as positive ones.",
        PARTLY,
    ),
    Claim(
        "S12",
        "It may be revolutionary; patients tell so.",
        "Testimonials are no evidence.",
        "No promise of an outcome in any text for patients.",
        NO,
    ),
    Claim(
        "S13",
        "A specialist evaluates, CBT is combined, follow-up adjusts.",
        "Agrees with the consensus texts [F:SAN17][F:ASA].",
        "Every plan has an evaluation, a therapy course and follow-up.",
        YES,
    ),
)
