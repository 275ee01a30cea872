"""Pregnancy and breastfeeding: protocol facts 3.1 and 8b, "Pregnancy"."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from ketplan.clinical import codes
from ketplan.clinical.findings import Finding, evidence_of
from ketplan.clinical.record import Observation
from ketplan.clinical.rules import finding
from ketplan.clinical.view import View, is_positive, number, unit

HCG = ("2106-3", "2118-8", "80384-1", "80385-8", "21198-7")
STATUS = "82810-3"
HCG_DAYS, STATUS_DAYS = 42, 300
POSITIVE_IU, DOUBTFUL_IU = Decimal(25), Decimal(5)
_PREGNANT = frozenset({"LA15173-0", "77386006"})
_NOT_PREGNANT = frozenset({"LA26683-5", "60001007"})


def screen(view: View) -> Iterator[Finding]:
    positive = [*_positive_test(view), *_reported(view)]
    diagnosed = view.active(codes.PREGNANT)
    if positive or diagnosed:
        yield finding(
            "PREGNANCY",
            "Pregnancy cannot be excluded: a test, a reported status or a diagnosis says pregnant.",
            [evidence_of(f) for f in (*positive, *diagnosed)],
        )
    elif doubtful := _doubtful(view):
        yield finding(
            "PREGNANCY_UNCERTAIN",
            "The hCG results do not settle it: repeat in 48 hours.",
            map(evidence_of, doubtful),
        )
    if nursing := view.active(codes.BREASTFEEDING):
        yield finding("BREASTFEEDING", "Breastfeeding.", map(evidence_of, nursing))


def newest_test(view: View) -> tuple[date | None, bool | None]:
    """Day and result of the newest hCG, None for what is not known; of several at once a positive counts."""
    newest = [t for t in view.latest(*HCG) if t.when]
    if not newest or newest[0].when is None:
        return None, None
    said = {_says(t) for t in newest}
    return newest[0].when.earliest, True if True in said else None if None in said else False


def _recent(view: View, observation: Observation) -> bool:
    """At most 42 days old; without a date it might be."""
    return observation.when is None or (view.as_of - observation.when.latest).days <= HCG_DAYS


def _positive_test(view: View) -> list[Observation]:
    return [t for t in view.latest(*HCG) if _recent(view, t) and _says(t) is True]


def _doubtful(view: View) -> list[Observation]:
    """5 to 24.9 IU/L now, or a recent positive followed by anything else."""
    newest = [t for t in view.latest(*HCG) if _recent(view, t)]
    low = [
        t for t in newest if _says(t) is None and (level := _level(t)) is not None and level >= DOUBTFUL_IU
    ]
    before = [t for t in view.history(*HCG) if t not in newest and _recent(view, t) and _says(t) is True]
    return low or ([before[-1], *newest] if before and newest else [])


def _says(test: Observation) -> bool | None:
    """Positive from 25 IU/L, negative below 5, undecided between; a word counts where there is no number."""
    level = _level(test)
    if level is None:
        return is_positive(test)
    if level >= POSITIVE_IU:
        return True
    return False if level < DOUBTFUL_IU else None


def _level(test: Observation) -> Decimal | None:
    value = number(test)
    if value is None:
        return None
    return value * 1000 if (unit(test) or "").lower() in ("[iu]/ml", "iu/ml") else value


def _reported(view: View) -> list[Observation]:
    """The newest reported pregnancy status, if it says pregnant and is not older than a pregnancy."""
    statuses = [o for o in view.history(STATUS) if _status(o) is not None]
    if not statuses:
        return []
    newest = statuses[-1]
    current = newest.when is None or (view.as_of - newest.when.latest).days <= STATUS_DAYS
    return [newest] if current and _status(newest) else []


def _status(observation: Observation) -> bool | None:
    found = {c.code for c in getattr(observation.value, "codes", ())}
    words = str(getattr(observation.value, "text", observation.value)).strip().lower()
    if found & _NOT_PREGNANT or words.startswith("not pregnant"):
        return False
    return True if found & _PREGNANT or words.startswith("pregnant") else None
