"""The command line as a script sees it: exit codes, one sentence on stderr, JSON on stdout."""

import json
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ketplan.cli import main
from ketplan.fhir.r4 import to_json
from ketplan.sandbox.faults import Faults
from ketplan.sandbox.server import Server, serve

# A Monday; New York, whose clocks change inside the course.
TODAY = date(2026, 2, 16)
START = "2026-03-02"


@pytest.fixture(scope="module")
def ehr() -> Server:
    with serve("127.0.0.1", 0, today=TODAY, open_access=True) as server:
        yield server


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("KETPLAN_CONFIG", "KETPLAN_DATABASE_URL", "KETPLAN_SECRET_KEY", "KETPLAN_PUBLIC_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KETPLAN_HOME", str(tmp_path / "home"))
    return tmp_path


def ketplan(*words: object) -> Result:
    return CliRunner().invoke(main, [str(w) for w in words], catch_exceptions=False)


def plan(ehr: Server, patient: str, *more: object) -> Result:
    return ketplan(
        "plan", "--fhir", f"{ehr.url}/fhir", "--patient", patient, "--as-of", TODAY, "--start", START, *more
    )


def submit(ehr: Server, patient: str, *more: object) -> Result:
    return ketplan(
        "submit",
        *("--fhir", f"{ehr.url}/fhir", "--patient", patient, "--as-of", TODAY, "--start", START),
        *("--clinician", "Practitioner/outside-1", *more),
    )


def stored(ehr: Server, kind: str, patient: str) -> list[dict]:
    from ketplan import compose

    client = compose.chart(f"{ehr.url}/fhir", None)
    return client.search(kind, [("patient", patient), ("_count", "200")]).resources


def ours(ehr: Server, kind: str, patient: str) -> list[dict]:
    return [r for r in stored(ehr, kind, patient) if "plan-step" in json.dumps(r.get("identifier", []))]


