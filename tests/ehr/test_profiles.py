"""Vendor profiles: files that are read strictly, facts with a witness, and which EHR has which."""

from __future__ import annotations

from pathlib import Path

import pytest

from ketplan.ehr.capabilities import Capabilities
from ketplan.ehr.profiles.choose import chosen, declared
from ketplan.ehr.profiles.load import parse, shipped, with_own
from ketplan.ehr.profiles.model import Confidence, Dialect, Profile
from ketplan.errors import ConfigError

EVERY_EHR = {
    "athenahealth", "canvas", "eclinicalworks", "epic", "generic", "hapi", "meditech", "medplum", "nextgen",
    "openemr", "oracle-health", "smart-launcher", "wso2",
}  # fmt: skip
WITNESS = 'witness = "papers of Acme, 2026"\nconfidence = "high"\n'
ACME = 'name = "acme"\nlabel = "Acme EHR"\n'


def acme(rest: str) -> Profile:
    return parse("acme.toml", ACME + rest)


def test_every_ehr_named_in_the_papers_has_a_file() -> None:
    assert set(shipped()) == EVERY_EHR


def test_the_default_claims_nothing() -> None:
    assert shipped()["generic"] == Profile("generic", "any FHIR R4 server")


@pytest.mark.parametrize("name", sorted(EVERY_EHR))
def test_no_fact_without_a_witness(name: str) -> None:
    profile = shipped()[name]
    facts = [
        *profile.signs,
        *profile.searches,
        *profile.writes,
        *profile.limits,
        *profile.scopes,
        *profile.quirks,
    ]
    assert all(len(fact.witness) > 10 for fact in facts)
    assert all(fact.confidence in Confidence for fact in facts)


@pytest.mark.parametrize("name", sorted(EVERY_EHR))
def test_where_something_is_not_taken_the_clinician_is_told_why(name: str) -> None:
    for write in shipped()[name].writes:
        assert write.why or write.create is not False, write.type


