import pytest

from ketplan.ehr import urls
from ketplan.errors import Fatal, InputError

BASE = "https://ehr.example.org/fhir/R4"


@pytest.mark.parametrize(
    "text",
    [
        "http://ehr.example.org/fhir",
        "ftp://ehr.example.org",
        "file:///etc/passwd",
        "https://user@ehr.example.org/fhir",
        "https://ehr.example.org/fhir?x=1",
        "https://ehr.example.org/fhir#x",
        "https://ehr.example.org:99999/fhir",
        "https://ehr.example.org\\@evil.example",
        "http://127.0.0.1.evil.example/fhir",
        "https:///fhir",
        "ehr.example.org",
        "",
    ],
)
def test_an_address_that_is_not_safe_is_no_fhir_base(text: str) -> None:
    with pytest.raises(InputError):
        urls.fhir_base(text)


@pytest.mark.parametrize(
    "text", ["http://127.0.0.1:8401/fhir/", "http://localhost/fhir", "http://[::1]:80/fhir", BASE + "/"]
)
def test_https_anywhere_and_http_on_this_machine_make_a_base_without_slash(text: str) -> None:
    assert urls.fhir_base(text) == text.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "https://ehr.example.org/fhir/R4",
        "https://ehr.example.org/fhir/R4?_getpages=7",
        "https://EHR.example.org:443/fhir/R4/Patient/1",
    ],
)
def test_addresses_at_or_below_the_base_are_under_it(url: str) -> None:
    assert urls.is_under(BASE, url)


@pytest.mark.parametrize(
    "url",
    [
        "http://ehr.example.org/fhir/R4/Patient",
        "https://ehr.example.org:444/fhir/R4/Patient",
        "https://ehr.example.org.evil.example/fhir/R4",
        "https://evil.example/fhir/R4",
        "https://ehr.example.org/fhir/R40",
        "https://ehr.example.org/fhir",
        "https://ehr.example.org/fhir/R4/../admin",
        "https://ehr.example.org/fhir/R4/%2e%2e/admin",
        "https://ehr.example.org/fhir/R4/%252e%252e/admin",
        "https://ehr.example.org@evil.example/fhir/R4",
        "//ehr.example.org/fhir/R4",
    ],
)
def test_anything_else_is_not(url: str) -> None:
    assert not urls.is_under(BASE, url)


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("Practitioner/7", "Practitioner/7"),
        (f"{BASE}/Practitioner/7", "Practitioner/7"),
        (f"{BASE}/CarePlan/7/_history/2", "CarePlan/7"),
        ("CarePlan/e_long.id-1", "CarePlan/e_long.id-1"),
        ("https://other.example.org/fhir/R4/Practitioner/7", None),
        ("https://ehr.example.org/fhir/R4x/Practitioner/7", None),
        ("urn:uuid:1", None),
        ("#contained", None),
        ("Practitioner/..", None),
        ("Practitioner", None),
        (None, None),
        (7, None),
    ],
)
def test_a_reference_counts_only_on_this_base(text: object, reference: str | None) -> None:
    assert urls.relative_reference(BASE, text) == reference


@pytest.mark.parametrize(
    ("location", "id"),
    [
        ("CarePlan/7", "7"),
        (f"{BASE}/CarePlan/7/_history/1", "7"),
        ("http://another-host/CarePlan/7", "7"),
        (f"{BASE}/Appointment/7", None),
        (f"{BASE}/CarePlan", None),
        (None, None),
    ],
)
def test_the_id_is_taken_from_a_location_whatever_its_host(location: str | None, id: str | None) -> None:
    assert urls.created_id("CarePlan", location) == id


@pytest.mark.parametrize("id", ["..", ".", "a/b", "a b", "", "a?x", "a%2fb"])
def test_no_path_is_built_from_what_is_not_an_id(id: str) -> None:
    with pytest.raises(InputError):
        urls.resource_url(BASE, "Patient", id)


def test_a_next_link_may_be_relative_but_may_not_leave() -> None:
    here = f"{BASE}/Condition?patient=1"
    assert urls.next_page(BASE, here, "?page=2") == f"{BASE}/Condition?page=2"
    assert urls.next_page(BASE, here, f"{BASE}?_getpages=a%20b") == f"{BASE}?_getpages=a%20b"
    for link in ("https://evil.example/fhir/R4?page=2", "//evil.example/fhir/R4", "/admin", "javascript:1"):
        with pytest.raises(Fatal):
            urls.next_page(BASE, here, link)


HOSTS = {
    "ehr.example.org": ["93.184.216.34"],
    "auth.example.org": ["93.184.216.35"],
    "ehr.inner": ["10.1.1.1"],
    "auth.inner": ["10.1.1.2"],
    "metadata": ["169.254.169.254"],
    "rebound.example": ["93.184.216.35", "127.0.0.1"],
}


def resolve(host: str) -> list[str]:
    return HOSTS.get(host, [])


@pytest.mark.parametrize(
    ("iss", "text", "url"),
    [
        (BASE, "auth/token", f"{BASE}/auth/token"),
        (BASE, "/auth/token", "https://ehr.example.org/auth/token"),
        (BASE, "https://auth.example.org/token", "https://auth.example.org/token"),
        ("https://ehr.inner/fhir", "https://auth.inner/token", "https://auth.inner/token"),
        ("http://127.0.0.1:8401/fhir", "http://localhost:8402/token", "http://localhost:8402/token"),
    ],
)
def test_endpoints_an_ehr_may_name(iss: str, text: str, url: str) -> None:
    assert urls.endpoint(iss, text, resolve) == url


@pytest.mark.parametrize(
    ("iss", "text"),
    [
        (BASE, "http://ehr.example.org/token"),
        (BASE, "http://127.0.0.1/token"),
        (BASE, "https://auth.inner/token"),
        (BASE, "https://metadata/latest"),
        (BASE, "https://rebound.example/token"),
        ("https://ehr.inner/fhir", "https://metadata/latest"),
        (BASE, "https://user@auth.example.org/token"),
        ("http://127.0.0.1:8401/fhir", "http://auth.example.org/token"),
        (BASE, "javascript:alert(1)"),
    ],
)
def test_endpoints_an_ehr_may_not_name(iss: str, text: str) -> None:
    with pytest.raises(Fatal):
        urls.endpoint(iss, text, resolve)
