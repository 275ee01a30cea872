"""Every public input is thrown at: nothing answers 500, nothing ends in a traceback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from ketplan import compose, config, workflow
from ketplan.cli import main
from ketplan.ehr import bundles, capabilities, jsontext, launch, outcome, tokens, urls
from ketplan.ehr.discovery import Discovery
from ketplan.ehr.fetch import RawSection
from ketplan.ehr.transport import Answer
from ketplan.errors import KetplanError
from ketplan.fhir.bundle import sections_of
from ketplan.sandbox.patients import CASES
from tests.security.fuzz import BARBS, anything, spoilt, throwing, words
from tests.web.support import APP, EHR, ISS, NOW, Browser, Page

PATIENT = "gad-ready"
TODAY = date(2026, 2, 25)
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH")


# --- requests -----------------------------------------------------------------------------------------------


class Thrown:
    """A launch's browser, and what its forms carry, to be asked with whatever comes."""

    def __init__(self, app: Flask, browser: Browser) -> None:
        self.browser, self.path = browser, browser.launch(PATIENT)
        self.lid = self.path.split("/")[2]
        self.rules = [r for r in app.url_map.iter_rules() if r.endpoint not in ("static", "workspace.end")]
        pages = [
            browser.get(self.path + where).text for where in ("", "preview", "intake", "instruments/phq9")
        ]
        forms = [form for page in pages for form in Page(page).forms]
        self.forms = {form.action.partition("?")[0]: form.fields for form in forms}
        self.fields = sorted(
            {name for fields in self.forms.values() for name in fields} | {"q1", "by", "incomplete"}
        )

    def address(self, rule: Any, filled: Iterator[str]) -> str:
        parts = {name: self.lid if name == "lid" else next(filled) for name in rule.arguments}
        try:
            return str(rule.build(parts)[1])
        except Exception:  # what cannot stand in an address is not asked for
            return self.path


@pytest.fixture
def thrown(app: Flask, browser: Browser) -> Thrown:
    return Thrown(app, browser)


def test_no_request_is_answered_with_500(thrown: Thrown) -> None:
    client = thrown.browser.client

    @throwing(60, 4000)
    @given(st.data())
    def throw(data: st.DataObject) -> None:
        rule = data.draw(st.sampled_from(thrown.rules))
        filled = iter(data.draw(st.lists(words, min_size=4, max_size=4)))
        address = thrown.address(rule, filled)
        method = data.draw(st.sampled_from(METHODS))
        form = dict(thrown.forms.get(address, next(iter(thrown.forms.values()))))
        form |= data.draw(st.dictionaries(st.sampled_from(thrown.fields), words, max_size=4))
        form |= {"patient": PATIENT} if data.draw(st.booleans()) else {}
        query = data.draw(
            st.dictionaries(st.sampled_from(["iss", "launch", "state", "code", "error", "x"]), words)
        )
        headers = data.draw(st.dictionaries(st.sampled_from(HEADERS), HEADER_WORDS, max_size=2))
        sent = {"data": form} if method in ("POST", "PUT", "PATCH") else {}
        answer = client.open(
            address,
            method=method,
            query_string=_encodable(query),
            headers=headers,
            base_url=APP,
            **_clean(sent),
        )
        assert answer.status_code < 500, (method, rule.rule, form, query, headers)
        assert "Traceback" not in answer.text

    throw()


QUERY = ("iss", "launch", "state", "code", "error", "x")
HEADERS = (
    *("Accept", "Accept-Language", "Cookie", "Content-Type", "Host", "X-Forwarded-Host", "Referer", "Range"),
    *("If-None-Match", "If-Modified-Since", "Origin", "Transfer-Encoding", "Content-Length", "Authorization"),
)
HEADER_WORDS = st.sampled_from(
    [
        *(
            "",
            "*/*",
            "x" * 4000,
            "__Host-ketplan=",
            "__Host-ketplan=a;b",
            "bytes=0-999999999999",
            "-1",
            'W/"',
        ),
        *("text/x;;=", "multipart/form-data", f"multipart/form-data; boundary={'b' * 300}", "\xff"),
        "application/json; charset=none",
    ]
)