@pytest.mark.parametrize("name", sorted(EVERY_EHR))
def test_a_shape_with_a_condition_is_not_hidden_by_one_without(name: str) -> None:
    plain: set[str] = set()
    for write in shipped()[name].writes:
        assert write.type not in plain
        if not write.when:
            plain.add(write.type)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('colour = "red"\n', "acme.toml: colour is not known"),
        ('[[search]]\ntype = "Goal"\ncolour = 1\n' + WITNESS, r"acme.toml, \[\[search\]\]: colour is not"),
        ('[[quirk]]\nsays = "It is slow."\nconfidence = "high"\n', "witness is missing"),
        ('[[quirk]]\nsays = "It is slow."\nwitness = " "\nconfidence = "high"\n', "witness must be a text"),
        ('[[quirk]]\nsays = "It."\nwitness = "me"\nconfidence = "sure"\n', "must be one of high, medium"),
        ('[quirk]\nsays = "It."\n', "two brackets"),
        ('[[sign]]\npart = "address"\npattern = "("\n' + WITNESS, "no regular expression"),
        ('[[write]]\ntype = "goal"\n' + WITNESS, "goal is no resource type"),
        ('[[write]]\ntype = "Goal"\ncreate = "no"\n' + WITNESS, "must be true or false"),
        ('[[write]]\ntype = "Goal"\nmake = ["magic"]\n' + WITNESS, "make knows no step magic"),
        ('[[write]]\ntype = "Goal"\nonly = "status"\n' + WITNESS, "only must be a list"),
        ('[[write]]\ntype = "Goal"\nfix = ["status"]\n' + WITNESS, "fix must be a table"),
        ('[[search]]\ntype = "Goal"\nqueries = ["patient"]\n' + WITNESS, "must be a query such as"),
        ('[[limit]]\nabout = "page"\nsays = "x"\nvalue = true\n' + WITNESS, "must be a whole number"),
        (2 * ('[[search]]\ntype = "Goal"\n' + WITNESS), "two .*search.* tables are about the same type"),
        ("[[search]\n", "acme.toml is not TOML"),
    ],
)
def test_a_mistake_in_a_file_is_named_with_file_and_key(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        acme(text)


def test_a_file_has_the_name_of_its_profile() -> None:
    with pytest.raises(ConfigError, match="name must be that of the file"):
        parse("other.toml", ACME)
    with pytest.raises(ConfigError, match="label must be a text"):
        parse("acme.toml", 'name = "acme"\n')


@pytest.mark.parametrize(
    ("base", "name"),
    [
        ("https://fhir.epic.com/interconnect-fhir-oauth/api/FHIR/R4", "epic"),
        ("https://fhir-ehr-code.cerner.com/r4/ec2458f2", "oracle-health"),
        ("https://launch.smarthealthit.org/v/r4/sim/WzIs/fhir", "smart-launcher"),
        ("https://harbor.example/apis/default/fhir", "openemr"),
        ("https://greenfield-prod-apis.meditech.com/v2/uscore/R4", "meditech"),
        ("https://fumage-harbor.canvasmedical.com", "canvas"),
        ("https://hapi.fhir.org/baseR4", "hapi"),
        ("https://api.medplum.com/fhir/R4", "medplum"),
        ("https://ehr.example/fhir", "generic"),
        ("https://hapi.fhir.org.ehr.example/baseR4", "generic"),
        ("https://ehr.example/fumage-x.canvasmedical.com/", "generic"),
    ],
)
def test_an_ehr_is_recognised_by_its_address(base: str, name: str) -> None:
    assert chosen(shipped(), base).name == name


@pytest.mark.parametrize(
    ("software", "publisher", "name"),
    [
        ("Epic", "", "epic"),
        ("Epicurus FHIR", "", "generic"),
        ("HAPI FHIR Server", "", "hapi"),
        ("medplum", "Medplum", "medplum"),
        ("", "Cerner", "oracle-health"),
        ("", "athenahealth", "athenahealth"),
        ("Something else", "Somebody", "generic"),
    ],
)
def test_else_by_what_it_says_of_itself(software: str, publisher: str, name: str) -> None:
    found = Capabilities("4.0.1", software, publisher)
    assert chosen(shipped(), "https://ehr.example/fhir", found=found).name == name


def test_the_settings_outrank_what_is_recognised() -> None:
    assert chosen(shipped(), "https://hapi.fhir.org/baseR4", "epic").name == "epic"
    with pytest.raises(ConfigError, match="no vendor profile epik; there is: athenahealth, "):
        chosen(shipped(), "https://hapi.fhir.org/baseR4", "epik")


def test_a_new_ehr_is_a_new_file(tmp_path: Path) -> None:
    sign = '[[sign]]\npart = "address"\npattern = "^acme[.]example/"\n' + WITNESS
    shape = '[[search]]\ntype = "Goal"\nqueries = ["subject={id}&status=active"]\n' + WITNESS
    (tmp_path / "acme.toml").write_text(ACME + sign + shape)
    known = with_own(tmp_path)
    assert set(known) == EVERY_EHR | {"acme"}
    found = chosen(known, "https://acme.example/r4").search("Goal")
    assert found is not None
    assert found.queries == ((("subject", "{id}"), ("status", "active")),)


def test_a_file_of_ones_own_replaces_the_one_of_that_name(tmp_path: Path) -> None:
    (tmp_path / "epic.toml").write_text('name = "epic"\nlabel = "Our Epic"\n')
    assert with_own(tmp_path)["epic"] == Profile("epic", "Our Epic")
    assert shipped()["epic"].label == "Epic"


def test_a_folder_without_profiles_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="KETPLAN_PROFILES: there is no profile file"):
        with_own(tmp_path / "nowhere")


def test_what_a_profile_says_of_a_type() -> None:
    shipping = shipped()
    assert shipping["epic"].takes("CarePlan", "create") is False
    assert shipping["epic"].takes("ServiceRequest", "create") is True
    assert shipping["epic"].takes("Provenance", "create") is None
    assert shipping["nextgen"].takes("Provenance", "create") is False
    assert "not written to" in shipping["nextgen"].why("Provenance")
    assert shipping["openemr"].dialect is Dialect.V1
    assert shipping["hapi"].dialect is Dialect.DECLARED
    assert shipping["oracle-health"].page == 200
    assert shipping["hapi"].page is None


def test_the_dialect_of_scopes_that_is_known_to_work_outweighs_what_is_declared() -> None:
    said = frozenset({"launch-ehr", "permission-v2"})
    openemr = "https://harbor.example/apis/default/fhir"
    assert declared(shipped(), openemr, "", said) == {"launch-ehr"}
    assert declared(shipped(), "https://ehr.example/fhir", "openemr", said) == {"launch-ehr"}
    assert declared(shipped(), "https://api.medplum.com/fhir/R4", "", frozenset()) == {"permission-v2"}
    assert declared(shipped(), "https://ehr.example/fhir", "", said) == said
    assert declared(shipped(), "https://hapi.fhir.org/baseR4", "", said) == said
