"""An EHR knocks: with its secret it is a hint to look again, without it nobody is there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from ketplan import compose
from ketplan.compose import Services
from ketplan.config import Backend, Client, Ehr, Proof, Settings, Site
from ketplan.ehr.subscription import SCHEME, secret_for, subscribe
from ketplan.errors import LaunchError, NotSupported
from ketplan.nightly import Nightly
from ketplan.sandbox.app import create_app as create_ehr
from ketplan.syncing import Tally
from ketplan.web import create_app
from tests.web.conftest import KEY
from tests.web.support import APP, EHR, ISS, NOW, Clock, EhrHttp

FORMER = "fK3x-9QpT7_vWn5LrB8yHs2JdFg4MaCe6Ub2"
BACKEND = Backend(Client("ketplan-sync", Proof.KEY), ("system/Appointment.rs",))


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    harbor = Ehr("harbor", ISS, "ketplan", backend=BACKEND, hints=True)
    settings = Settings(
        home=tmp_path,
        database_url=f"sqlite:///{tmp_path / 'ketplan.db'}",
        public_url=APP,
        secret_key=KEY,
        older_keys=(FORMER,),
        site=Site(),
        ehrs=(harbor, Ehr("silent", f"{EHR}/other", "ketplan")),
    )
    services = compose.open_services(settings)
    yield services
    services.drafts._database.close()


@pytest.fixture
def client(services: Services, clock: Clock) -> FlaskClient:
    return create_app(services, now=clock).test_client()


def knock(client: FlaskClient, secret: str, name: str = "harbor", **more: Any) -> int:
    headers = {"Authorization": f"{SCHEME}{secret}"} if secret else {}
    return client.post(f"/hooks/{name}", base_url=APP, headers=headers, **more).status_code


def test_with_its_secret_it_is_a_hint_and_nothing_more(client: FlaskClient, services: Services) -> None:
    said = {"resourceType": "Appointment", "id": "a1", "status": "cancelled"}
    assert knock(client, secret_for(KEY, ISS), json=said) == 204
    assert services.hints.take(ISS) and not services.hints.take(ISS)
    assert services.visits.of_server(ISS) == ()


@pytest.mark.parametrize(
    "secret", ["", "guessed", secret_for(KEY, f"{EHR}/other"), secret_for("x" * 40, ISS)]
)
def test_without_it_nobody_is_there(client: FlaskClient, services: Services, secret: str) -> None:
    assert knock(client, secret) == 404
    assert not services.hints.take(ISS)


def test_an_ehr_that_is_not_asked_is_not_heard(client: FlaskClient) -> None:
    assert knock(client, secret_for(KEY, f"{EHR}/other"), "silent") == 404
    assert knock(client, secret_for(KEY, ISS), "nobody") == 404


def test_a_secret_of_the_former_key_still_counts(client: FlaskClient) -> None:
    assert knock(client, secret_for(FORMER, ISS)) == 204


def test_a_storm_of_knocks_writes_once_in_a_while(services: Services) -> None:
    clock = Clock()
    marked = []
    for _ in range(25):
        marked.append(services.hints.mark(ISS, clock()))
        clock.pass_(seconds=1)
    assert marked.count(True) == 3


def test_the_worker_looks_once_at_whom_it_was_told_of(services: Services) -> None:
    asked: list[str] = []

    class Asked(Nightly):
        def sync(self, ehr: Ehr) -> Tally:
            asked.append(ehr.name)
            raise LaunchError("refused")

    nothing: Any = None
    worker = Asked(services, nothing, nothing, nothing, nothing)
    worker.hinted()
    assert asked == []
    services.hints.mark(ISS, NOW)
    worker.hinted()
    worker.hinted()
    assert asked == ["harbor"]


class Offering:
    """An EHR that keeps Subscriptions, or does not say so."""

    def __init__(self, offered: bool = True) -> None:
        self.offered = offered
        self.kept: list[Any] = []

    def capabilities(self) -> Any:
        return self

    def can(self, kind: str, interaction: str) -> bool:
        return self.offered and (kind, interaction) == ("Subscription", "create")

    def search(self, kind: str, params: Any) -> Any:
        self.resources = self.kept
        return self

    def create(self, resource: Any) -> Any:
        self.kept.append({**resource, "id": f"s{len(self.kept) + 1}"})
        self.id = self.kept[-1]["id"]
        return self


def test_subscribed_twice_is_once_and_without_content() -> None:
    ehr: Any = Offering()
    assert [subscribe(ehr, f"{APP}/hooks/harbor", "s3cret") for _ in range(2)] == ["s1", "s1"]
    [kept] = ehr.kept
    assert "payload" not in kept["channel"] and kept["channel"]["type"] == "rest-hook"
    assert kept["channel"]["header"] == ["Authorization: Bearer s3cret"]
    ehr.kept[0] = {**kept, "status": "error"}
    assert subscribe(ehr, f"{APP}/hooks/harbor", "s3cret") == "s2"


def test_an_ehr_without_subscriptions_says_so() -> None:
    ehr: Any = Offering(offered=False)
    with pytest.raises(NotSupported):
        subscribe(ehr, f"{APP}/hooks/harbor", "s3cret")
    pretend: Any = EhrHttp(create_ehr(EHR, today=NOW.date(), open_access=True, patients=[]))
    with pytest.raises(NotSupported):
        subscribe(compose.chart(ISS, None, 1, pretend), f"{APP}/hooks/harbor", "s3cret")
