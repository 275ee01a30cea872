"""What is thrown at every public input: values, requests, documents. The tests say how much of it.

`KETPLAN_LONG=1 python -m pytest -n 0 tests/security` throws for minutes, and another choice each time.
"""

from __future__ import annotations

import os
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

LONG = bool(os.environ.get("KETPLAN_LONG"))
BARBS = (
    *("", " ", "0", "-1", "1e999", "NaN", "null", "true", "[]", "{}", "..", "../../etc/passwd", "%00"),
    *(
        "%2e%2e%2f",
        "\x00",
        "'",
        '"',
        "' OR 1=1 --",
        "<script>alert(1)</script>",
        "{{7*7}}",
        "\ud800",
        "\u202e",
    ),
    *("\U0001f600" * 50, "a" * 5000, "9" * 400, "0001-01-01", "9999-12-31", "2026-13-40", "2026-02-30"),
    *("10000-01-01", "24:00", "Patient/../x", "x|y", "Practitioner/1", "=1+1", "\r\nSet-Cookie: a=b"),
    *("https://evil.example/", "javascript:alert(1)", "\u0663", "\u00bd", "\u202e"),
)
words = st.sampled_from(BARBS) | st.text(max_size=40)
numbers = st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False)
anything = st.recursive(
    st.none() | st.booleans() | numbers | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)


def throwing(short: int, long: int) -> Any:
    """How many examples: few and always the same ones, or many and others each time."""
    return settings(
        max_examples=long if LONG else short,
        derandomize=not LONG,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        print_blob=LONG,
    )


def spoilt(value: Any) -> st.SearchStrategy[Any]:
    """`value` with one of its parts, however deep, put in another's place or taken away."""
    places = list(_places(value))
    return st.tuples(st.sampled_from(places), anything, st.booleans()).map(lambda how: _put(value, *how))


def _places(value: Any, path: tuple[Any, ...] = ()) -> Any:
    yield path
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _places(item, (*path, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _places(item, (*path, number))


def _put(value: Any, path: tuple[Any, ...], other: Any, away: bool) -> Any:
    if not path:
        return other
    step, *rest = path
    copied = dict(value) if isinstance(value, dict) else list(value)
    if away and not rest:
        del copied[step]
    else:
        copied[step] = _put(copied[step], tuple(rest), other, away)
    return copied
