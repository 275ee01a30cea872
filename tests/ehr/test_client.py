from __future__ import annotations

import socket
from decimal import Decimal

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from ketplan.ehr.client import FhirClient
from ketplan.ehr.transport import Http
from ketplan.errors import (
    Conflict,
    Fatal,
    Forbidden,
    InputError,
    NotFound,
    NotSupported,
    Temporary,
    Unreachable,
)
from tests.ehr.builders import FHIR_JSON, PATIENT, TOKEN, a_bundle, a_resource, an_entry, an_outcome, answer

CONDITIONS = [("patient", PATIENT)]


def drop_connection(request: Request) -> Response:
    request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    return Response()


class TestRead:
    def test_it_gives_the_raw_json_and_the_etag_verbatim(
        self, client: FhirClient, httpserver: HTTPServer
    ) -> None:
        raw = '{"resourceType": "Patient", "id": "1", "_birthDate": {"x": 1.10}, "vendor": [7.200]}'
        httpserver.expect_oneshot_request(
            "/fhir/Patient/1", headers={"Authorization": f"Bearer {TOKEN}", "Cache-Control": "no-cache"}
        ).respond_with_response(answer(raw, ETag='W/"3"'))
        read = client.read("Patient", "1")
        assert read.etag == 'W/"3"'
        assert str(read.raw["_birthDate"]["x"]) + str(read.raw["vendor"][0]) == "1.107.200"

    def test_without_an_etag_the_version_in_meta_makes_one(
        self, client: FhirClient, httpserver: HTTPServer
    ) -> None:
        versioned = a_resource(id="1", meta={"versionId": "5"})
        httpserver.expect_oneshot_request("/fhir/Condition/1").respond_with_response(answer(versioned))
        assert client.read("Condition", "1").etag == 'W/"5"'
        httpserver.expect_oneshot_request("/fhir/Condition/1").respond_with_response(
            answer(a_resource(id="1"))
        )
        assert client.read("Condition", "1").etag is None

    @pytest.mark.parametrize(
        "body", [a_resource(id="other"), {"resourceType": "Patient", "id": "c1"}, [], a_bundle()]
    )
    def test_another_resource_than_asked_is_refused(
        self, client: FhirClient, httpserver: HTTPServer, body: object
    ) -> None:
        httpserver.expect_request("/fhir/Condition/c1").respond_with_response(answer(body))
        with pytest.raises(Fatal, match="other than"):
            client.read("Condition", "c1")

    def test_a_sign_in_page_with_200_is_an_error(self, client: FhirClient, httpserver: HTTPServer) -> None:
        httpserver.expect_request("/fhir/Condition/c1").respond_with_data("<html>", content_type="text/html")
        with pytest.raises(Fatal, match="sign-in page"):
            client.read("Condition", "c1")

    def test_a_200_with_an_error_outcome_is_an_error(
        self, client: FhirClient, httpserver: HTTPServer
    ) -> None:
        httpserver.expect_request("/fhir/Condition/c1").respond_with_response(
            answer(an_outcome(code="forbidden", text="canary-words"))
        )
        with pytest.raises(Forbidden) as caught:
            client.read("Condition", "c1")
        assert "canary-words" not in str(caught.value)
        assert caught.value.server_said == "canary-words"

    def test_half_an_answer_is_temporary(self, client: FhirClient, httpserver: HTTPServer) -> None:
        httpserver.expect_request("/fhir/Condition/c1").respond_with_response(answer('{"resourceTy'))
        with pytest.raises(Temporary):
            client.read("Condition", "c1")

    def test_a_plain_text_401_still_means_sign_in_again(
        self, client: FhirClient, httpserver: HTTPServer
    ) -> None:
        httpserver.expect_request("/fhir/Condition/c1").respond_with_response(
            answer("Invalid token: jwt expired", 401, Content_Type="text/plain")
        )
        with pytest.raises(Temporary, match="launch ketplan again") as caught:
            client.read("Condition", "c1")
        assert caught.value.status == 401

    def test_a_redirect_is_not_followed(
        self, client: FhirClient, httpserver: HTTPServer, stranger: HTTPServer
    ) -> None:
        httpserver.expect_request("/fhir/Condition/c1").respond_with_response(
            answer(None, 307, Location=stranger.url_for("/"))
        )
        with pytest.raises(Fatal, match="redirect"):
            client.read("Condition", "c1")
        assert stranger.log == []

    def test_a_busy_server_is_asked_again_after_the_time_it_names(
        self, client: FhirClient, httpserver: HTTPServer, waits: list[float]
    ) -> None:
        at = "/fhir/Condition/c1"
        httpserver.expect_ordered_request(at).respond_with_response(answer(None, 429, Retry_After="30"))
        httpserver.expect_ordered_request(at).respond_with_response(answer(None, 503, Retry_After="2"))
        httpserver.expect_ordered_request(at).respond_with_response(answer(a_resource()))
        assert client.read("Condition", "c1").raw["id"] == "c1"
        assert waits == [30.0, 2.0]

    def test_a_lost_connection_is_tried_three_times(
        self, client: FhirClient, httpserver: HTTPServer, waits: list[float]
    ) -> None:
        httpserver.expect_request("/fhir/Condition/c1").respond_with_handler(drop_connection)
        with pytest.raises(Unreachable):
            client.read("Condition", "c1")
        assert len(waits) == 2

    def test_the_token_is_asked_for_each_time(self, http: Http, httpserver: HTTPServer) -> None:
        tokens = iter(["first", "second"])
        seen = []

        def handler(request: Request) -> Response:
            seen.append(request.headers["Authorization"])
            return answer(a_resource())

        httpserver.expect_request("/fhir/Condition/c1").respond_with_handler(handler)
        client = FhirClient(httpserver.url_for("/fhir/"), lambda: next(tokens), http)
        client.read("Condition", "c1")
        client.read("Condition", "c1")
        assert seen == ["Bearer first", "Bearer second"]