def _encodable(query: dict[str, str]) -> dict[str, str]:
    return {name: value.encode("utf-8", "replace").decode() for name, value in query.items()}


def _clean(sent: dict[str, Any]) -> dict[str, Any]:
    return {"data": _encodable(sent["data"])} if sent else {}


# --- documents of an EHR ------------------------------------------------------------------------------------

DISCOVERED = {
    "issuer": EHR,
    "authorization_endpoint": f"{EHR}/a",
    "token_endpoint": f"{EHR}/t",
    "jwks_uri": f"{EHR}/k",
    "introspection_endpoint": f"{EHR}/i",
    "revocation_endpoint": f"{EHR}/r",
    "capabilities": ["launch-ehr", "permission-v2"],
    "code_challenge_methods_supported": ["S256"],
    "token_endpoint_auth_methods_supported": ["private_key_jwt"],
    "token_endpoint_auth_signing_alg_values_supported": ["RS384"],
    "scopes_supported": ["openid"],
}
TOKEN = {
    "access_token": "t",
    "token_type": "bearer",
    "expires_in": 300,
    "scope": "openid patient/*.rs",
    "patient": "p",
    "encounter": "e",
    "id_token": "a.b.c",
    "refresh_token": "r",
    "intent": "x",
    "need_patient_banner": True,
    "smart_style_url": f"{EHR}/style",
    "tenant": "t",
    "fhirContext": [{"reference": "CarePlan/1", "role": "launch"}],
}
STATEMENT = {
    "resourceType": "CapabilityStatement",
    "fhirVersion": "4.0.1",
    "software": {"name": "x", "version": "1"},
    "rest": [
        {
            "mode": "server",
            "security": {"extension": [{"url": "x", "extension": [{"url": "token", "valueUri": "y"}]}]},
            "resource": [
                {"type": "Patient", "interaction": [{"code": "read"}], "searchParam": [{"name": "_id"}],
                 "searchInclude": ["*"], "conditionalCreate": True}
            ],
        }
    ],
}  # fmt: skip
SEARCHSET = {
    "resourceType": "Bundle",
    "type": "searchset",
    "link": [{"relation": "next", "url": "x"}],
    "entry": [{"resource": {"resourceType": "Patient", "id": "1"}, "search": {"mode": "match"}}],
}
OUTCOME = {
    "resourceType": "OperationOutcome",
    "issue": [
        {"severity": "error", "code": "x", "details": {"text": "x"}, "diagnostics": "x", "expression": ["x"]}
    ],
}


KEY_SET = {"keys": [{"kty": "RSA", "kid": "1", "n": "AQAB", "e": "AQAB", "use": "sig", "alg": "RS256"}]}


class Says:
    """An Http that answers everything with one document."""

    def __init__(self, body: Any) -> None:
        self.body = body

    def send(self, *_: Any, **__: Any) -> Answer:
        return Answer(
            200, {"Content-Type": "application/json"}, json.dumps(self.body).encode("utf-8", "surrogatepass")
        )


def ours(act: Any) -> None:
    """Whatever goes wrong is one of our errors, its message one sentence."""
    try:
        act()
    except KetplanError as error:
        assert 0 < len(str(error)) < 300
        assert "\n" not in str(error)


@throwing(60, 3000)
@given(spoilt(DISCOVERED))
def test_any_discovery_document(document: Any) -> None:
    discovery = Discovery(Says(document), resolve=lambda _: [])  # type: ignore[arg-type]

    def act() -> None:
        discovery.signer(discovery.endpoints(ISS))

    ours(act)


@throwing(60, 3000)
@given(spoilt(TOKEN))
def test_any_token_answer(document: Any) -> None:
    answer = Says(document).send()
    ours(lambda: tokens.reason(answer))

    def act() -> None:
        body = tokens.accepted(answer)
        if body is not None:
            tokens.read(body, ISS, "openid", NOW)

    ours(act)