def trail() -> list[dict]:
    return [json.loads(line) for line in ketplan("audit", "export").stdout.splitlines()]


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def bundle(*resources: dict) -> str:
    return to_json(
        {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": r} for r in resources]}
    )


A_PATIENT = {"resourceType": "Patient", "id": "p1", "gender": "male", "birthDate": "1980-01-01"}


class TestPlan:
    def test_a_ready_patient_from_a_server(self, ehr: Server, home: Path) -> None:
        said = json.loads(plan(ehr, "gad-ready", "--json").stdout)
        assert said["decision"] == "eligible"
        assert said["write_allowed_after_clinician_signature"] is True
        assert said["ketamine"]["protocol"] == "IV6_2PW"
        assert len([v for v in said["schedule"] if v["start"]]) == 27
        kinds = [r["resourceType"] for r in said["resources"]]
        assert {k: kinds.count(k) for k in set(kinds)} == {
            "Goal": 1,
            "CarePlan": 1,
            "ServiceRequest": 3,
            "Appointment": 27,
            "Provenance": 1,
        }

    def test_a_blocked_patient_is_a_result(self, ehr: Server, home: Path) -> None:
        result = plan(ehr, "ketamine-allergy", "--json")
        said = json.loads(result.stdout)
        assert result.exit_code == 0
        assert (said["decision"], said["resources"]) == ("blocked", [])
        assert [f["id"] for f in said["findings"] if f["class"] == "BLOCK"] == ["ALLERGY_KETAMINE"]
        assert all(f["evidence"] for f in said["findings"] if f["class"] == "BLOCK")

    def test_for_human_eyes(self, ehr: Server, home: Path) -> None:
        words = plan(ehr, "gad-ready").stdout
        assert "Eligible" in words
        assert "mg/kg ×" in words
        assert "Infusion 6 of 6" in words

    def test_a_file_and_a_server_agree(self, ehr: Server, home: Path) -> None:
        from ketplan import compose

        sections = compose.read_chart(compose.chart(f"{ehr.url}/fhir", None), "old-weight")
        file = write(home / "b.json", bundle(*(r for s in sections for r in s.resources)))
        from_file = json.loads(ketplan("plan", file, "--as-of", TODAY, "--start", START, "--json").stdout)
        from_server = json.loads(plan(ehr, "old-weight", "--json").stdout)
        for key in ("decision", "ketamine", "cbt", "followups", "session_monitoring"):
            assert from_file[key] == from_server[key]
        assert [f["id"] for f in from_file["findings"]] == [f["id"] for f in from_server["findings"]]

    @pytest.mark.parametrize(
        ("content", "sentence"),
        [
            ("not json", "holds no JSON"),
            ("[1, 2]", "Bundle"),
            ('{"resourceType": "Patient"}', "Bundle"),
            (bundle(), "holds no Patient"),
            (bundle(A_PATIENT, {**A_PATIENT, "id": "p2"}), "patient"),
        ],
    )
    def test_a_file_that_cannot_be_used(self, home: Path, content: str, sentence: str) -> None:
        result = ketplan("plan", write(home / "b.json", content), "--as-of", TODAY, "--start", START)
        assert result.exit_code == 2
        assert sentence in result.stderr
        assert len(result.stderr.strip().splitlines()) == 1

    @pytest.mark.parametrize(
        ("more", "sentence"),
        [
            (("--timezone", "Mars/Olympus"), "zone"),
            (("--start", "2026-02-15"), "before the as-of date"),
            (("--start", "soon"), "date"),
            (("--as-of", "2026-13-01"), "date"),
            (("--protocol", "NOPE"), "no protocol"),
            (("--basis", "guess"), "basis"),
        ],
    )
    def test_options_that_cannot_be_used(self, home: Path, more: tuple, sentence: str) -> None:
        file = write(home / "b.json", bundle(A_PATIENT))
        result = ketplan("plan", file, "--as-of", TODAY, "--start", START, *more)
        assert (result.exit_code, len(result.stderr.strip().splitlines())) == (2, 1)
        assert sentence in result.stderr

    def test_neither_file_nor_server(self, home: Path) -> None:
        assert ketplan("plan").exit_code == 2
        assert ketplan("plan", home / "missing.json").exit_code == 2

    def test_no_such_patient(self, ehr: Server, home: Path) -> None:
        result = plan(ehr, "nobody-here")
        assert (result.exit_code, result.stdout) == (2, "")

    def test_no_server_there_can_be_tried_again(self, home: Path) -> None:
        result = ketplan("plan", "--fhir", "http://127.0.0.1:9", "--patient", "x")
        assert result.exit_code == 75
        assert len(result.stderr.strip().splitlines()) == 1

    def test_plain_http_off_this_machine_is_refused(self, home: Path) -> None:
        assert ketplan("plan", "--fhir", "http://ehr.example.org/fhir", "--patient", "x").exit_code == 2


class TestSubmit:
    def test_writes_once_however_often_it_runs(self, ehr: Server, home: Path) -> None:
        first = submit(ehr, "ptsd-pe", "--yes")
        assert first.exit_code == 0, first.output
        before = {
            k: len(ours(ehr, k, "ptsd-pe")) for k in ("CarePlan", "Appointment", "ServiceRequest", "Goal")
        }
        assert before == {"CarePlan": 1, "Appointment": 19, "ServiceRequest": 3, "Goal": 1}
        second = submit(ehr, "ptsd-pe", "--yes")
        assert second.exit_code == 0
        assert "written " not in second.stdout
        assert before == {k: len(ours(ehr, k, "ptsd-pe")) for k in before}
        [care_plan] = ours(ehr, "CarePlan", "ptsd-pe")
        assert care_plan["status"] == "active"
        assert len(care_plan["activity"]) == 22

    def test_the_trail_tells_who_was_said_to_sign_and_how_it_ended(self, ehr: Server, home: Path) -> None:
        submit(ehr, "gad-ready")
        assert trail() == [], "nothing is noted before --yes"
        assert submit(ehr, "gad-ready", "--yes").exit_code == 0
        assert submit(ehr, "gad-ready", "--yes").exit_code == 0
        rows = trail()
        told = [(row["subtype"][0]["code"], row["outcomeDesc"], row["outcome"]) for row in rows]
        assert told == [
            ("plan-signed", "success", "0"),
            ("plan-written", "written", "0"),
            ("plan-resumed", "written", "0"),
        ]
        for row in rows:
            patient, plan, _ = row["entity"]
            assert row["agent"][0]["who"]["reference"] == f"{ehr.url}/fhir/Practitioner/outside-1"
            assert patient["what"]["reference"] == f"{ehr.url}/fhir/Patient/gad-ready"
            assert plan["detail"][0]["valueString"] == "asserted-on-the-command-line"
        assert len({row["entity"][1]["what"]["identifier"]["value"] for row in rows}) == 1
        assert ketplan("audit", "verify").exit_code == 0

    def test_a_refused_order_is_not_noted_as_signed(self, ehr: Server, home: Path) -> None:
        assert submit(ehr, "empty-chart", "--yes").exit_code == 3
        assert trail() == []

    def test_the_store_may_be_lost(self, ehr: Server, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        assert submit(ehr, "sad-pounds", "--yes").exit_code == 0
        monkeypatch.setenv("KETPLAN_HOME", str(home / "another"))
        again = submit(ehr, "sad-pounds", "--yes")
        assert again.exit_code == 0
        assert len(ours(ehr, "Appointment", "sad-pounds")) == 27
        assert len(ours(ehr, "CarePlan", "sad-pounds")) == 1

    def test_without_yes_nothing_is_written(self, ehr: Server, home: Path) -> None:
        result = submit(ehr, "panic-review")
        assert result.exit_code == 0
        assert "Nothing was written" in result.stdout
        assert ours(ehr, "CarePlan", "panic-review") == []

    @pytest.mark.parametrize("patient", ["pressure-hold", "ketamine-allergy", "empty-chart", "suicide-risk"])
    def test_open_findings_and_blocks_write_nothing(self, ehr: Server, home: Path, patient: str) -> None:
        result = submit(ehr, patient, "--yes")
        assert result.exit_code == 3
        assert len(result.stderr.strip().splitlines()) == 1
        assert [r for k in ("CarePlan", "Appointment", "Goal") for r in ours(ehr, k, patient)] == []

    def test_a_block_cannot_be_resolved(self, ehr: Server, home: Path) -> None:
        assert submit(ehr, "pregnant", "--resolve", "PREGNANCY=no", "--yes").exit_code == 3

    def test_a_resolved_review_is_written_with_its_reason(self, ehr: Server, home: Path) -> None:
        result = submit(
            ehr, "lorazepam", "--resolve", "INTERACTION_BENZODIAZEPINE=Spaced by 12 hours", "--yes"
        )
        assert result.exit_code == 0, result.output
        [care_plan] = ours(ehr, "CarePlan", "lorazepam")
        assert "Spaced by 12 hours" in care_plan["text"]["div"]

    def test_high_suicide_risk_needs_all_five_parts(self, ehr: Server, home: Path) -> None:
        assert submit(ehr, "suicide-risk", "--resolve", "SI_HIGH=seen", "--yes").exit_code == 2

    @pytest.mark.parametrize("who", ["Patient/p1", "Practitioner/", "dr", "RelatedPerson/1"])
    def test_only_a_practitioner_signs(self, ehr: Server, home: Path, who: str) -> None:
        assert submit(ehr, "gad-ready", "--clinician", who, "--yes").exit_code == 3

    def test_after_a_course_has_ended_another_one_of_the_same_date_can_be_written(self, home: Path) -> None:
        from ketplan import compose, config
        from ketplan.store.plans import PlanState

        with serve("127.0.0.1", 0, today=TODAY, open_access=True) as server:
            assert submit(server, "gad-ready", "--yes").exit_code == 0
            [first] = ours(server, "CarePlan", "gad-ready")
            compose.chart(f"{server.url}/fhir", None).update({**first, "status": "revoked"}, None)
            services = compose.open_services(config.from_environment())
            [kept] = services.plans.list()
            services.plans.move(kept.plan_id, PlanState.ENDED, compose.utc_now())
            assert submit(server, "gad-ready", "--yes").exit_code == 0
            assert sorted(p["status"] for p in ours(server, "CarePlan", "gad-ready")) == ["active", "revoked"]

    def test_a_second_course_is_refused(self, ehr: Server, home: Path) -> None:
        assert submit(ehr, "old-weight", "--resolve", "WEIGHT_STALE_91_365D=weighed", "--yes").exit_code == 0
        other = submit(
            ehr, "old-weight", "--start", "2026-03-09", "--resolve", "WEIGHT_STALE_91_365D=weighed", "--yes"
        )
        assert other.exit_code == 3

    def test_therapy_alone_for_a_blocked_patient(self, ehr: Server, home: Path) -> None:
        result = submit(ehr, "ketamine-allergy", "--cbt-only", "--yes")
        assert result.exit_code == 0, result.output
        titles = json.dumps(ours(ehr, "ServiceRequest", "ketamine-allergy"))
        assert "ketamine" not in titles.lower().replace("ketamine-allergy", "")


class TestFaults:
    def test_lost_answers_are_recovered_within_the_run(self, home: Path) -> None:
        with serve(
            "127.0.0.1", 0, today=TODAY, open_access=True, faults=Faults(drop_every_nth_create=3)
        ) as server:
            result = submit(server, "gad-ready", "--yes")
            assert result.exit_code == 0, result.output
            assert len(ours(server, "Appointment", "gad-ready")) == 27

    def test_a_refused_care_plan_leaves_nothing_that_points_to_it(self, home: Path) -> None:
        with serve(
            "127.0.0.1", 0, today=TODAY, open_access=True, faults=Faults(refuse_care_plan_writes=True)
        ) as server:
            result = submit(server, "gad-ready", "--yes")
            assert result.exit_code != 0
            assert "refused" in result.stdout
            assert ours(server, "Appointment", "gad-ready") == []

    def test_what_is_not_taken_goes_down_the_ladder_where_that_is_wished(self, home: Path) -> None:
        with serve(
            "127.0.0.1", 0, today=TODAY, open_access=True, faults=Faults(refuse_care_plan_writes=True)
        ) as server:
            result = submit(server, "gad-ready", "--yes", "--below", "if-needed")
            assert result.exit_code == 0, result.output
            assert "Not taken: CarePlan care-plan." in result.stdout
            assert len(ours(server, "Appointment", "gad-ready")) == 27
            (note,) = ours(server, "DocumentReference", "gad-ready")
            assert f"can be read in DocumentReference/{note['id']}." in result.stdout
            again = submit(server, "gad-ready", "--yes", "--below", "if-needed")
            assert again.exit_code == 0
            assert len(ours(server, "DocumentReference", "gad-ready")) == 1

    def test_the_preview_says_what_an_ehr_does_not_take_and_where_it_would_stand(self, home: Path) -> None:
        with serve("127.0.0.1", 0, today=TODAY, open_access=True, like="epic") as server:
            shown = submit(server, "gad-ready", "--below", "if-needed").stdout
            assert "[not taken: in a message to who signs; to be booked by hand]" in shown
            assert "[not taken: in the note]" in shown
            bare = submit(server, "gad-ready").stdout
            assert "[not taken: only here]" in bare and "note" not in bare

    def test_a_backup_put_back_on_another_machine_goes_on_where_it_was(
        self, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Half of a plan stands; the machine is lost; its backup and its key go on from there by command."""
        with serve("127.0.0.1", 0, today=TODAY, open_access=True) as server:
            server.harbor.faults.add("503 on=create after=9")
            assert submit(server, "gad-ready", "--yes").exit_code == 75
            half = len(ours(server, "Appointment", "gad-ready"))
            assert 0 < half < 27
            assert ketplan("backup", home / "copy.db").exit_code == 0
            another = home / "another-machine"
            another.mkdir()
            (home / "copy.db").rename(another / "ketplan.db")
            (home / "home" / "secret.key").rename(another / "secret.key")
            monkeypatch.setenv("KETPLAN_HOME", str(another))
            server.harbor.faults.clear()
            listed = ketplan("runs")
            assert "incomplete" in listed.stdout, listed.output
            result = submit(server, "gad-ready", "--yes")
            assert result.exit_code == 0, result.output
            assert result.stdout.count("already_there") >= half
            assert len(ours(server, "Appointment", "gad-ready")) == 27
            assert len(ours(server, "CarePlan", "gad-ready")) == 1

    def test_killed_in_the_middle_and_run_again(self, home: Path) -> None:
        """The process is killed once something stands and not everything does; the next run completes it."""
        with serve("127.0.0.1", 0, today=TODAY, open_access=True, faults=Faults(slow_ms=5)) as server:
            command = [sys.executable, "-m", "ketplan", "submit", "--fhir", f"{server.url}/fhir"]
            command += ["--patient", "gad-ready", "--as-of", str(TODAY), "--start", START]
            command += ["--clinician", "Practitioner/outside-1", "--yes"]
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            deadline = time.monotonic() + 60
            while len(ours(server, "Appointment", "gad-ready")) < 3 and time.monotonic() < deadline:
                assert process.poll() is None
            process.kill()
            process.wait()
            assert 3 <= len(ours(server, "Appointment", "gad-ready")) < 27
            assert submit(server, "gad-ready", "--yes").exit_code == 0
            keys = [r["identifier"][0]["value"] for r in ours(server, "Appointment", "gad-ready")]
            assert len(keys) == len(set(keys)) == 27


def test_the_library_is_printed() -> None:
    words = ketplan("protocols").stdout
    for id in ("IV6_2PW", "ESK_LABEL", "CBT_GAD_14", "OST_PHOBIA_4_WITH_K", "Abdallah 2022", "Bloch 2012"):
        assert id in words


def test_settings_are_documented() -> None:
    words = ketplan("settings").stdout
    for name in ("KETPLAN_HOME", "KETPLAN_DATABASE_URL", "KETPLAN_CONFIG"):
        assert name in words


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from ketplan.cli import main\n"
        "heavy = {'flask', 'requests', 'sqlalchemy', 'fhir', 'pydantic', 'joserfc'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


class TestReconcile:
    def test_same_and_then_different(self, ehr: Server, home: Path) -> None:
        assert submit(ehr, "ocd-erp", "--yes").exit_code == 0
        about = ("reconcile", "--fhir", f"{ehr.url}/fhir", "--patient", "ocd-erp")
        same = ketplan(*about)
        assert (same.exit_code, "as written" in same.stdout) == (0, True)
        raw = ours(ehr, "Appointment", "ocd-erp")[0]
        ehr.harbor.store.replace({**raw, "status": "cancelled"}, raw["id"])
        changed = ketplan(*about, "--json")
        assert changed.exit_code == 1
        [told] = json.loads(changed.stdout)
        [found] = told["found"]
        assert (found["reference"], found["kind"]) == (f"Appointment/{raw['id']}", "cancelled there")
        assert found["elements"] == ["status"]
        by_id = ketplan("reconcile", told["plan"])
        assert (by_id.exit_code, "cancelled there: status" in by_id.stdout) == (1, True)

    def test_an_ehr_that_cannot_be_looked_at(self, home: Path) -> None:
        from ketplan import compose, config

        services = compose.open_services(config.from_environment())
        services.plans.save("p", "http://127.0.0.1:9/fhir", "x", 1, {"steps": []}, compose.utc_now())
        result = ketplan("reconcile", "p")
        assert (result.exit_code, "could not be looked at" in result.stdout) == (75, True)

    def test_what_is_not_there_or_not_said(self, home: Path) -> None:
        assert ketplan("reconcile", "no-such-plan").exit_code == 2
        assert ketplan("reconcile").exit_code == 2
