"""The doctor: what it asks, which light it gives, and that no token and no patient shows in its report."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pytest_httpserver import HTTPServer

from ketplan import config
from ketplan.cli import main
from ketplan.config import Ehr
from ketplan.ehr import scopes
from ketplan.ehr.doctor.examination import examine
from ketplan.ehr.doctor.report import SYMBOLS, Check, Light, Report
from ketplan.ehr.doctor.watch import Exchange, Watch, ahead, clock, speed
from ketplan.ehr.patience import Patience
from ketplan.errors import InputError, RefusedError, Unreachable
from ketplan.sandbox.server import Server, serve
from ketplan.store.database import open_database
from ketplan.store.observed import ObservedRefusals, Refusal
from tests.ehr.builders import NOW, PATIENT, TOKEN, a_resource, an_outcome, answer
from tests.ehr.doctor import Patient, a_type

CALLBACK = "https://ketplan.example/callback"
FAMILY = "Canaryfamily"
# Nothing listens on the discard port of this machine.
NOBODY = "http://127.0.0.1:9/fhir"


@pytest.fixture
def ehr(httpserver: HTTPServer) -> Patient:
    return Patient(httpserver)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Server]:
    # This machine's clock: the answers of a server carry its date, and the command compares the two.
    today, rights = datetime.now(UTC).date(), "system/*.rs"
    with serve("127.0.0.1", 0, today=today, static_tokens={TOKEN: rights}) as server:
        yield server


def seen(ehr: Patient, **more: str) -> Report:
    asked = Ehr("general", ehr.iss, "ketplan-web", client_secret=more.pop("secret", None))
    patience = Patience(now=ehr.now, sleep=lambda _: None, jitter=lambda: 0.0)
    return examine(asked, CALLBACK, patience=patience, **more)


def named(report: Report, name: str) -> Check:
    found = [check for check in report.checks if check.name == name]
    assert len(found) == 1, [check.name for check in report.checks]
    return found[0]


def ketplan(*words: str) -> Result:
    return CliRunner().invoke(main, list(words), catch_exceptions=False)


class TestLights:
    def test_an_ehr_that_offers_everything_is_green(self, ehr: Patient) -> None:
        report = seen(ehr)
        assert {check.light for check in report.checks} == {Light.GREEN}
        assert not any(check.instead for check in report.checks)
        assert report.exit_code == 0

    @pytest.mark.parametrize(
        ("change", "name", "light", "answer"),
        [
            (
                lambda e: e.config.pop("code_challenge_methods_supported"),
                "PKCE",
                "amber",
                "S256 is not declared",
            ),
            (
                lambda e: e.config["capabilities"].remove("launch-ehr"),
                "launch in EHR",
                "amber",
                "not declared",
            ),
            (lambda e: e.config["capabilities"].remove("permission-v2"), "scopes", "amber", "not declared"),
            (
                lambda e: e.config["capabilities"].remove("client-public"),
                "client type",
                "amber",
                "not declared",
            ),
            (
                lambda e: e.config.update(token_endpoint="http://ehr.example/t"),
                "discovery",
                "red",
                "not https",
            ),
            (lambda e: e.config.clear(), "discovery", "red", "names no authorization"),
            (lambda e: e.keys.update(keys=[{"kty": "oct", "k": "c2VjcmV0"}]), "keys", "red", "0 of 1"),
            (lambda e: e.statement.update(fhirVersion="4.3.0"), "FHIR version", "red", "FHIR 4.3.0"),
            (lambda e: e.types.pop("List"), "search List", "amber", "not offered"),
            (lambda e: e.types.pop("Condition"), "search Condition", "red", "not offered"),
            (lambda e: e.types.pop("CarePlan"), "write CarePlan", "amber", "create and update not offered"),
            (lambda e: e.types.pop("Provenance"), "write Provenance", "amber", "create not offered"),
            (lambda e: e.types.pop("Slot"), "calendar", "amber", "without search"),
            (
                lambda e: e.types.update(Goal=a_type("Goal", conditionalCreate=0)),
                "write once",
                "amber",
                "for Goal",
            ),
            (
                lambda e: e.types.update(MedicationRequest=a_type("MedicationRequest", searchInclude=[])),
                "search MedicationRequest",
                "amber",
                "without _include",
            ),
            (
                lambda e: e.types.update(Encounter=a_type("Encounter", searchParam=[{"name": "date"}])),
                "search Encounter",
                "amber",
                "without patient",
            ),
            (lambda e: setattr(e, "guarded", False), "guard", "amber", "answered"),
            (lambda e: setattr(e, "ahead", timedelta(hours=-5)), "clock", "red", "behind this machine"),
        ],
    )
    def test_what_is_missing_has_its_light(
        self, ehr: Patient, change: Callable[[Patient], object], name: str, light: str, answer: str
    ) -> None:
        change(ehr)
        report = seen(ehr)
        check = named(report, name)
        assert (check.light, answer in check.answer) == (light, True), check
        assert bool(check.instead) == (light != "green")
        assert report.exit_code == (light == "red")

    def test_a_care_plan_that_cannot_be_changed_stays_a_draft(self, ehr: Patient) -> None:
        ehr.types["CarePlan"] = a_type("CarePlan", interaction=[{"code": "search-type"}, {"code": "create"}])
        check = named(seen(ehr), "write CarePlan")
        assert check.answer.startswith("update not offered")
        assert "draft" in check.instead

    def test_an_appointment_searched_by_actor_has_its_other_way_named(self, ehr: Patient) -> None:
        ehr.types["Appointment"] = a_type("Appointment", searchParam=[{"name": "actor"}])
        check = named(seen(ehr), "search Appointment")
        assert (check.light, check.instead) == (Light.AMBER, "asks by actor where it is refused")

    def test_a_confidential_client_wants_that_declared(self, ehr: Patient) -> None:
        assert ehr.config
        ehr.config["capabilities"].remove("client-confidential-symmetric")
        assert named(seen(ehr), "client type").light is Light.GREEN
        report = seen(ehr, secret="canary-client-secret")
        assert named(report, "client type").light is Light.AMBER
        assert "canary-client-secret" not in json.dumps(report.as_json())

    def test_without_discovery_the_fhir_side_is_examined_all_the_same(self, ehr: Patient) -> None:
        ehr.config = None
        report = seen(ehr)
        assert (named(report, "discovery").light, named(report, "write Goal").light) == ("red", "green")

    def test_endpoints_of_an_older_server_come_from_its_statement(self, ehr: Patient) -> None:
        ehr.config = None
        uris = [{"url": name, "valueUri": f"/auth/{name}"} for name in ("authorize", "token")]
        oauth = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"
        ehr.security = {"extension": [{"url": oauth, "extension": uris}]}
        report = seen(ehr)
        assert named(report, "discovery").light is Light.AMBER
        assert named(report, "issuer").light is Light.AMBER

    def test_metadata_behind_a_sign_in_is_no_fault(self, ehr: Patient) -> None:
        ehr.metadata_answer = answer(an_outcome(code="login"), 401)
        assert named(seen(ehr), "FHIR version").light is Light.AMBER


class TestProfile:
    def test_an_ehr_nobody_knows_is_asked_as_any_other(self, ehr: Patient) -> None:
        assert "as any FHIR R4 server" in named(seen(ehr), "profile").answer

    def test_a_known_one_is_named_and_searched_in_its_own_way(self, ehr: Patient) -> None:
        ehr.statement["software"] = {"name": "Epic"}
        report = seen(ehr)
        assert named(report, "profile").answer.startswith("Epic (epic)")
        assert "category" in named(report, "search Observation").asked
        assert "status" in named(report, "search MedicationRequest").asked

    def test_the_settings_name_one(self, ehr: Patient) -> None:
        named_so = Ehr("general", ehr.iss, "ketplan-web", profile="oracle-health")
        report = examine(named_so, CALLBACK, patience=Patience(now=ehr.now))
        assert named(report, "profile").answer.startswith("Oracle Health Millennium")

    def test_each_write_tells_all_four_that_decide(self, ehr: Patient) -> None:
        ehr.statement["software"] = {"name": "Epic"}
        report = seen(ehr)
        goal = named(report, "write Goal")
        assert goal.answer == (
            "create not offered (profile no, CapabilityStatement yes, granted scope silent, observed silent)"
        )
        assert goal.light is Light.AMBER
        request = named(report, "write ServiceRequest")
        assert request.answer == (
            "native (profile yes, CapabilityStatement yes, granted scope silent, observed silent)"
        )

    def test_what_was_refused_before_counts(self, ehr: Patient) -> None:
        observed = {("Goal", "create"): Refusal(403, NOW)}
        who = Ehr("doctor", ehr.iss, "ketplan-web")
        report = examine(who, CALLBACK, patience=Patience(now=ehr.now), observed=observed)
        assert "observed no" in named(report, "write Goal").answer

    @pytest.mark.parametrize(
        "kind",
        ["QuestionnaireResponse", "Observation", "Procedure", "MedicationAdministration", "AdverseEvent"],
    )
    def test_what_a_session_writes_is_asked_for_too(self, ehr: Patient, kind: str) -> None:
        ehr.types[kind] = a_type(kind, interaction=[{"code": "search-type"}])
        check = named(seen(ehr), f"write {kind}")
        assert (check.light, "not in the EHR" in check.instead) == (Light.AMBER, True)


class TestClockAndSpeed:
    @pytest.mark.parametrize(
        ("seconds", "light", "answer"),
        [
            (0, "green", "agrees with this machine"),
            (120, "green", "120 s ahead of this machine"),
            (-120, "green", "120 s behind this machine"),
            (121, "red", "121 s ahead of this machine"),
            (-121, "red", "121 s behind this machine"),
        ],
    )
    def test_two_minutes_are_tolerated(self, seconds: int, light: str, answer: str) -> None:
        check = clock([Exchange("", 200, 0.1, timedelta(seconds=seconds)), Exchange("", 200, 0.1, None)])
        assert (check.light, check.answer) == (light, answer)

    def test_a_server_that_says_no_time_is_amber(self) -> None:
        assert clock([Exchange("", 200, 0.1, None)]).light is Light.AMBER

    @pytest.mark.parametrize(
        ("said", "seconds"),
        [
            ("Mon, 16 Feb 2026 14:00:30 GMT", 30),
            ("Mon, 16 Feb 2026 14:00:30", 30),
            ("soon", None),
            (None, None),
        ],
    )
    def test_a_date_header_is_compared_in_one_zone(self, said: str | None, seconds: int | None) -> None:
        found = ahead(said, NOW)
        assert found == (timedelta(seconds=seconds) if seconds is not None else None)

    @pytest.mark.parametrize(("times", "light"), [((0.1, 0.2, 9.0), "green"), ((0.1, 1.1, 1.2), "amber")])
    def test_what_is_typical_counts(self, times: tuple[float, ...], light: str) -> None:
        assert speed([Exchange("", 200, seconds, None) for seconds in times]).light == light


class TestTheLaunchAddress:
    def test_its_parameters_are_shown_without_what_is_random(self, ehr: Patient) -> None:
        checks = [check for check in seen(ehr).checks if check.name == "authorize"]
        assert [check.asked for check in checks] == [
            "address of the EHR launch",
            "address of the standalone launch",
        ]
        for words in (
            "client_id=ketplan-web",
            f"aud={ehr.iss}",
            f"redirect_uri={CALLBACK}",
            "state=(random)",
        ):
            assert all(words in check.answer for check in checks)
        assert "launch=(from the EHR)" in checks[0].answer
        assert "launch=" not in checks[1].answer
        assert "canary-tenant" not in json.dumps(seen(ehr).as_json())


class TestTrying:
    def test_counts_and_nothing_else_of_a_record(self, ehr: Patient) -> None:
        ehr.records += [a_resource("Condition", f"canary-{n}", note=[{"text": FAMILY}]) for n in range(3)]
        ehr.records += [a_resource("Encounter", "e1"), a_resource("Encounter", "canary-e2", "other-patient")]
        report = seen(ehr, token=TOKEN, patient_id=PATIENT)
        assert named(report, "try Condition").answer == "3 found"
        foreign = named(report, "try Encounter")
        assert (foreign.light, foreign.answer) == ("amber", "1 found; 1 about somebody else or nobody")
        said = json.dumps(report.as_json()) + "\n".join(report.as_text())
        for secret in (TOKEN, PATIENT, FAMILY, "canary-", "other-patient"):
            assert secret not in said

    def test_what_the_ehr_says_of_a_refusal_stays_out(self, ehr: Patient) -> None:
        ehr.refusals = {"Condition?": answer(an_outcome(text=f"{FAMILY} is confidential"), 403)}
        report = seen(ehr, token=TOKEN, patient_id=PATIENT)
        assert (named(report, "try Condition").light, report.exit_code) == ("red", 1)
        assert FAMILY not in json.dumps(report.as_json())

    def test_a_section_that_can_be_missed_is_amber(self, ehr: Patient) -> None:
        ehr.refusals = {"List?": answer(an_outcome(), 403)}
        report = seen(ehr, token=TOKEN, patient_id=PATIENT)
        assert (named(report, "try List").light, report.exit_code) == ("amber", 0)

    def test_a_simpler_query_is_told(self, ehr: Patient) -> None:
        ehr.refusals = {"_include": answer(an_outcome(), 400)}
        check = named(seen(ehr, token=TOKEN, patient_id=PATIENT), "try MedicationRequest")
        assert (check.light, check.instead) == ("amber", "asks by patient")

    def test_observations_are_tried_by_category_where_the_whole_is_refused(self, ehr: Patient) -> None:
        ehr.refusals = {f"Observation?patient={PATIENT}&_count": answer(an_outcome(), 400)}
        report = seen(ehr, token=TOKEN, patient_id=PATIENT)
        assert named(report, "try Observation laboratory").light is Light.GREEN

    def test_an_unknown_patient_is_red_and_nothing_more_is_tried(self, ehr: Patient) -> None:
        report = seen(ehr, token=TOKEN, patient_id="somebody-else")
        tried = [check for check in report.checks if check.name.startswith("try ")]
        assert [(check.name, check.light) for check in tried] == [("try Patient", "red")]

    def test_a_patient_without_a_token_is_not_tried_on_a_guarded_server(self, ehr: Patient) -> None:
        report = seen(ehr, patient_id=PATIENT)
        assert named(report, "try Patient").light is Light.AMBER
        assert not [path for _, path, _ in ehr.sent if PATIENT in path]

    def test_an_open_server_is_tried_without_a_token(self, ehr: Patient) -> None:
        ehr.guarded = False
        assert named(seen(ehr, patient_id=PATIENT), "try Condition").answer == "0 found"


class TestCare:
    def test_only_get_is_sent_and_the_token_only_to_the_fhir_base(self, ehr: Patient) -> None:
        seen(ehr, token=TOKEN, patient_id=PATIENT)
        assert {method for method, _, _ in ehr.sent} == {"GET"}
        with_token = {path for _, path, authorization in ehr.sent if authorization}
        assert "/fhir/metadata" in with_token
        assert all(path.startswith("/fhir/") and ".well-known" not in path for path in with_token)
        assert ("GET", "/fhir/Condition", None) in ehr.sent

    def test_a_write_never_leaves(self, ehr: Patient) -> None:
        with pytest.raises(RefusedError):
            Watch(ehr.now).send("POST", f"{ehr.iss}/CarePlan", {})
        assert ehr.sent == []

    def test_a_server_cannot_speak_to_the_terminal(self, ehr: Patient) -> None:
        ehr.statement["software"] = {"name": "\x1b[2J\nred"}
        lines = seen(ehr).as_text()
        assert all(line.isprintable() for line in lines)
        assert len(lines) == len(seen(ehr).checks) + 1

    def test_an_address_nobody_answers_at(self) -> None:
        with pytest.raises(Unreachable):
            examine(Ehr("x", NOBODY, "c"), CALLBACK, patience=Patience(now=lambda: NOW))

    def test_a_server_that_is_away_is_still_examined_as_far_as_it_answers(self, ehr: Patient) -> None:
        ehr.config_answer = answer(status=503)
        report = seen(ehr)
        assert (named(report, "discovery").light, named(report, "FHIR version").light) == ("red", "green")

    @pytest.mark.parametrize("url", ["http://ehr.example/fhir", "ehr.example", "https://ehr.example/?a=b"])
    def test_an_address_that_is_not_safe_is_never_asked(self, url: str) -> None:
        with pytest.raises(InputError):
            examine(Ehr("x", url, "c"), CALLBACK)

    def test_a_certificate_that_is_not_trusted_ends_the_examination(self, ehr: Patient) -> None:
        # The server speaks no TLS at all: to the client its certificate is as good as none.
        ehr.iss = ehr.iss.replace("http:", "https:")
        report = seen(ehr)
        assert [(check.name, check.light) for check in report.checks] == [("TLS", "red")]
        assert report.exit_code == 1


class TestCommand:
    @pytest.fixture(autouse=True)
    def home(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("KETPLAN_CONFIG", "KETPLAN_DATABASE_URL", "KETPLAN_SECRET_KEY", "KETPLAN_PUBLIC_URL"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("KETPLAN_HOME", str(tmp_path))
        monkeypatch.setenv("OPERATOR", TOKEN)

    def test_the_sandbox_is_green(self, sandbox: Server) -> None:
        result = ketplan("doctor", f"{sandbox.url}/fhir")
        *lines, verdict = result.stdout.splitlines()
        assert result.exit_code == 0
        assert all(line.startswith("✓ green  ") for line in lines), result.stdout
        assert verdict == f"{len(lines)} green, 0 amber, 0 red. ketplan works with this EHR."

    def test_json_for_a_script(self, sandbox: Server) -> None:
        words = ("--token-env", "OPERATOR", "--patient", "gad-ready", "--json")
        result = ketplan("doctor", f"{sandbox.url}/fhir", *words)
        said = json.loads(result.stdout)
        assert (result.exit_code, said["exit_code"], said["counts"]["red"]) == (0, 0, 0)
        assert set(said["checks"][0]) == {"name", "asked", "answer", "light", "instead"}
        assert "try Condition" in {check["name"] for check in said["checks"]}
        assert "gad-ready" not in result.stdout

    def test_red_ends_with_1_and_says_so(self, ehr: Patient) -> None:
        ehr.config = None
        result = ketplan("doctor", ehr.iss)
        assert result.exit_code == 1
        assert f"{SYMBOLS['red']} red    discovery" in result.stdout
        assert "cannot be used" in result.stdout.splitlines()[-1]

    @pytest.mark.parametrize(
        ("words", "code"),
        [
            (("http://ehr.example/fhir",), 2),
            ((), 2),
            ((NOBODY, "--ehr", "riverside"), 2),
            (("--ehr", "riverside"), 2),
            ((NOBODY, "--token-env", "NOT_THERE"), 2),
            ((NOBODY, "--patient", "a/b"), 2),
            ((NOBODY,), 75),
        ],
    )
    def test_exit_codes_with_one_sentence(self, words: tuple[str, ...], code: int) -> None:
        result = ketplan("doctor", *words)
        assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (code, "", 1)

    def test_an_ehr_of_the_settings_file(
        self, ehr: Patient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        file = tmp_path / "ketplan.toml"
        file.write_text(
            f'[[ehr]]\nname = "own"\niss = "{ehr.iss}"\nclient_id = "c-77"\nscopes = ["openid"]\n'
        )
        monkeypatch.setenv("KETPLAN_CONFIG", str(file))
        assert "client_id=c-77" in ketplan("doctor", "--ehr", "own").stdout
        assert ketplan("scopes", "--ehr", "own").stdout.split() == [
            "openid",
            *["proof", "of", "who", "signs", "in"],
        ]
        assert ketplan("scopes", "--ehr", "other").exit_code == 2


def test_the_command_weighs_what_an_ehr_of_the_settings_refused_and_granted(
    ehr: Patient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "ketplan.toml"
    file.write_text(f'[[ehr]]\nname = "own"\niss = "{ehr.iss}"\nclient_id = "c-77"\n')
    monkeypatch.setenv("KETPLAN_CONFIG", str(file))
    monkeypatch.setenv("KETPLAN_HOME", str(tmp_path / "home"))
    settings = config.from_environment()
    database = open_database(settings.database_url, config.secret_keys(settings))
    ObservedRefusals(database).refused(ehr.iss, "Appointment", "create", 403, datetime.now(UTC))
    database.close()

    def line(said: str, kind: str) -> str:
        return next(row for row in said.splitlines() if f"write {kind} " in row)

    said = ketplan("doctor", "--ehr", "own", "--scope", "user/Appointment.crus user/Procedure.c").stdout
    assert "granted scope yes, observed no" in line(said, "Appointment")
    assert "granted scope yes, observed silent" in line(said, "Procedure")
    assert "granted scope no, observed silent" in line(said, "Goal")
    assert "observed silent" in line(ketplan("doctor", ehr.iss).stdout, "Appointment")


class TestScopes:
    @pytest.mark.parametrize(("v1", "declared"), [(False, frozenset({"permission-v2"})), (True, frozenset())])
    def test_every_scope_that_is_asked_for_has_a_reason(self, v1: bool, declared: frozenset[str]) -> None:
        asked = {scope for inside in (True, False) for scope in scopes.requested(declared, inside).split()}
        asked.add("online_access")
        rows = scopes.reasons(v1)
        assert {scope for scope, _ in rows} == asked
        assert all(reason.strip() for _, reason in rows)
        assert len(rows) == len(asked)

    def test_a_site_s_own_list_is_explained_as_far_as_it_is_known(self) -> None:
        rows = dict(scopes.reasons(override=("user/CarePlan.write", "patient/List.rs", "vendor/special")))
        assert rows == {
            "user/CarePlan.write": "write the signed plan",
            "patient/List.rs": "asserted empty lists",
            "vendor/special": "named in the settings file of the site",
        }

    def test_they_are_printed_in_both_dialects(self) -> None:
        assert "user/CarePlan.crus " in ketplan("scopes").stdout
        assert "user/CarePlan.write " in ketplan("scopes", "--v1").stdout