@throwing(60, 3000)
@given(
    spoilt({"keys": [{"kty": "RSA", "kid": "1", "n": "AQAB", "e": "AQAB", "use": "sig", "alg": "RS256"}]}),
    words,
)
def test_any_key_set_and_any_id_token(document: Any, token: str) -> None:
    from ketplan.ehr import identity
    from ketplan.ehr.discovery import Signer

    listed = document.get("keys") if isinstance(document, dict) else None
    found = tuple(k for k in listed if isinstance(k, dict)) if isinstance(listed, list) else ()
    identity.usable(found)
    for said in (token, "eyJhbGciOiJSUzI1NiJ9.e30.AA", f"{token}.{token}.{token}"):
        ours(lambda said=said: identity.verify(said, lambda _: Signer(EHR, found), "c", "n", NOW))


@throwing(60, 3000)
@given(spoilt(STATEMENT), spoilt(SEARCHSET), spoilt(OUTCOME))
def test_any_statement_page_or_outcome(statement: Any, page: Any, refusal: Any) -> None:
    ours(lambda: capabilities.parse(statement))
    ours(lambda: bundles.Gathering("Patient").add(page))
    outcome.describe(refusal)
    for status in (200, 404, 418, 500, 599):
        outcome.error_for(status, refusal)


@throwing(80, 5000)
@given(st.binary(max_size=200) | words.map(lambda w: w.encode("utf-8", "surrogatepass")))
def test_any_bytes_for_json(content: bytes) -> None:
    ours(lambda: Answer(200, {"Content-Type": "application/json"}, content).json())
    for deep in (b"[" * 50_000, b'{"a":' * 50_000):
        ours(lambda deep=deep: Answer(200, {}, deep).json())


@throwing(150, 8000)
@given(words, words)
def test_any_address_link_and_reference(one: str, other: str) -> None:
    ours(lambda: urls.endpoint(ISS, one, lambda _: []))
    ours(lambda: urls.next_page(ISS, f"{ISS}/x", one))
    ours(lambda: urls.fhir_base(one))
    ours(lambda: urls.resource_url(ISS, "Patient", one))
    ours(lambda: launch.match_ehr([], [one, other]))
    urls.relative_reference(ISS, one)
    urls.created_id("CarePlan", one)
    assert config.secure_address(f"https://{one}") is None or "@" not in one


# --- a record -----------------------------------------------------------------------------------------------


@cache
def practice() -> workflow.Practice:
    return compose.practice_of(config.Site())


@cache
def chart(patient: str) -> list[dict[str, Any]]:
    case = next(c for c in CASES if c.person.id == patient)
    text = json.dumps(case.resources(TODAY, practice().zone), default=float)
    found: list[dict[str, Any]] = jsontext.loads(text.encode())
    return found


def a_file(patient: str, most: int = 1000) -> dict[str, Any]:
    entries = [{"resource": resource} for resource in chart(patient)[:most]]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def assessed(resources: list[Any], patient: str) -> None:
    """From raw resources to a proposal and its texts, as page and command line make it."""
    from ketplan.cli import report

    kinds: dict[str, list[Any]] = {}
    for resource in resources:
        kind = resource.get("resourceType") if isinstance(resource, dict) else None
        kinds.setdefault(kind if isinstance(kind, str) else "Basic", []).append(resource)
    sections = [RawSection(kind, "found", found) for kind, found in kinds.items()]

    def act() -> None:
        record = workflow.open_record(sections, patient, practice().zone)
        proposal = workflow.propose(
            record,
            server=ISS,
            as_of=TODAY,
            start=date(2026, 3, 2),
            practice=practice(),
            now=NOW,
        )
        proposal.steps()
        report.as_text(proposal)
        json.dumps(report.as_json(proposal), default=str)

    ours(act)


@pytest.mark.parametrize("patient", ["gad-ready", "suicide-risk"])
def test_any_resource_of_a_record(patient: str) -> None:
    whole = chart(patient)

    @throwing(8, 3000)
    @given(st.integers(0, len(whole) - 1).flatmap(lambda n: st.tuples(st.just(n), spoilt(whole[n]))))
    def throw(spoilt_one: tuple[int, Any]) -> None:
        number, resource = spoilt_one
        assessed([*whole[:number], resource, *whole[number + 1 :]], patient)

    throw()


