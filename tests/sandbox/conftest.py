"""A sandbox with a clock of its own, on a day when the clinic's clock has not changed to summer yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ketplan.sandbox.app import create_app
from ketplan.sandbox.harbor import Harbor
from tests.sandbox.support import BASE, LAUNCH_URL, Clock, Fhir, Like

TODAY = date(2026, 2, 16)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(clock: Clock) -> Flask:
    """Asks for tokens; the operator's token ``all`` may do everything."""
    tokens = {"all": "system/*.cruds", "reader": "user/*.read"}
    return create_app(BASE, today=TODAY, launch_url=LAUNCH_URL, static_tokens=tokens, clock=clock)


@pytest.fixture
def harbor(app: Flask) -> Harbor:
    found: Harbor = app.extensions["harbor"]
    return found


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def fhir(client: FlaskClient) -> Fhir:
    """FHIR requests with the operator's token."""
    return Fhir(client, "all")


@pytest.fixture
def as_token(client: FlaskClient) -> Iterator[Callable[[str], Fhir]]:
    yield lambda token: Fhir(client, token)


@pytest.fixture
def like(clock: Clock) -> Like:
    """FHIR requests with the operator's token, to an EHR like the named one."""

    def made(name: str) -> Fhir:
        app = create_app(
            BASE,
            today=TODAY,
            launch_url=LAUNCH_URL,
            static_tokens={"all": "system/*.cruds"},
            clock=clock,
            like=name,
        )
        return Fhir(app.test_client(), "all")

    return made
