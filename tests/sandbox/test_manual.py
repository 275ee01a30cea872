"""docs/mock-ehr.md says what the code does."""

from __future__ import annotations

from ketplan.sandbox.faults import FHIR, SIGN_IN
from tests.sandbox.manual import FILE, printed


def test_its_tables_are_those_of_the_code() -> None:
    text = FILE.read_text("utf-8")
    assert printed(text) == text, "If this is meant: python -m tests.sandbox.manual"


def test_it_names_every_interaction_that_can_be_struck() -> None:
    said = set(FILE.read_text("utf-8").replace("`", " ").split())
    assert not (FHIR | SIGN_IN) - said
