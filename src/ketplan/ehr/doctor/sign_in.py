"""Can somebody sign in: transport, discovery, declared SMART abilities, keys, and how a launch will look."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from ketplan.config import Ehr
from ketplan.ehr import identity, launch, urls
from ketplan.ehr.discovery import Discovery, Endpoints
from ketplan.ehr.doctor.report import Check, Light
from ketplan.ehr.doctor.watch import Watch
from ketplan.errors import EhrError

LONGEST_ADDRESS = 1800
# Made for one launch each: what stands in them says nothing and must not be copied about.
RANDOM = ("state", "nonce", "code_challenge", "launch")
SHOWN = ("response_type", "client_id", "redirect_uri", "aud", "code_challenge_method")


class Wanted(NamedTuple):
    """A SMART capability ketplan wants declared, and what it does where it is not."""

    capability: str
    name: str
    instead: str


WANTED = (
    Wanted("launch-ehr", "launch in EHR", "answers such a launch all the same, if the EHR can start one"),
    Wanted(
        "launch-standalone", "launch standalone", "has to be opened from the chart, not by its own address"
    ),
    Wanted(
        "context-ehr-patient",
        "patient context",
        "stops a launch that names no patient and says so; it never guesses",
    ),
    Wanted(
        "sso-openid-connect", "who signs in", "shows the plan; without a proved user nothing can be signed"
    ),
    Wanted(
        "permission-user", "write scopes", "asks for user/ scopes all the same; without them it only reads"
    ),
)
PUBLIC = Wanted(
    "client-public", "client type", "needs a secret from this EHR (client_secret_env in the settings)"
)
SECRET = Wanted(
    "client-confidential-symmetric", "client type", "sends its secret in the Basic header all the same"
)


def transport(watch: Watch, base: str, error: EhrError | None) -> Check:
    """TLS, or plain http on this machine. `error` is what the first contact failed with, if it did."""
    asked = "https with a trusted certificate"
    if not watch.exchanges:
        return Check("TLS", asked, str(error), Light.RED, "sends nothing over such a connection")
    if urlsplit(base).scheme == "https":
        return Check("TLS", asked, "https, certificate trusted", Light.GREEN)
    return Check("TLS", asked, "plain http, on this machine only", Light.GREEN)


def discovered(watch: Watch, base: str, found: Endpoints | EhrError) -> Check:
    asked = "GET .well-known/smart-configuration"
    if isinstance(found, EhrError):
        instead = "cannot be launched here; reading with `ketplan plan --fhir` needs no sign-in page"
        return Check("discovery", asked, str(found), Light.RED, instead)
    if watch.status(f"{base}/.well-known/smart-configuration") == 404:
        instead = "takes the endpoints from the CapabilityStatement, and the older scopes"
        return Check("discovery", asked, "not there (HTTP 404)", Light.AMBER, instead)
    return Check("discovery", asked, "found", Light.GREEN)


def signing_in(ehr: Ehr, found: Endpoints, watch: Watch, redirect_uri: str, now: datetime) -> Iterator[Check]:
    """Everything about the sign-in of an EHR whose endpoints are known."""
    yield _endpoints(found)
    yield _pkce(found)
    yield _issuer(found)
    yield _keys(found, watch)
    yield _dialect(found)
    for wanted in (*WANTED, SECRET if ehr.client_secret else PUBLIC):
        yield _declared(wanted, found)
    for handle in ("(from the EHR)", None):
        yield _preview(ehr, found, handle, redirect_uri, now)


def _endpoints(found: Endpoints) -> Check:
    places = dict.fromkeys(_place(url) for url in (found.authorize, found.token))
    return Check("endpoints", "authorize and token, safe to use", f"at {', '.join(places)}", Light.GREEN)


def _pkce(found: Endpoints) -> Check:
    asked = "code_challenge_methods_supported"
    if found.names_pkce:
        return Check("PKCE", asked, "S256", Light.GREEN)
    return Check("PKCE", asked, "S256 is not declared", Light.AMBER, "sends the S256 challenge all the same")


def _issuer(found: Endpoints) -> Check:
    if found.issuer:
        return Check("issuer", "issuer", _place(found.issuer), Light.GREEN)
    instead = "takes issuer and keys from openid-configuration below the FHIR base"
    return Check("issuer", "issuer", "not declared", Light.AMBER, instead)


def _keys(found: Endpoints, watch: Watch) -> Check:
    asked = f"keys for sign-in tokens ({', '.join(identity.KEY_TYPES)})"
    try:
        published = Discovery(watch, resolve=watch.peers.addresses).signer(found).keys
    except EhrError as error:
        return Check("keys", asked, str(error), Light.RED, "believes no sign-in token it cannot check")
    usable = identity.usable(published)
    words = f"{usable} of {len(published)} can be used"
    if usable:
        return Check("keys", asked, words, Light.GREEN)
    return Check("keys", asked, words, Light.RED, "believes no sign-in token it cannot check")


def _dialect(found: Endpoints) -> Check:
    asked = "permission-v2"
    if "permission-v2" in found.capabilities:
        return Check("scopes", asked, "declared: letters such as .crus", Light.GREEN)
    instead = "asks in the older words .read and .write"
    return Check("scopes", asked, "not declared", Light.AMBER, instead)


def _declared(wanted: Wanted, found: Endpoints) -> Check:
    if wanted.capability in found.capabilities:
        return Check(wanted.name, wanted.capability, "declared", Light.GREEN)
    return Check(wanted.name, wanted.capability, "not declared", Light.AMBER, wanted.instead)


def _preview(ehr: Ehr, found: Endpoints, handle: str | None, redirect_uri: str, now: datetime) -> Check:
    """The parameters of the address a browser will be sent to; the random ones only by name."""
    # The missing declaration is a check of its own; here it would be logged once more.
    certain = replace(found, names_pkce=True)
    _, address = launch.begin(ehr, ehr.iss, handle, certain, redirect_uri, lambda size: "x" * size, now)
    sent = {name: values[-1] for name, values in parse_qs(urlsplit(address).query).items()}
    words = [f"{name}={sent[name]}" for name in SHOWN]
    words += [f"scope=({len(sent['scope'].split())}, see ketplan scopes)"]
    words += [
        f"{name}=(random)" if name != "launch" else f"{name}={handle}" for name in RANDOM if name in sent
    ]
    kind = "EHR" if handle else "standalone"
    asked, answer = f"address of the {kind} launch", f"{len(address)} characters: {', '.join(words)}"
    if len(address) <= LONGEST_ADDRESS:
        return Check("authorize", asked, answer, Light.GREEN)
    instead = "sends it all the same; a gateway may cut it, then list fewer scopes in the settings"
    return Check("authorize", asked, answer, Light.AMBER, instead)


def _place(url: str) -> str:
    """Scheme and host of an address: its path and query may name a tenant."""
    scheme, host, port = urls.origin(url)
    usual = port in (None, urls.DEFAULT_PORTS.get(scheme))
    return f"{scheme}://{host}" if usual else f"{scheme}://{host}:{port}"
