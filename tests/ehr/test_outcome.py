import pytest

from ketplan.ehr import outcome
from ketplan.errors import (
    Conflict,
    EhrError,
    Fatal,
    Forbidden,
    NotFound,
    NotSupported,
    SignInEnded,
    Temporary,
)
from tests.ehr.builders import a_resource, an_outcome


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, Fatal),
        (400, Fatal),
        (401, SignInEnded),
        (403, Forbidden),
        (404, NotFound),
        (405, NotSupported),
        (409, Conflict),
        (410, NotFound),
        (412, Conflict),
        (418, Fatal),
        (422, Fatal),
        (428, Conflict),
        (429, Temporary),
        (500, Temporary),
        (501, NotSupported),
        (503, Temporary),
        (599, Temporary),
    ],
)
def test_each_status_has_one_meaning(status: int, kind: type[EhrError]) -> None:
    error = outcome.error_for(status, None)
    assert type(error) is kind
    assert error.status == status
    assert str(error).endswith(f"(HTTP {status}).")


def test_a_success_is_no_error() -> None:
    assert outcome.error_for(200, a_resource()) is None
    assert outcome.error_for(201, None) is None
    assert outcome.error_for(200, an_outcome("information")) is None
    assert outcome.error_for(200, an_outcome("warning")) is None


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("forbidden", Forbidden),
        ("not-found", NotFound),
        ("not-supported", NotSupported),
        ("conflict", Conflict),
        ("transient", Temporary),
        ("processing", Fatal),
    ],
)
def test_a_success_that_says_error_is_a_failure(code: str, kind: type[EhrError]) -> None:
    for severity in ("error", "fatal"):
        error = outcome.error_for(200, an_outcome(severity, code))
        assert type(error) is kind
        assert error.status == 200


def test_the_message_holds_the_code_and_the_servers_words_stand_beside_it() -> None:
    error = outcome.error_for(
        422, an_outcome(code="business-rule", text="Jane Canary is booked", diagnostics="x9")
    )
    assert error is not None
    assert str(error) == "The EHR refused the content by one of its rules (HTTP 422, business-rule)."
    assert error.server_said == "Jane Canary is booked: x9"


def test_a_code_that_is_no_code_does_not_enter_the_message() -> None:
    error = outcome.error_for(400, an_outcome(code="Jane Canary, born 1980"))
    assert "Canary" not in str(error)


def test_an_issue_names_the_place_it_is_about() -> None:
    said = an_outcome(text="Missing element")
    said["issue"][0]["expression"] = ["CarePlan.status"]
    said["issue"].append({"severity": "error", "code": "required"})
    assert outcome.describe(said) == "Missing element (CarePlan.status); required"


@pytest.mark.parametrize(
    "mess",
    [
        None,
        [],
        "text",
        {"resourceType": "OperationOutcome"},
        {"resourceType": "OperationOutcome", "issue": "x"},
        {"resourceType": "OperationOutcome", "issue": [None, {"details": "x", "expression": 3, "code": 4}]},
    ],
)
def test_a_garbled_outcome_never_breaks_anything(mess: object) -> None:
    assert isinstance(outcome.describe(mess), str)
    assert isinstance(outcome.error_for(400, mess), Fatal)
    assert outcome.error_for(200, mess) is None
