"""How long to wait before asking again. Only reads are ever asked again."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from ketplan.ehr.transport import Answer
from ketplan.errors import Unreachable

AGAIN = frozenset({429, 502, 503, 504})
TRIES = 3
LONGEST_WAIT = 30.0


def utc_now() -> datetime:
    return datetime.now(UTC)


def _moment(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None


@dataclass(frozen=True)
class Patience:
    """The clock, the sleep and the jitter (a number from 0 to 1) that waiting needs."""

    now: Callable[[], datetime] = utc_now
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random

    def ask(
        self, send: Callable[[], Answer], is_final: Callable[[Answer], bool] = lambda answer: False
    ) -> Answer:
        """`send` up to three times while the server is busy or unreachable; the last answer, or Unreachable.

        A read that timed out is not repeated: the user has waited long enough. Nor is one whose answer
        `is_final`, nor asked sooner than the server wants: who says more than LONGEST_WAIT is left alone.
        """
        for attempt in range(TRIES - 1):
            try:
                answer = send()
            except Unreachable:
                self.sleep(self._backoff(attempt))
                continue
            if answer.status not in AGAIN or is_final(answer) or (self.asked(answer) or 0) > LONGEST_WAIT:
                return answer
            self.sleep(self._wait(answer, attempt))
        return send()

    def asked(self, answer: Answer) -> float | None:
        """Retry-After in seconds, from a number or an HTTP date; None when it is neither.

        A date is taken against the server's own clock where it tells it: ours may be off.
        """
        text = answer.headers.get("Retry-After", "").strip()
        if text.isascii() and text.isdigit():
            return float(text[:9])
        until = _moment(text)
        now = _moment(answer.headers.get("Date", "")) or self.now()
        return max(0.0, (until - now).total_seconds()) if until else None

    def _wait(self, answer: Answer, attempt: int) -> float:
        asked = self.asked(answer)
        return self._backoff(attempt) if asked is None else asked + 0.5 * self.jitter()

    def _backoff(self, attempt: int) -> float:
        return 0.5 * (attempt + 1) + 0.5 * self.jitter()
