"""Suicide risk, before anything else: protocol facts 8b, "Suicide risk comes first".

Computed for every patient and shown first whatever the decision. One level is reported, the highest.
"""

from __future__ import annotations

from collections.abc import Iterator

from ketplan.clinical.findings import Finding, evidence_of
from ketplan.clinical.record import Observation
from ketplan.clinical.rules import finding
from ketplan.clinical.scales import PHQ9_ITEM9
from ketplan.clinical.view import View, moment_of, number, yes_or_no

WISH, THOUGHTS, METHOD, INTENT, PLAN = "93246-7", "93247-5", "93248-3", "93249-1", "93250-9"
BEHAVIOUR_LIFETIME, BEHAVIOUR_3_MONTHS = "93267-3", "93269-9"
ITEMS = (WISH, THOUGHTS, METHOD, INTENT, PLAN, BEHAVIOUR_LIFETIME, BEHAVIOUR_3_MONTHS)
PANELS = ("93373-9",)
INTENT_DAYS, BEHAVIOUR_DAYS = 30, 90

RELEASE_FIELDS = ("time of assessment", "risk level", "disposition", "safety plan", "means counselling")
_ITEM9_POINTS = {"LA6568-5": 0, "LA6569-3": 1, "LA6570-1": 2, "LA6571-9": 3}


def screen(view: View) -> Iterator[Finding]:
    yield from _columbia(view)
    yield from _item_nine(view)


def _columbia(view: View) -> Iterator[Finding]:
    if high := _high(view):
        yield finding(
            "SI_HIGH",
            "High suicide risk on the C-SSRS. Escalate today: do not leave the patient alone.",
            map(evidence_of, high),
        )
    elif moderate := _moderate(view):
        yield finding(
            "SI_MODERATE", "Moderate suicide risk on the C-SSRS: assess today.", map(evidence_of, moderate)
        )
    elif low := [o for o in (_newest_yes(view, WISH), _newest_yes(view, THOUGHTS)) if o]:
        yield finding("SI_LOW", "Suicidal thoughts on the C-SSRS: assess.", map(evidence_of, low))


def _high(view: View) -> list[Observation]:
    """Any yes counts within its period: a later all-no does not undo it."""
    found = [
        o
        for code, days in ((INTENT, INTENT_DAYS), (PLAN, INTENT_DAYS), (BEHAVIOUR_3_MONTHS, BEHAVIOUR_DAYS))
        for o in view.history(code)
        if yes_or_no(o) and (o.when is None or (view.as_of - o.when.latest).days <= days)
    ]
    lifetime = _last_yes(view, BEHAVIOUR_LIFETIME)
    if lifetime and _recent_behaviour_since(view, lifetime) is None:
        found.append(lifetime)
    return found


def _moderate(view: View) -> list[Observation]:
    return [o for o in (_current_method(view), _last_yes(view, BEHAVIOUR_LIFETIME)) if o]


def _current_method(view: View) -> Observation | None:
    """A later screen without active thoughts does not ask for the method again."""
    method, thoughts = _newest_yes(view, METHOD), _newest_answer(view, THOUGHTS)
    if (
        method
        and thoughts
        and yes_or_no(thoughts) is False
        and moment_of(thoughts.when) > moment_of(method.when)
    ):
        return None
    return method


def _recent_behaviour_since(view: View, lifetime: Observation) -> Observation | None:
    """The answer to "in the past 3 months?" given with or after the lifetime answer."""
    return next(
        (
            o
            for o in reversed(view.history(BEHAVIOUR_3_MONTHS))
            if yes_or_no(o) is not None and moment_of(o.when)[0] >= moment_of(lifetime.when)[0]
        ),
        None,
    )


def _newest_answer(view: View, code: str) -> Observation | None:
    return next((o for o in reversed(view.history(code)) if yes_or_no(o) is not None), None)


def _newest_yes(view: View, code: str) -> Observation | None:
    """The newest answer to the item, if it is yes. Answers of one moment: yes outweighs no."""
    answered = [o for o in view.history(code) if yes_or_no(o) is not None]
    if not answered:
        return None
    last = moment_of(answered[-1].when)
    return next((o for o in answered if moment_of(o.when) == last and yes_or_no(o)), None)


def _last_yes(view: View, code: str) -> Observation | None:
    return next((o for o in reversed(view.history(code)) if yes_or_no(o)), None)


def _item_nine(view: View) -> Iterator[Finding]:
    newest = view.newest(PHQ9_ITEM9)
    if newest is None or not _points(newest):
        return
    asked = [o for item in (WISH, THOUGHTS) for o in view.history(item) if yes_or_no(o) is not None]
    if not any(moment_of(o.when)[0] >= moment_of(newest.when)[0] for o in asked):
        yield finding(
            "PHQ9_ITEM9_POSITIVE",
            "PHQ-9 item 9 is positive and no C-SSRS of the same day or later is on file.",
            [evidence_of(newest)],
        )


def _points(item: Observation) -> int:
    value = number(item)
    if value is not None:
        return int(value > 0)
    coded = {c.code for c in getattr(item.value, "codes", ())}
    return max((_ITEM9_POINTS[c] for c in coded & _ITEM9_POINTS.keys()), default=0)


def answered_items(view: View, max_age_days: int) -> bool:
    """Is a complete, fresh C-SSRS on file? (8b: which items must be answered depends on the answers.)"""
    fresh = {
        item: next(
            (
                answer
                for o in reversed(view.history(item))
                if view.is_fresh(o.when, max_age_days) and (answer := yes_or_no(o)) is not None
            ),
            None,
        )
        for item in ITEMS
    }
    needed = [WISH, THOUGHTS, BEHAVIOUR_LIFETIME]
    if fresh[THOUGHTS]:
        needed += [METHOD, INTENT, PLAN]
    if fresh[BEHAVIOUR_LIFETIME]:
        needed.append(BEHAVIOUR_3_MONTHS)
    return all(fresh[item] is not None for item in needed)
