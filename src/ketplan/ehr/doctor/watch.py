"""Asking and watching: each answer with its duration and how far its clock is off. Never writes."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from statistics import median
from typing import Any

from ketplan.ehr.doctor.report import Check, Light
from ketplan.ehr.identity import SKEW_SECONDS
from ketplan.ehr.transport import Answer, Http
from ketplan.errors import RefusedError

SLOW_SECONDS = 1.0


@dataclass(frozen=True)
class Exchange:
    """One answered request. `ahead` is how far the server's clock is ahead, None when it does not say."""

    url: str
    status: int
    seconds: float
    ahead: timedelta | None


class Watch(Http):
    """An Http that remembers what was answered, and sends nothing but GET."""

    def __init__(self, now: Callable[[], datetime], clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(clock=clock)
        self._now, self._watch = now, clock
        self.exchanges: list[Exchange] = []

    def send(self, method: str, url: str, headers: Mapping[str, str], **more: Any) -> Answer:
        if method != "GET":
            raise RefusedError("An examination never writes.")
        begun = self._watch()
        answer = super().send(method, url, headers, **more)
        seconds = self._watch() - begun
        self.exchanges.append(
            Exchange(url, answer.status, seconds, ahead(answer.headers.get("Date"), self._now()))
        )
        return answer

    def status(self, url: str) -> int | None:
        """The status `url` was answered with, None when it was not."""
        return next((e.status for e in self.exchanges if e.url == url), None)


def ahead(said: str | None, now: datetime) -> timedelta | None:
    """How far the clock of a Date header is ahead of `now`; None when it cannot be read."""
    try:
        date = parsedate_to_datetime(said or "")
        return (date if date.tzinfo else date.replace(tzinfo=UTC)) - now
    except (TypeError, ValueError, OverflowError):
        return None


def clock(exchanges: Sequence[Exchange]) -> Check:
    asked = f"Date of each answer, ±{SKEW_SECONDS // 60} min"
    seen = [e.ahead.total_seconds() for e in exchanges if e.ahead is not None]
    if not seen:
        instead = "relies on its own clock; a wrong one shows only when a sign-in is refused"
        return Check("clock", asked, "no answer says what time it is", Light.AMBER, instead)
    off = median(seen)
    direction = "ahead of" if off > 0 else "behind"
    words = f"{abs(off):.0f} s {direction} this machine" if abs(off) >= 1 else "agrees with this machine"
    if abs(off) <= SKEW_SECONDS:
        return Check("clock", asked, words, Light.GREEN)
    instead = "refuses sign-in tokens that seem too old or too new: set both clocks by a time server"
    return Check("clock", asked, words, Light.RED, instead)


def speed(exchanges: Sequence[Exchange]) -> Check:
    asked = f"time to answer, {SLOW_SECONDS:.0f} s"
    times = [e.seconds for e in exchanges]
    words = f"{median(times) * 1000:.0f} ms typical, {max(times) * 1000:.0f} ms longest of {len(times)}"
    if median(times) <= SLOW_SECONDS:
        return Check("speed", asked, words, Light.GREEN)
    instead = "reads the sections side by side and shows each as it comes; opening a chart will take a while"
    return Check("speed", asked, words, Light.AMBER, instead)
