"""The FHIR client: reads with patience, writes exactly once, and never lets the token off the EHR.

Raw JSON goes in and out, decimals exact. What the EHR refuses becomes one of the errors of `outcome.MEANING`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ketplan.ehr import capabilities, jsontext, outcome, urls
from ketplan.ehr.bundles import Gathering, SearchResult
from ketplan.ehr.patience import Patience
from ketplan.ehr.profiles.load import generic
from ketplan.ehr.statements import Statements
from ketplan.ehr.transport import Answer, Http
from ketplan.errors import EhrError, Fatal, InputError, PagesExpired, Temporary

Json = dict[str, Any]
Params = Sequence[tuple[str, str]]
Renew = Callable[[str], str | None]

FHIR_JSON = "application/fhir+json"
# A search cache (60 s in HAPI) would hide what was written a moment ago.
READ_HEADERS = {"Accept": f"{FHIR_JSON}, application/json;q=0.9", "Cache-Control": "no-cache"}
MAX_PAGES = 200


@dataclass(frozen=True)
class Resource:
    """A resource as it was read. `etag` is to be sent back verbatim; None when the EHR keeps no versions."""

    raw: Json
    etag: str | None = None


@dataclass(frozen=True)
class Written:
    """A write the EHR accepted. `created` is False for an update and for a match of `if_none_exist`."""

    id: str
    etag: str | None
    status: int
    created: bool


class FhirClient:
    """Talks to the one EHR at `base`.

    `token` is asked before each request, so that it may be renewed meanwhile; None for an open server. When
    the EHR refuses one, `renew` is asked once for another, and the request goes out again: a 401 did nothing.
    `parallel` is how many requests a reader may have under way at once, `profile` what is known of this kind
    of EHR, `statements` what EHRs said of themselves: set both before the first request. Safe to use from
    several threads.
    """

    def __init__(
        self,
        base: str,
        token: Callable[[], str | None] | None,
        http: Http,
        parallel: int = 4,
        patience: Patience | None = None,
        renew: Renew | None = None,
    ) -> None:
        self.base = urls.fhir_base(base)
        self.parallel = parallel
        self.profile = generic()
        self.statements = Statements()
        self.patience = patience or Patience()
        self._token, self._renew, self._http = token, renew, http

    def read(self, kind: str, id: str) -> Resource:
        """One resource. Errors are those of `outcome.MEANING`; Fatal when the EHR sends another one."""
        answer, body = self._get(urls.resource_url(self.base, kind, id))
        if not isinstance(body, dict) or (body.get("resourceType"), body.get("id")) != (kind, id):
            raise Fatal("The EHR answered with something other than the resource asked for.", answer.status)
        return Resource(body, _etag(answer, body))

    def search(
        self, kind: str, params: Params, max_pages: int = MAX_PAGES, first: Json | None = None
    ) -> SearchResult:
        """Every page of a search. A page that fails after the first leaves the result incomplete.

        `first` is its first page where that is known already, from a batch. An EHR that has forgotten the
        further pages meanwhile is asked once more from the beginning.
        """
        try:
            return self._pages(kind, params, max_pages, first, begun_again=False)
        except PagesExpired:
            return self._pages(kind, params, max_pages, None, begun_again=True)

    def batch(self, searches: Sequence[str]) -> list[Json | None]:
        """The first page of each search ("Type?name=value"), in one request; None for one that failed.

        Errors as for a search when the EHR refuses the whole; Fatal when the answers do not fit in number.
        """
        entries = [{"request": {"method": "GET", "url": search}} for search in searches]
        bundle = {"resourceType": "Bundle", "type": "batch", "entry": entries}
        _, body = self._write("POST", self.base, bundle, {"Cache-Control": "no-cache"})
        answers = body.get("entry") if isinstance(body, dict) else None
        if not isinstance(answers, list) or len(answers) != len(searches):
            raise Fatal("The EHR's answer to several searches at once does not fit them.")
        return [outcome.found_in(answer) for answer in answers]

    def _pages(
        self, kind: str, params: Params, max_pages: int, first: Json | None, begun_again: bool
    ) -> SearchResult:
        gathering = Gathering(kind)
        body = first if first is not None else self._get(urls.resource_url(self.base, kind), params)[1]
        link = gathering.add(body)
        here, seen = urls.resource_url(self.base, kind), set[str]()
        while link is not None:
            try:
                here = self._step(here, link, seen, max_pages)
                link = gathering.add(self._get(here)[1])
            except EhrError as error:
                if isinstance(error, PagesExpired) and not begun_again:
                    raise
                gathering.stop(str(error))
                break
        return gathering.result()

    def create(self, resource: Json, if_none_exist: str | None = None) -> Written:
        """Create once. `if_none_exist` is a search such as `identifier=system|value`, sent as the condition.

        Never tried again here: Temporary means it is not known whether it was created, so look before you
        repeat it.
        """
        kind = _kind(resource)
        headers = {"If-None-Exist": if_none_exist} if if_none_exist else {}
        answer, body = self._write("POST", urls.resource_url(self.base, kind), resource, headers)
        id = urls.created_id(kind, answer.headers.get("Location")) or _body_id(kind, body)
        if id is None:
            raise Temporary("The EHR did not say what it created; it has to be looked up.", answer.status)
        return Written(id, _etag(answer, body), answer.status, answer.status == 201 or not if_none_exist)

    def update(self, resource: Json, etag: str | None) -> Written:
        """Replace a resource, on condition that its version still is `etag`. Conflict when it is not.

        Temporary means, as for `create`, that it is not known whether it was done.
        """
        kind, id = _kind(resource), resource.get("id")
        url = urls.resource_url(self.base, kind, str(id or ""))
        answer, body = self._write("PUT", url, resource, {"If-Match": etag} if etag else {})
        if body is None and answer.body:  # somebody's page says 200 as well
            raise Temporary("The EHR did not say what it changed; it has to be looked up.", answer.status)
        return Written(str(id), _etag(answer, body), answer.status, answer.status == 201)

    def operate(self, kind: str, id: str, name: str, parameters: Json) -> Json:
        """What an operation on a type, or with `id` on one resource of it, answers; {} for no body.

        Never tried again here: Temporary means, as for `create`, that it is not known whether it was done.
        """
        url = urls.resource_url(self.base, kind, id or None)
        answer, body = self._write("POST", f"{url}/${name}", parameters, {})
        if body is None and answer.body:
            raise Temporary("The EHR did not say what it did; it has to be looked up.", answer.status)
        return body if isinstance(body, dict) else {}

    def capabilities(self) -> capabilities.Capabilities:
        """What the EHR says it offers. NotSupported when it does not speak FHIR R4."""
        return self.statements.of(self.base, self._statement)

    def _statement(self, etag: str | None) -> tuple[capabilities.Capabilities | None, str | None]:
        url = f"{self.base}/metadata"
        headers = {**READ_HEADERS, "If-None-Match": etag} if etag else READ_HEADERS
        answer, body = self._get(url, headers=headers)
        if answer.status == 304:
            return None, etag
        return capabilities.parse(body), answer.headers.get("ETag")

    def _step(self, here: str, link: str, seen: set[str], max_pages: int) -> str:
        url = urls.next_page(self.base, here, link)
        if url in seen:
            raise Fatal("The EHR's pages lead in a circle; reading stopped there.")
        if len(seen) + 1 >= max_pages:
            raise Fatal(f"Reading stopped after {max_pages} pages.")
        seen.add(url)
        return url

    def _get(
        self, url: str, params: Params | None = None, headers: Mapping[str, str] = READ_HEADERS
    ) -> tuple[Answer, Any]:
        answer = self.patience.ask(
            lambda: self._send("GET", url, headers, params=params),
            lambda said: outcome.is_final(_lenient(said)),
        )
        if answer.status == 304 and "If-None-Match" in headers:
            return answer, None
        body = answer.json() if 200 <= answer.status < 300 else _lenient(answer)
        self._require_success(answer, body)
        return answer, body

    def _write(self, method: str, url: str, resource: Json, headers: Mapping[str, str]) -> tuple[Answer, Any]:
        try:
            text = jsontext.dumps(resource)
        except (TypeError, ValueError):
            raise InputError("The resource holds a value JSON cannot hold.") from None
        headers = {"Accept": FHIR_JSON, "Content-Type": FHIR_JSON, **headers}
        answer = self._send(method, url, headers, body=text.encode())
        body = _lenient(answer)
        self._require_success(answer, body)
        return answer, body

    def _require_success(self, answer: Answer, body: Any) -> None:
        error = outcome.error_for(answer.status, body)
        if isinstance(error, Temporary):
            error.retry_after = self.patience.asked(answer)
        if error:
            raise error

    def _send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        params: Params | None = None,
        body: bytes | None = None,
    ) -> Answer:
        if not urls.is_under(self.base, url):
            raise Fatal("An address outside the EHR was about to be asked; it was not.")

        def sent(token: str | None) -> Answer:
            bearer = f"Bearer {token}" if token else None
            return self._http.send(method, url, headers, query=params, body=body, authorization=bearer)

        token = self._token() if self._token else None
        answer = sent(token)
        other = self._renew(token) if answer.status == 401 and self._renew and token else None
        return sent(other) if other else answer


def _lenient(answer: Answer) -> Any:
    """The body where it can be read: an error page or an empty 201 is no reason to fail."""
    try:
        return answer.json()
    except EhrError:
        return None


def _kind(resource: Json) -> str:
    kind = resource.get("resourceType")
    if not isinstance(kind, str) or not (kind.isascii() and kind.isalpha()):
        raise InputError("A resource without a resourceType cannot be sent.")
    return kind


def _body_id(kind: str, body: Any) -> str | None:
    if isinstance(body, dict) and body.get("resourceType") == kind and urls.is_id(body.get("id")):
        return str(body["id"])
    return None


def _etag(answer: Answer, body: Any) -> str | None:
    """The ETag header, else one made from meta.versionId, as FHIR defines it."""
    if tag := answer.headers.get("ETag"):
        return str(tag)
    meta = body.get("meta") if isinstance(body, dict) else None
    version = meta.get("versionId") if isinstance(meta, dict) else None
    return f'W/"{version}"' if isinstance(version, str | int) else None
