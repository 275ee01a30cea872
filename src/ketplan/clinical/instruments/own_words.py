"""Questions worded by ketplan, and the Clinical Global Impressions (a US Government work). Facts 5.1, 5.2."""

from __future__ import annotations

from ketplan.clinical.instruments.model import Choice, Item

_NO_YES = (Choice(0, "No"), Choice(1, "Yes"))

LUTS_STEM = "Since the last visit:"
LUTS_ITEMS = (
    Item("luts-often", "Do you pass urine much more often than before, by day or at night?", _NO_YES),
    Item("luts-urgent", "Does the need to pass urine come so suddenly that you have to hurry?", _NO_YES),
    Item("luts-pain", "Does it hurt when the bladder fills or when you pass urine?", _NO_YES),
    Item("luts-blood", "Have you seen blood in your urine?", _NO_YES, alarm_at=1),
)

MOAAS_ITEMS = (
    Item(
        "moaas",
        "How awake is the patient?",
        (
            Choice(5, "Awake: answers straight away when spoken to"),
            Choice(4, "Drowsy: answers slowly when spoken to"),
            Choice(3, "Answers only when called loudly or more than once"),
            Choice(2, "Stirs only when shaken gently"),
            Choice(1, "Stirs only at a painful stimulus"),
            Choice(0, "Does not stir, even at a painful stimulus"),
        ),
    ),
)

_RIGHT_NOW = ("not at all", "as much as can be")
TWO_ITEM_STEM = "Right now, from 0 to 10:"
TWO_ITEM_ITEMS = (
    Item("two-mood", "How low is your mood?", span=(0, 10), ends=_RIGHT_NOW),
    Item("two-anxiety", "How anxious are you?", span=(0, 10), ends=_RIGHT_NOW),
)
VAS_ITEMS = (
    Item(
        "vas-anxiety",
        "Put a mark on the line: how anxious are you right now?",
        span=(0, 100),
        ends=_RIGHT_NOW,
    ),
)

CGI_S_ITEMS = (
    Item(
        "cgi-s",
        "Considering your total clinical experience with this particular population, how mentally ill is "
        "the patient at this time?",
        (
            Choice(1, "Normal, not at all ill"),
            Choice(2, "Borderline mentally ill"),
            Choice(3, "Mildly ill"),
            Choice(4, "Moderately ill"),
            Choice(5, "Markedly ill"),
            Choice(6, "Severely ill"),
            Choice(7, "Among the most extremely ill patients"),
        ),
    ),
)
CGI_I_ITEMS = (
    Item(
        "cgi-i",
        "Rate total improvement whether or not, in your judgment, it is due entirely to drug treatment. "
        "Compared to the patient's condition at the start, how much has it changed?",
        (
            Choice(1, "Very much improved"),
            Choice(2, "Much improved"),
            Choice(3, "Minimally improved"),
            Choice(4, "No change"),
            Choice(5, "Minimally worse"),
            Choice(6, "Much worse"),
            Choice(7, "Very much worse"),
        ),
    ),
)