class TestSearch:
    def test_every_next_link_is_followed_verbatim(self, client: FhirClient, httpserver: HTTPServer) -> None:
        odd = httpserver.url_for("/fhir?_getpages=a%20b%2Fc&x=%7C")
        httpserver.expect_ordered_request(
            "/fhir/Condition", query_string={"patient": PATIENT}
        ).respond_with_response(answer(a_bundle(a_resource(id="1"), next=odd)))
        httpserver.expect_ordered_request(
            "/fhir", query_string="_getpages=a%20b%2Fc&x=%7C"
        ).respond_with_response(answer(a_bundle(a_resource(id="2"), next="?page=3")))
        httpserver.expect_ordered_request("/fhir", query_string="page=3").respond_with_response(
            answer(a_bundle(a_resource(id="3")))
        )
        found = client.search("Condition", CONDITIONS)
        assert [r["id"] for r in found.resources] == ["1", "2", "3"]
        assert found.complete

    def test_a_link_to_another_host_is_not_followed_and_the_result_says_so(
        self, client: FhirClient, httpserver: HTTPServer, stranger: HTTPServer
    ) -> None:
        httpserver.expect_request("/fhir/Condition").respond_with_response(
            answer(a_bundle(a_resource(), next=stranger.url_for("/")))
        )
        found = client.search("Condition", CONDITIONS)
        assert (len(found.resources), found.complete) == (1, False)
        assert "leads away" in found.outcomes[0]
        assert stranger.log == []

    def test_pages_in_a_circle_end(self, client: FhirClient, httpserver: HTTPServer) -> None:
        here = httpserver.url_for("/fhir/Condition?page=2")
        httpserver.expect_request("/fhir/Condition").respond_with_response(
            answer(a_bundle(a_resource(), next=here))
        )
        found = client.search("Condition", CONDITIONS)
        assert not found.complete
        assert "circle" in found.outcomes[0]
        assert len(httpserver.log) == 2

    def test_endless_pages_end(self, client: FhirClient, httpserver: HTTPServer) -> None:
        def handler(request: Request) -> Response:
            page = int(request.args.get("page", 1))
            return answer(a_bundle(a_resource(id=f"c{page}"), next=f"?page={page + 1}"))

        httpserver.expect_request("/fhir/Condition").respond_with_handler(handler)
        found = client.search("Condition", CONDITIONS, max_pages=5)
        assert (len(found.resources), found.complete) == (5, False)

    def test_a_page_that_fails_later_leaves_what_was_read(
        self, client: FhirClient, httpserver: HTTPServer
    ) -> None:
        at = "/fhir/Condition"
        httpserver.expect_ordered_request(at).respond_with_response(
            answer(a_bundle(a_resource(), next="?page=2"))
        )
        httpserver.expect_ordered_request(at).respond_with_response(answer(an_outcome(), 400))
        found = client.search("Condition", CONDITIONS)
        assert (len(found.resources), found.complete) == (1, False)
        assert "could not use the request" in found.outcomes[0]

    def test_a_first_page_that_fails_is_raised(self, client: FhirClient, httpserver: HTTPServer) -> None:
        httpserver.expect_request("/fhir/Condition").respond_with_response(answer(an_outcome(), 405))
        with pytest.raises(NotSupported):
            client.search("Condition", CONDITIONS)

    def test_something_that_is_no_search_result_is_refused(
        self, client: FhirClient, httpserver: HTTPServer
    ) -> None:
        httpserver.expect_request("/fhir/Condition").respond_with_response(answer(a_resource()))
        with pytest.raises(Fatal):
            client.search("Condition", CONDITIONS)


