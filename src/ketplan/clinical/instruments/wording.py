"""The questions of instruments whose wording is free: Pfizer's PHQ family, PCL-5, AUDIT-C. Facts 5.1.

The wording is the instrument's own and must stay so. GAD-7's zero option reads "Not at all"; a known
misprint adds "sure" [F:CAMCOPS]. Answer codes of the PHQ family: 5.1 [F:USCORE]; those of AUDIT-C are LOINC's
answer lists LL2179-1, LL2180-9 and LL2181-7, which 5.1 does not list: to be confirmed with LOINC.
"""

from __future__ import annotations

from ketplan.clinical.instruments.model import Choice, Item

TWO_WEEKS = "Over the last 2 weeks, how often have you been bothered by any of the following problems?"
FREQUENCY = (
    Choice(0, "Not at all", "LA6568-5"),
    Choice(1, "Several days", "LA6569-3"),
    Choice(2, "More than half the days", "LA6570-1"),
    Choice(3, "Nearly every day", "LA6571-9"),
)
_DIFFICULTY = (
    Choice(0, "Not difficult at all"),
    Choice(1, "Somewhat difficult"),
    Choice(2, "Very difficult"),
    Choice(3, "Extremely difficult"),
)
_GAD7 = (
    ("69725-0", "Feeling nervous, anxious or on edge"),
    ("68509-9", "Not being able to stop or control worrying"),
    ("69733-4", "Worrying too much about different things"),
    ("69734-2", "Trouble relaxing"),
    ("69735-9", "Being so restless that it is hard to sit still"),
    ("69689-8", "Becoming easily annoyed or irritable"),
    ("69736-7", "Feeling afraid as if something awful might happen"),
)
_PHQ9 = (
    ("44250-9", "Little interest or pleasure in doing things"),
    ("44255-8", "Feeling down, depressed, or hopeless"),
    ("44259-0", "Trouble falling or staying asleep, or sleeping too much"),
    ("44254-1", "Feeling tired or having little energy"),
    ("44251-7", "Poor appetite or overeating"),
    (
        "44258-2",
        "Feeling bad about yourself — or that you are a failure or have let yourself or your family down",
    ),
    (
        "44252-5",
        "Trouble concentrating on things, such as reading the newspaper or watching television",
    ),
    (
        "44253-3",
        "Moving or speaking so slowly that other people could have noticed? Or the opposite — being so "
        "fidgety or restless that you have been moving around a lot more than usual",
    ),
    ("44260-8", "Thoughts that you would be better off dead or of hurting yourself in some way"),
)
PCL5_MONTH = "In the past month, how much were you bothered by:"
_BOTHERED = (
    Choice(0, "Not at all"),
    Choice(1, "A little bit"),
    Choice(2, "Moderately"),
    Choice(3, "Quite a bit"),
    Choice(4, "Extremely"),
)
_PCL5 = (
    "Repeated, disturbing, and unwanted memories of the stressful experience?",
    "Repeated, disturbing dreams of the stressful experience?",
    "Suddenly feeling or acting as if the stressful experience were actually happening again (as if you "
    "were actually back there reliving it)?",
    "Feeling very upset when something reminded you of the stressful experience?",
    "Having strong physical reactions when something reminded you of the stressful experience (for "
    "example, heart pounding, trouble breathing, sweating)?",
    "Avoiding memories, thoughts, or feelings related to the stressful experience?",
    "Avoiding external reminders of the stressful experience (for example, people, places, conversations, "
    "activities, objects, or situations)?",
    "Trouble remembering important parts of the stressful experience?",
    "Having strong negative beliefs about yourself, other people, or the world (for example, having "
    "thoughts such as: I am bad, there is something seriously wrong with me, no one can be trusted, the "
    "world is completely dangerous)?",
    "Blaming yourself or someone else for the stressful experience or what happened after it?",
    "Having strong negative feelings such as fear, horror, anger, guilt, or shame?",
    "Loss of interest in activities that you used to enjoy?",
    "Feeling distant or cut off from other people?",
    "Trouble experiencing positive feelings (for example, being unable to feel happiness or have loving "
    "feelings for people close to you)?",
    "Irritable behavior, angry outbursts, or acting aggressively?",
    "Taking too many risks or doing things that could cause you harm?",
    'Being "superalert" or watchful or on guard?',
    "Feeling jumpy or easily startled?",
    "Having difficulty concentrating?",
    "Trouble falling or staying asleep?",
)
_HOW_OFTEN = (
    Choice(0, "Never", "LA6270-8"),
    Choice(1, "Monthly or less", "LA18926-8"),
    Choice(2, "2-4 times a month", "LA18927-6"),
    Choice(3, "2-3 times a week", "LA18928-4"),
    Choice(4, "4 or more times a week", "LA18929-2"),
)
_HOW_MANY = (
    Choice(0, "1 or 2", "LA15694-5"),
    Choice(1, "3 or 4", "LA15695-2"),
    Choice(2, "5 or 6", "LA18930-0"),
    Choice(3, "7 to 9", "LA18931-8"),
    Choice(4, "10 or more", "LA18932-6"),
)
_HOW_OFTEN_SIX = (
    Choice(0, "Never", "LA6270-8"),
    Choice(1, "Less than monthly", "LA18933-4"),
    Choice(2, "Monthly", "LA18876-5"),
    Choice(3, "Weekly", "LA18891-4"),
    Choice(4, "Daily or almost daily", "LA18934-2"),
)


def _phq(prefix: str, number: int, loinc: str, text: str) -> Item:
    alarm = 1 if loinc == "44260-8" else None
    return Item(f"{prefix}-{number}", text, FREQUENCY, loinc, alarm_at=alarm)


GAD7_ITEMS = tuple(_phq("gad7", n, loinc, text) for n, (loinc, text) in enumerate(_GAD7, 1))
PHQ2_ITEMS = tuple(_phq("phq2", n, loinc, text) for n, (loinc, text) in enumerate(_PHQ9[:2], 1))
PHQ9_ITEMS = (
    *(_phq("phq9", n, loinc, text) for n, (loinc, text) in enumerate(_PHQ9, 1)),
    Item(
        "phq9-difficulty",
        "If you checked off any problems, how difficult have these problems made it for you to do your "
        "work, take care of things at home, or get along with other people?",
        _DIFFICULTY,
        "69722-7",
        scored=False,
    ),
)
PCL5_ITEMS = tuple(Item(f"pcl5-{n}", text, _BOTHERED) for n, text in enumerate(_PCL5, 1))
AUDIT_C_ITEMS = (
    Item("auditc-1", "How often do you have a drink containing alcohol?", _HOW_OFTEN, "68518-0"),
    Item(
        "auditc-2",
        "How many standard drinks containing alcohol do you have on a typical day?",
        _HOW_MANY,
        "68519-8",
    ),
    Item("auditc-3", "How often do you have six or more drinks on one occasion?", _HOW_OFTEN_SIX, "68520-6"),
)
