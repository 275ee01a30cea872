"""Whether an EHR will take a write: four sources, each with its own no."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import product

import pytest

from ketplan.ehr.ability import Ability, Source, ability, granted, speaks_against
from ketplan.ehr.capabilities import Capabilities
from ketplan.ehr.profiles.load import parse, shipped
from ketplan.errors import Conflict, EhrError, Fatal, Forbidden, NotFound, NotSupported, Temporary
from tests.ehr.builders import NOW

GENERIC = shipped()["generic"]
READ_ONLY = parse(
    "acme.toml",
    'name = "acme"\nlabel = "Acme"\n[[write]]\ntype = "Goal"\ncreate = false\nwhy = "Acme takes no goals."\n'
    'witness = "papers of Acme"\nconfidence = "high"\n',
)


@dataclass(frozen=True)
class Refusal:
    status: int = 403
    at: datetime = NOW


def statement(*verbs: str) -> Capabilities:
    return Capabilities("4.0.1", interactions={"Goal": frozenset(verbs)})


def of_goal(verb: str = "create", **known: object) -> Ability:
    return ability("Goal", verb, called="goals", **{"profile": GENERIC, **known})  # type: ignore[arg-type]


def test_where_nobody_speaks_it_may_be_tried() -> None:
    assert of_goal().may
    assert of_goal().why == ""
    assert {v.says for v in of_goal().voices} == {None}


@pytest.mark.parametrize(
    ("known", "source", "why"),
    [
        ({"profile": READ_ONLY}, Source.PROFILE, "Acme takes no goals."),
        (
            {"statement": statement("read")},
            Source.STATEMENT,
            "This EHR does not say that one may create goals.",
        ),
        (
            {"scope": "user/Goal.rs patient/Goal.read"},
            Source.SCOPE,
            "The EHR did not grant ketplan the right to create goals.",
        ),
        (
            {"observed": {("Goal", "create"): Refusal()}},
            Source.OBSERVED,
            "On 2026-02-16 this EHR refused to create goals (HTTP 403); it is tried again.",
        ),
    ],
)
def test_each_source_can_say_no(known: dict[str, object], source: Source, why: str) -> None:
    found = of_goal(**known)
    assert (found.may, found.why) == (False, why)
    assert [v.source for v in found.voices if v.says is False] == [source]


def test_it_is_an_intersection() -> None:
    """All sixteen ways in which the four may agree or not."""
    for of_kind, of_itself, of_scope, seen in product((True, False), repeat=4):
        found = of_goal(
            profile=GENERIC if of_kind else READ_ONLY,
            statement=statement("create") if of_itself else statement(),
            scope="user/Goal.c" if of_scope else "user/Goal.r",
            observed={} if seen else {("Goal", "create"): Refusal()},
        )
        assert found.may is all((of_kind, of_itself, of_scope, seen))
        assert bool(found.why) is not found.may


def test_one_verb_says_nothing_of_the_other() -> None:
    observed = {("Goal", "create"): Refusal()}
    assert of_goal("update", observed=observed, statement=statement("update"), scope="user/Goal.u").may


@pytest.mark.parametrize(
    ("scope", "create", "update"),
    [
        ("user/Goal.cruds", True, True),
        ("user/Goal.crs", True, False),
        ("user/*.u", False, True),
        ("user/*.*", True, True),
        ("user/Goal.write", True, True),
        ("patient/Goal.rs?category=x", False, False),
        ("patient/Goal.c?category=x", True, False),
        ("user/Goals.c openid launch Goal.c user/Goal.cx", False, False),
        ("", False, False),
    ],
)
def test_scopes_in_both_dialects(scope: str, create: bool, update: bool) -> None:
    assert (granted("Goal", "create", scope), granted("Goal", "update", scope)) == (create, update)


@pytest.mark.parametrize(
    ("error", "verb", "of_type"),
    [
        (Forbidden("x", 403), "create", True),
        (NotSupported("x", 405), "update", True),
        (NotFound("x", 404), "create", True),
        (NotFound("x", 404), "update", False),
        (Fatal("x", 422), "create", False),
        (Conflict("x", 409), "create", False),
        (Temporary("x", 503), "create", False),
    ],
)
def test_which_refusal_speaks_of_the_whole_type(error: EhrError, verb: str, of_type: bool) -> None:
    assert speaks_against(error, verb) is of_type