class TestCreate:
    def test_the_body_is_sent_with_its_decimals_and_the_condition(
        self, client: FhirClient, httpserver: HTTPServer
    ) -> None:
        httpserver.expect_oneshot_request(
            "/fhir/Observation",
            method="POST",
            data='{"resourceType":"Observation","valueQuantity":{"value":0.50}}',
            headers={
                "Content-Type": FHIR_JSON,
                "If-None-Exist": "identifier=s|v",
                "Authorization": f"Bearer {TOKEN}",
            },
        ).respond_with_response(answer(None, 201, Location="Observation/7", ETag='W/"1"'))
        resource = {"resourceType": "Observation", "valueQuantity": {"value": Decimal("0.50")}}
        written = client.create(resource, "identifier=s|v")
        assert (written.id, written.etag, written.status, written.created) == ("7", 'W/"1"', 201, True)

    def test_the_id_of_a_location_elsewhere_is_taken_and_nobody_goes_there(
        self, client: FhirClient, httpserver: HTTPServer, stranger: HTTPServer
    ) -> None:
        location = stranger.url_for("/fhir/CarePlan/7/_history/1")
        httpserver.expect_request("/fhir/CarePlan", method="POST").respond_with_response(
            answer(None, 201, Location=location)
        )
        assert client.create(a_resource("CarePlan")).id == "7"
        assert stranger.log == []

    def test_without_a_location_the_body_tells_the_id(
        self, client: FhirClient, httpserver: HTTPServer
    ) -> None:
        made = a_resource("CarePlan", id="8", meta={"versionId": "1"})
        httpserver.expect_request("/fhir/CarePlan").respond_with_response(answer(made, 201))
        written = client.create(a_resource("CarePlan"))
        assert (written.id, written.etag) == ("8", 'W/"1"')

    def test_a_match_of_the_condition_is_not_a_creation(
        self, client: FhirClient, httpserver: HTTPServer
    ) -> None:
        httpserver.expect_request("/fhir/CarePlan").respond_with_response(
            answer(a_resource("CarePlan", id="8"))
        )
        assert not client.create(a_resource("CarePlan"), "identifier=s|v").created
        assert client.create(a_resource("CarePlan")).created

    def test_a_creation_that_names_no_id_has_to_be_looked_up(
        self, client: FhirClient, httpserver: HTTPServer
    ) -> None:
        httpserver.expect_request("/fhir/CarePlan").respond_with_response(answer(None, 201))
        with pytest.raises(Temporary, match="looked up"):
            client.create(a_resource("CarePlan"))

    @pytest.mark.parametrize(
        ("status", "kind"),
        [
            (401, Temporary),
            (403, Forbidden),
            (405, NotSupported),
            (412, Conflict),
            (422, Fatal),
            (503, Temporary),
        ],
    )
    def test_a_refusal_is_one_request(
        self,
        client: FhirClient,
        httpserver: HTTPServer,
        waits: list[float],
        status: int,
        kind: type[Exception],
    ) -> None:
        httpserver.expect_request("/fhir/CarePlan").respond_with_response(
            answer(an_outcome(), status, Retry_After="1")
        )
        with pytest.raises(kind):
            client.create(a_resource("CarePlan"))
        assert (len(httpserver.log), waits) == (1, [])

    def test_a_lost_answer_is_never_sent_again(
        self, client: FhirClient, httpserver: HTTPServer, waits: list[float]
    ) -> None:
        received = []

        def handler(request: Request) -> Response:
            received.append(request.path)
            return drop_connection(request)

        httpserver.expect_request("/fhir/CarePlan").respond_with_handler(handler)
        with pytest.raises(Temporary):
            client.create(a_resource("CarePlan"))
        assert (len(received), waits) == (1, [])

    def test_a_200_with_an_error_outcome_is_a_failure(
        self, client: FhirClient, httpserver: HTTPServer
    ) -> None:
        httpserver.expect_request("/fhir/CarePlan").respond_with_response(
            answer(an_outcome(code="business-rule"), 200, Location="CarePlan/7")
        )
        with pytest.raises(Fatal):
            client.create(a_resource("CarePlan"))

    @pytest.mark.parametrize(
        "resource", [{}, {"resourceType": "../x"}, {"resourceType": "CarePlan", "x": {1}}]
    )
    def test_what_is_no_resource_is_not_sent(self, client: FhirClient, resource: dict[str, object]) -> None:
        with pytest.raises(InputError):
            client.create(resource)


