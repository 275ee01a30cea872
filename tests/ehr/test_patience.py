from __future__ import annotations

from collections.abc import Callable

import pytest

from ketplan.ehr.patience import Patience
from ketplan.ehr.transport import Answer
from ketplan.errors import Temporary, Unreachable
from tests.ehr.builders import NOW

OK = Answer(200, {}, b"")


def busy(status: int = 503, retry_after: str | None = None) -> Answer:
    return Answer(status, {"Retry-After": retry_after} if retry_after else {}, b"")


def a_script(*steps: Answer | Exception) -> Callable[[], Answer]:
    rest = iter(steps)

    def send() -> Answer:
        step = next(rest)
        if isinstance(step, Exception):
            raise step
        return step

    return send


def ask(*steps: Answer | Exception, jitter: float = 0.0) -> tuple[Answer, list[float]]:
    waits: list[float] = []
    patience = Patience(now=lambda: NOW, sleep=waits.append, jitter=lambda: jitter)
    return patience.ask(a_script(*steps)), waits


@pytest.mark.parametrize(
    ("asked", "waited"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("30", 30.0),
        ("Mon, 16 Feb 2026 14:00:12 GMT", 12.0),
        ("Mon, 16 Feb 2026 13:00:00 GMT", 0.0),
        ("soon", 0.5),
        ("-3", 0.5),
        (None, 0.5),
    ],
)
def test_it_waits_as_asked(asked: str | None, waited: float) -> None:
    answer, waits = ask(busy(429, asked), OK)
    assert (answer, waits) == (OK, [waited])


@pytest.mark.parametrize("asked", ["31", "86400", "Mon, 16 Feb 2026 20:00:00 GMT", "9" * 400])
def test_who_wants_more_than_half_a_minute_is_left_alone(asked: str) -> None:
    answer, waits = ask(busy(429, asked))
    assert (answer.status, waits) == (429, [])


def test_a_date_is_taken_against_the_servers_own_clock() -> None:
    said = {"Retry-After": "Mon, 16 Feb 2026 19:30:07 GMT", "Date": "Mon, 16 Feb 2026 19:30:00 GMT"}
    assert ask(Answer(503, said, b""), OK)[1] == [7.0]


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_it_asks_three_times_and_hands_back_the_last_answer(status: int) -> None:
    answer, waits = ask(busy(status), busy(status), busy(status))
    assert (answer.status, waits) == (status, [0.5, 1.0])


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 409, 500, 501])
def test_other_answers_are_taken_at_once(status: int) -> None:
    assert ask(Answer(status, {}, b""))[1] == []


def test_a_lost_connection_is_tried_again_and_a_time_out_is_not() -> None:
    assert ask(Unreachable("lost"), OK) == (OK, [0.5])
    with pytest.raises(Unreachable):
        ask(Unreachable("1"), Unreachable("2"), Unreachable("3"))
    with pytest.raises(Temporary, match="slow"):
        ask(Temporary("slow"), OK)


def test_jitter_spreads_the_waits() -> None:
    assert ask(busy(429, "3"), OK, jitter=1.0)[1] == [3.5]
    assert ask(busy(), OK, jitter=0.5)[1] == [0.75]
