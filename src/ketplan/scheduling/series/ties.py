"""What ties two visits together: which starts of a later-settled one go with each start of the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ketplan.clinical.plan import VisitKind
from ketplan.scheduling.series.model import Link, Since, Wanted
from ketplan.scheduling.series.openings import GivenUp, Site
from ketplan.scheduling.series.rules import Rule
from ketplan.scheduling.series.staff import FOREVER, Ints

_HOUR = 60


Pair = tuple[Ints, Ints]


@dataclass(frozen=True, slots=True)
class Reach:
    """For each start of the known visit: first and last start allowed to the other, first and last that break
    no wish, and between which of them, both excluded, it is barred; None where nothing is said."""

    allowed: Pair | None = None
    wished: Pair | None = None
    barred: Pair | None = None

    def leaves(self, starts: Ints) -> bool:
        """Whether any of the starts goes with the known visit, of which there is one start."""
        left = np.ones(len(starts), bool)
        if self.allowed:
            left &= (self.allowed[0] <= starts) & (starts <= self.allowed[1])
        if self.barred:
            left &= (starts <= self.barred[0]) | (self.barred[1] <= starts)
        return bool(left.any())


class Tie:
    """A link seen from one visit, whose start is known, to the other, whose start is looked for."""

    def __init__(self, link: Link, earlier: Wanted, length: int, forwards: bool, site: Site) -> None:
        self.link, self.forwards, self._site = link, forwards, site
        treated = earlier.preparation + earlier.treatment
        self._offset = {Since.START: 0, Since.TREATMENT: treated, Since.END: length}[link.since]

    @property
    def bounded(self) -> bool:
        return self.link.hours[1] is not None or self.link.days[1] is not None or self.link.wished is not None

    def minds(self, days: Ints, others: Ints) -> bool:
        """Whether it can matter to visits on those days: what only keeps apart does not when they are."""
        if self.bounded or not self.forwards or not days.size or not others.size:
            return True
        apart = self.link.days[0] + (self.link.hours[0] + 23) // 24 + 2
        return bool(others[0] < days[-1] + apart)

    def reach(self, starts: Ints, days: Ints) -> Reach:
        allowed = (self._onwards if self.forwards else self._backwards)(starts, days)
        if self.link.wished is None:
            return Reach(allowed)
        far, wish = np.full(len(starts), FOREVER), self._offset + self.link.wished * _HOUR
        return Reach(allowed, (-far, starts + wish) if self.forwards else (starts - wish, far))

    def _onwards(self, starts: Ints, days: Ints) -> Pair:
        (least, most), (soonest, latest) = self.link.hours, self.link.days
        since = starts + self._offset
        high = np.full(len(starts), FOREVER) if most is None else since + most * _HOUR
        if latest is not None:
            high = np.minimum(high, self._site.midnights(days + latest + 1) - 1)
        return np.maximum(since + least * _HOUR, self._site.midnights(days + soonest)), high

    def _backwards(self, starts: Ints, days: Ints) -> Pair:
        (least, most), (soonest, latest) = self.link.hours, self.link.days
        until = starts - self._offset
        low = np.full(len(starts), -FOREVER) if most is None else until - most * _HOUR
        if latest is not None:
            low = np.maximum(low, self._site.midnights(days - latest))
        return low, np.minimum(until - least * _HOUR, self._site.midnights(days - soonest + 1) - 1)


class Company:
    """What two visits of one patient owe each other without a link: one body, and rest after a dose."""

    def __init__(
        self, known: Wanted, wanted: Wanted, lengths: tuple[int, int], site: Site, given_up: GivenUp
    ) -> None:
        self._site = site
        both = {known.kind, wanted.kind} == {VisitKind.INFUSION, VisitKind.CBT}
        self.apart = both and (Rule.REST, ()) not in given_up
        self._before = self._after = 0
        if (Rule.ONE_BODY, ()) not in given_up:
            self._after, self._before = lengths
        if self.apart:
            dose = known if known.kind is VisitKind.INFUSION else wanted
            rest = dose.preparation + dose.treatment + site.request.rest_hours * _HOUR
            if dose is known:
                self._after = max(self._after, rest)
            else:
                self._before = max(self._before, rest)

    def minds(self, days: Ints, others: Ints) -> bool:
        """Whether visits on those days could come so near each other that it matters."""
        near = 3 + self._site.request.rest_hours // 24
        return bool(
            days.size and others.size and days[0] - near <= others[-1] and others[0] - near <= days[-1]
        )

    def reach(self, starts: Ints, days: Ints) -> Reach:
        low, high = starts - self._before, starts + self._after
        if self.apart:
            low = np.minimum(low, self._site.midnights(days) - 1)
            high = np.maximum(high, self._site.midnights(days + 1))
        return Reach(barred=(low, high))