class TestUpdate:
    def test_the_etag_goes_back_verbatim(self, client: FhirClient, httpserver: HTTPServer) -> None:
        httpserver.expect_oneshot_request(
            "/fhir/CarePlan/7", method="PUT", headers={"If-Match": 'W/"3-x"'}
        ).respond_with_response(answer(None, 200, ETag='W/"4"'))
        written = client.update(a_resource("CarePlan", id="7"), 'W/"3-x"')
        assert (written.id, written.etag, written.created) == ("7", 'W/"4"', False)

    @pytest.mark.parametrize("body", ['{"resourceType": "Care', "<html>Please sign in</html>"])
    def test_a_success_that_cannot_be_read_proves_nothing(
        self, client: FhirClient, httpserver: HTTPServer, body: str
    ) -> None:
        httpserver.expect_request("/fhir/CarePlan/7").respond_with_data(body, 200, content_type="text/html")
        with pytest.raises(Temporary, match="looked up"):
            client.update(a_resource("CarePlan", id="7"), None)

    @pytest.mark.parametrize("status", [409, 412])
    def test_a_newer_version_is_a_conflict(
        self, client: FhirClient, httpserver: HTTPServer, status: int
    ) -> None:
        httpserver.expect_request("/fhir/CarePlan/7").respond_with_response(answer(an_outcome(), status))
        with pytest.raises(Conflict):
            client.update(a_resource("CarePlan", id="7"), 'W/"3"')

    def test_what_was_read_is_sent_back_unchanged(self, client: FhirClient, httpserver: HTTPServer) -> None:
        raw = (
            '{"resourceType":"CarePlan","id":"7","_title":{"x":1.10},"vendorField":[{"deep":7.200}],'
            '"text":{"div":"<div>é</div>"}}'
        )
        httpserver.expect_ordered_request("/fhir/CarePlan/7", method="GET").respond_with_response(answer(raw))
        httpserver.expect_ordered_request("/fhir/CarePlan/7", method="PUT", data=raw).respond_with_response(
            answer(None)
        )
        read = client.read("CarePlan", "7")
        client.update(read.raw, read.etag)

    def test_an_update_without_an_id_is_not_sent(self, client: FhirClient) -> None:
        with pytest.raises(InputError):
            client.update({"resourceType": "CarePlan"}, None)


def test_an_open_server_gets_no_authorization(http: Http, httpserver: HTTPServer) -> None:
    def handler(request: Request) -> Response:
        assert "Authorization" not in request.headers
        return answer(a_resource())

    httpserver.expect_request("/fhir/Condition/c1").respond_with_handler(handler)
    assert FhirClient(httpserver.url_for("/fhir"), None, http).read("Condition", "c1").raw["id"] == "c1"


def test_a_base_that_is_not_safe_is_refused(http: Http) -> None:
    with pytest.raises(InputError):
        FhirClient("http://ehr.example.org/fhir", None, http)


def test_what_was_deleted_is_not_found(client: FhirClient, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/fhir/Condition/c1").respond_with_response(answer(None, 410))
    with pytest.raises(NotFound):
        client.read("Condition", "c1")


def test_entries_of_other_types_come_as_included(client: FhirClient, httpserver: HTTPServer) -> None:
    medication = {"resourceType": "Medication", "id": "m1"}
    httpserver.expect_request("/fhir/MedicationRequest").respond_with_response(
        answer(a_bundle(a_resource("MedicationRequest"), an_entry(medication, "include")))
    )
    assert client.search("MedicationRequest", CONDITIONS).included == [medication]


def test_capabilities_are_read_from_metadata(client: FhirClient, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/fhir/metadata").respond_with_response(
        answer({"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1"})
    )
    assert client.capabilities().fhir_version == "4.0.1"