@throwing(20, 2000)
@given(
    spoilt(
        {
            "resourceType": "Bundle",
            "type": "collection",
            "entry": [{"resource": r} for r in chart("gad-ready")[:6]],
        }
    )
)
def test_any_bundle_of_a_file(bundle: Any) -> None:
    ours(lambda: workflow.open_record(sections_of(bundle), None, practice().zone))


# --- settings and command line ------------------------------------------------------------------------------

SETTINGS = {
    "site": {"name": "x", "timezone": "America/New_York", "country": "US", "holidays": ["2026-11-27"],
             "hours": {"monday": "08:00-17:00"}, "signing_roles": ["physician"], "parallel": 4},
    "ehr": [{"name": "a", "iss": "https://ehr.example.org/fhir", "client_id": "c", "scopes": ["openid"],
             "frame_ancestors": ["https://ehr.example.org"], "label": "A"}],
    "house": {"dose_gap_hours": 24},
    "protocol": {"ketamine-iv": {"enabled": True, "mg_per_kg": 0.5, "minutes": 40}},
    "course": {"gad": {"minutes": [60]}},
}  # fmt: skip


@throwing(80, 4000)
@given(spoilt(SETTINGS))
def test_any_settings_file(document: Any) -> None:
    """As TOML would give it: the parser itself is not ours."""
    tables = document if isinstance(document, dict) else {}

    def act() -> None:
        site = config._site(tables.get("site", {}), {k: tables[k] for k in config.CLINICAL if k in tables})
        known = {row.name for row in config.SETTINGS if row.table == "ehr"}
        config.read_ehrs(tables.get("ehr", []), known, {}, "https://ketplan.example.org")
        compose.practice_of(site)

    ours(act)


@throwing(40, 1500)
@given(words)
def test_any_text_as_a_setting(text: str) -> None:
    text = text.encode("utf-8", "replace").decode().replace("\x00", "")  # what an environment can hold
    for name in ("PUBLIC_URL", "SECRET_KEY", "CONFIG", "DATABASE_URL", "HOME"):
        with suppress(KetplanError):
            config.load({"HOME": "/home/x", f"KETPLAN_{name}": text}, "linux")


OPTIONS = (
    *("--as-of", "--start", "--timezone", "--protocol", "--basis", "--patient", "--resolve", "--clinician"),
    *("--from", "--token-env", "--ehr", "--json", "--cbt-only", "--html", "--v1", "--help"),
)
COMMANDS = ("plan", "submit", "doctor", "scopes", "protocols", "settings", "audit verify", "audit export")


def test_any_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KETPLAN_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("KETPLAN_CONFIG", raising=False)
    bundle = tmp_path / "bundle.json"
    entries = [{"resource": r} for r in chart("empty-chart")]
    bundle.write_text(
        json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}, default=float)
    )
    typed = st.sampled_from(
        [*BARBS[:14], *BARBS[24:32], str(bundle), str(tmp_path), "2026-03-02", "a=b", "=", "Practitioner/1"]
    )

    @throwing(60, 1500)
    @given(st.sampled_from(COMMANDS), st.lists(st.tuples(st.sampled_from(OPTIONS), typed), max_size=3), typed)
    def throw(command: str, options: list[tuple[str, str]], argument: str) -> None:
        words_typed = [w.replace("\x00", "") for pair in options for w in pair]
        if "--to" in words_typed or ("--fhir" in words_typed and "https" in " ".join(words_typed)):
            return
        answer = CliRunner().invoke(main, [*command.split(), *words_typed, argument.replace("\x00", "")])
        assert answer.exit_code in (0, 1, 2, 3, 75), answer.output
        assert answer.exception is None or isinstance(answer.exception, SystemExit), answer.exception
        assert "Traceback" not in answer.output
        assert "fault of its own" not in answer.output, (command, words_typed, argument, answer.output)

    throw()


@throwing(150, 6000)
@given(anything)
def test_any_value_shown_or_kept_is_text(value: Any) -> None:
    """What reading makes of any JSON value can be encoded, and so shown and stored."""
    from ketplan.fhir import datatypes

    datatypes.text(value).encode("utf-8")
    datatypes.number(value)
    datatypes.boolean(value)
    datatypes.element(value)
