"""An EHR in the same process, a browser with its cookies, and the way from a chart into ketplan."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import Headers
from werkzeug.test import TestResponse

from ketplan.ehr.transport import Answer
from ketplan.errors import Temporary
from ketplan.fhir.render import PLAN_STEP_SYSTEM
from ketplan.sandbox.faults import Faults
from ketplan.sandbox.harbor import Harbor

EHR, APP = "http://127.0.0.1:8401", "http://localhost:8400"
ISS = f"{EHR}/fhir"
SIGNER, COORDINATOR, PATIENT_USER = "halvorsen", "nandakumar", "gad-ready"
# A Wednesday, half past ten in New York.
NOW = datetime(2026, 2, 25, 15, 30, tzinfo=UTC)
LID = re.compile(r"/l/([A-Za-z0-9_-]+)/")


class Clock:
    """The time, until a test moves it."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> datetime:
        return self.at

    def pass_(self, **how: float) -> None:
        self.at += timedelta(**how)


class EhrHttp:
    """What `ehr.transport.Http` does, into the pretend EHR's own process. `sent` tells what was asked.

    `down` makes every request fail as if the EHR were away; `stop_after` so many writes it goes down.
    `refused` is the one verb and type that it forbids.
    """

    refused: tuple[str, str] = ("", "")

    def __init__(self, ehr: Flask) -> None:
        self.ehr = ehr
        self.sent: list[tuple[str, str]] = []
        self.down = False
        self.stop_after: int | None = None

    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        *,
        query: Any = None,
        body: bytes | Mapping[str, str] | None = None,
        authorization: str | None = None,
        max_bytes: int | None = None,
    ) -> Answer:
        parts = urlsplit(url)
        self.sent.append((method, parts.path))
        self._count(method)
        if self.down:
            raise Temporary("The connection to the EHR failed.")
        verb, kind = self.refused
        if verb and method == verb and f"/fhir/{kind}" in url:
            return Answer(403, {"Content-Type": "application/fhir+json"}, b"{}")
        asked = [*parse_qsl(parts.query), *(query.items() if isinstance(query, Mapping) else query or ())]
        carried = Headers(dict(headers))
        if authorization:
            carried["Authorization"] = authorization
        answer = self.ehr.test_client().open(
            parts.path, method=method, query_string=urlencode(asked), headers=carried, data=body, base_url=EHR
        )
        return Answer(answer.status_code, answer.headers, answer.data)

    def _count(self, method: str) -> None:
        if self.stop_after is not None and method != "GET":
            self.stop_after -= 1
            self.down = self.down or self.stop_after < 0

    @property
    def written(self) -> list[str]:
        """Types of what was created or changed in the EHR, in order."""
        return [
            path.split("/")[2] for verb, path in self.sent if verb in ("POST", "PUT") and "/fhir/" in path
        ]


class Browser:
    """One browser: its own cookie jar at ketplan, and hands to sign in at the EHR."""

    def __init__(self, app: Flask, ehr: Flask) -> None:
        self.client: FlaskClient = app.test_client()
        self.ehr: FlaskClient = ehr.test_client()
        self.harbor: Harbor = ehr.extensions["harbor"]

    def get(self, url: str) -> TestResponse:
        return self.client.get(url, base_url=APP)

    def post(self, url: str, form: Mapping[str, str] | None = None) -> TestResponse:
        return self.client.post(url, data=dict(form or {}), base_url=APP)

    def to_sign_in(self, patient: str) -> str:
        """From the chart to the address of the EHR's sign-in page."""
        answer = self.get(_path(self.harbor.launch(patient, embedded=False)))
        if answer.location and answer.location.startswith("/launch"):
            answer = self.get(answer.location)
        return str(answer.location)

    def sign_in(self, address: str, user: str = SIGNER, **more: str) -> str:
        """At the sign-in page; gives the address the EHR sends the browser back to."""
        form = dict(parse_qsl(urlsplit(address).query)) | {"user": user, "choice": "allow", **more}
        return _path(str(self.ehr.post("/auth/authorize", data=form, base_url=EHR).location))

    def launch(self, patient: str, user: str = SIGNER) -> str:
        """From the chart into the workspace; gives its path, /l/<lid>/."""
        answer = self.get(self.sign_in(self.to_sign_in(patient), user))
        assert answer.status_code == 303, answer.text
        return str(answer.location)

    def submit(self, page: TestResponse, action: str, **typed: str) -> TestResponse:
        """Fill in and send the form whose address ends in `action`; `finding` picks one of several."""
        wanted = typed.get("finding")
        found = [f for f in Page(page.text).forms if f.action.endswith(action)]
        form = next(f for f in found if wanted is None or f.fields.get("finding") == wanted)
        return self.post(form.action, form.fields | typed)


def _path(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


class Form:
    def __init__(self, action: str) -> None:
        self.action = action
        self.fields: dict[str, str] = {}


class Page(HTMLParser):
    """A page as a browser would see it: its tags with attributes, its forms with what stands in them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.forms: list[Form] = []
        self.text = ""
        self._area = self._select = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        have = {name: value or "" for name, value in attrs}
        self.tags.append((tag, have))
        if tag == "form":
            self.forms.append(Form(have["action"].partition("#")[0]))
        elif tag == "textarea":
            self._area = have["name"]
            self.forms[-1].fields[self._area] = ""
        elif tag == "select":
            self._select = have["name"]
            self.forms[-1].fields[self._select] = ""
        elif tag == "option" and "selected" in have and self.forms:
            self.forms[-1].fields[self._select] = have.get("value", "")
        elif tag == "input" and self.forms:
            chosen = have.get("type") not in ("radio", "checkbox") or "checked" in have
            if "name" in have and chosen:
                self.forms[-1].fields[have["name"]] = have.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        self._area = "" if tag == "textarea" else self._area

    def handle_data(self, data: str) -> None:
        if self._area:
            self.forms[-1].fields[self._area] += data
        self.text += data

    def named(self, *tags: str) -> list[dict[str, str]]:
        return [attributes for tag, attributes in self.tags if tag in tags]


def words(answer: TestResponse) -> str:
    """The page's text with single blanks."""
    return " ".join(Page(answer.text).text.split())


def faults(ehr: Flask, **which: Any) -> Callable[[], None]:
    """Switch faults of the pretend EHR; gives the way back."""
    switch = ehr.extensions["harbor"].faults
    switch.set(Faults(**which))
    return lambda: switch.set(Faults())


def stored(ehr: Flask, kind: str) -> list[dict[str, Any]]:
    """What ketplan has put into the pretend EHR of one type."""
    found = []
    for raw in ehr.extensions["harbor"].store.all(kind):
        named = raw.get("identifier", [])
        systems = [i.get("system") for i in (named if isinstance(named, list) else [named])]
        found += [raw] if PLAN_STEP_SYSTEM in systems else []
    return found


def sign_plan(browser: Browser, patient: str) -> str:
    """A signed and written course; gives the launch's path."""
    path = browser.launch(patient)
    browser.submit(browser.get(f"{path}preview"), "/sign")
    return path
