"""What ties two visits together, as minutes on one line: how far a start reaches to another visit's."""

from __future__ import annotations

from dataclasses import dataclass

from ketplan.clinical.plan import VisitKind
from ketplan.scheduling.series.model import Link, Since, Wanted
from ketplan.scheduling.series.openings import GivenUp, Site
from ketplan.scheduling.series.rules import Rule

ENDLESS = 1 << 40
_HOUR, _DAY = 60, 24 * 60
_CLOCK_CHANGE = 120


@dataclass(frozen=True, slots=True)
class Reach:
    """First and last start allowed, and between which of them no wish is broken."""

    low: int = -ENDLESS
    high: int = ENDLESS
    wish_low: int = -ENDLESS
    wish_high: int = ENDLESS


class Tie:
    """A link seen from one visit, whose start is known, to the other, whose start is looked for."""

    def __init__(self, link: Link, earlier: Wanted, length: int, forwards: bool, site: Site) -> None:
        self.link, self.forwards, self._site = link, forwards, site
        treated = earlier.preparation + earlier.treatment
        self._offset = {Since.START: 0, Since.TREATMENT: treated, Since.END: length}[link.since]

    @property
    def bounded(self) -> bool:
        return self.link.hours[1] is not None or self.link.days[1] is not None or self.link.wished is not None

    @property
    def lasting(self) -> int | None:
        """Minutes after which a known start no longer matters to a later one; None: it always may."""
        if self.bounded or not self.forwards:
            return None
        return self._offset + max(self.link.hours[0] * _HOUR, (self.link.days[0] + 1) * _DAY) + _CLOCK_CHANGE

    def reach(self, start: int, day: int) -> Reach:
        return self._onwards(start, day) if self.forwards else self._backwards(start, day)

    def _onwards(self, start: int, day: int) -> Reach:
        (least, most), (soonest, latest) = self.link.hours, self.link.days
        since, wished = start + self._offset, self.link.wished
        low = max(since + least * _HOUR, self._site.midnight(day + soonest))
        high = ENDLESS if most is None else since + most * _HOUR
        if latest is not None:
            high = min(high, self._site.midnight(day + latest + 1) - 1)
        return Reach(low, high, wish_high=ENDLESS if wished is None else since + wished * _HOUR)

    def _backwards(self, start: int, day: int) -> Reach:
        (least, most), (soonest, latest) = self.link.hours, self.link.days
        until, wished = start - self._offset, self.link.wished
        high = min(until - least * _HOUR, self._site.midnight(day - soonest + 1) - 1)
        low = -ENDLESS if most is None else until - most * _HOUR
        if latest is not None:
            low = max(low, self._site.midnight(day - latest))
        return Reach(low, high, wish_low=-ENDLESS if wished is None else until - wished * _HOUR)


class Company:
    """What two visits of one patient owe each other without a link: one body, and rest after a dose."""

    def __init__(
        self, known: Wanted, wanted: Wanted, lengths: tuple[int, int], site: Site, given_up: GivenUp
    ) -> None:
        self._known_length, self._wanted_length = lengths
        kinds = known.kind, wanted.kind
        rest = site.request.rest_hours * _HOUR
        self._rest_after_known = self._rest_after_wanted = None
        self._one_body = (Rule.ONE_BODY, ()) not in given_up
        if (Rule.REST, ()) in given_up:
            pass
        elif kinds == (VisitKind.INFUSION, VisitKind.CBT):
            self._rest_after_known = known.preparation + known.treatment + rest
        elif kinds == (VisitKind.CBT, VisitKind.INFUSION):
            self._rest_after_wanted = wanted.preparation + wanted.treatment + rest
        self.same_day_allowed = self._rest_after_known is None and self._rest_after_wanted is None
        self.lasting: int | None = max(
            self._known_length, (self._rest_after_known or 0), _DAY + _CLOCK_CHANGE
        )

    def is_past(self, known: int, earliest: int) -> bool:
        """Whether the known visit is too long ago to matter to one that starts at `earliest` or later."""
        return self.lasting is not None and known + self.lasting < earliest

    def rule_out(self, known: tuple[int, int], wanted: tuple[int, int]) -> bool:
        """Whether the two cannot both be: each a start and its day's ordinal."""
        (here, day), (there, other) = known, wanted
        if self._one_body and here < there + self._wanted_length and there < here + self._known_length:
            return True
        if self.same_day_allowed:
            return False
        if day == other:
            return True
        if self._rest_after_known is not None:
            return here < there < here + self._rest_after_known
        return self._rest_after_wanted is not None and there < here < there + self._rest_after_wanted
