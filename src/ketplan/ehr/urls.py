"""Which addresses ketplan may talk to, and how references and addresses relate.

Everything here that came from outside (iss, endpoints, `next` links, Location) is untrusted: an address is
used only when a rule below says so.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote, urljoin, urlsplit

from ketplan.config import is_loopback, secure_address
from ketplan.ehr.peers import Resolve, addresses, may_name
from ketplan.errors import Fatal, InputError

ID = re.compile(r"[A-Za-z0-9._\-]{1,200}")
DEFAULT_PORTS = {"https": 443, "http": 80}


def fhir_base(text: str) -> str:
    """`text` as a FHIR base without its trailing slash; InputError unless https (or http on this machine)."""
    parts = secure_address(text)
    if parts is None or parts.query:
        raise InputError("The FHIR address must start with https:// (http only on this machine).")
    return text.rstrip("/")


def origin(url: str) -> tuple[str, str, int | None]:
    """(scheme, host, port) with the default port filled in."""
    parts = urlsplit(url)
    port = DEFAULT_PORTS.get(parts.scheme) if parts.port is None else parts.port
    return parts.scheme, (parts.hostname or "").lower(), port


def is_under(base: str, url: str) -> bool:
    """Whether `url` has the scheme, host and port of `base` and lies at or below its path.

    Dotted path steps, also percent-encoded ones, are never under anything.
    """
    if secure_address(url) is None or origin(base) != origin(url):
        return False
    path = unquote(unquote(urlsplit(url).path))
    if {".", ".."} & set(re.split(r"[/\\]", path)):
        return False
    root = unquote(urlsplit(base).path).rstrip("/")
    return path == root or path.startswith(root + "/")


def resource_url(base: str, kind: str, id: str | None = None) -> str:
    """`{base}/{kind}[/{id}]`. InputError when `id` is no FHIR id: no path is built from anything else."""
    if id is None:
        return f"{base}/{kind}"
    if not is_id(id):
        raise InputError(f"This is not an id a {kind} can have.")
    return f"{base}/{kind}/{quote(id, safe='')}"


def is_id(text: object) -> bool:
    """FHIR's id, tolerant of the longer ids and underscores of real EHRs."""
    return isinstance(text, str) and ID.fullmatch(text) is not None and not set(text) <= {"."}


def relative_reference(base: str, text: object) -> str | None:
    """`Type/id` when `text` refers to a resource on this base, relative or absolute, versioned or not."""
    if not isinstance(text, str):
        return None
    if ":" in text:
        if not is_under(base, text):
            return None
        text = text[len(base) :].lstrip("/")
    found = re.fullmatch(r"([A-Z][A-Za-z]+)/([^/?#]+)(?:/_history/[^/?#]+)?", text)
    return f"{found[1]}/{found[2]}" if found and is_id(found[2]) else None


def created_id(kind: str, location: str | None) -> str | None:
    """The id in a Location header, whatever host it names. The address itself is never followed."""
    found = re.search(rf"(?:^|/){kind}/([^/?#]+)(?:/_history/[^/?#]+)?/?$", location or "")
    return found[1] if found and is_id(found[1]) else None


def next_page(base: str, here: str, link: str) -> str:
    """The address of the next page, verbatim or resolved against `here`; Fatal when it leaves the base."""
    url = link if ":" in link.split("/")[0] else _joined(here, link)
    if not is_under(base, url):
        raise Fatal("The EHR's link to the next page leads away from the EHR, so it was not followed.")
    return url


def endpoint(iss: str, text: str, resolve: Resolve = addresses) -> str:
    """An endpoint the discovery document of `iss` names, made absolute; EhrError when it must not be used.

    It must be https; http only on this machine and only if `iss` is on this machine too. On another host
    than that of `iss` it must not resolve to an inner address, unless `iss` itself is an inner one.
    """
    url = _joined(iss.rstrip("/") + "/", text)
    parts = secure_address(url)
    home = urlsplit(iss).hostname or ""
    if parts is None or not url.isascii() or (parts.scheme == "http" and not is_loopback(home)):
        raise Fatal("The EHR's discovery document names an endpoint that is not https.")
    host = parts.hostname or ""
    if host != home and not is_loopback(home) and not may_name(host, home, resolve):
        raise Fatal("The EHR's discovery document names an endpoint inside a network it is not part of.")
    return url


def _joined(here: str, link: str) -> str:
    """`link` made absolute; what is no address at all comes back as it is, and no rule lets it through."""
    try:
        return urljoin(here, link)
    except ValueError:
        return link
