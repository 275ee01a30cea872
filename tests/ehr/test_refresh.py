"""One caller renews a launch's token; whoever else needs it waits and gets the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from ketplan.ehr.launch import Grant
from ketplan.ehr.refresh import LOOK_EVERY, WAIT_SECONDS, YOUNG, Renewals, Tokens
from ketplan.ehr.tokens import TokenAnswer
from ketplan.errors import Fatal, SignInEnded, Temporary
from tests.ehr.builders import NOW

ISS, HOUR = "https://ehr.example.org/fhir", timedelta(hours=1)


def a_grant(**more: Any) -> Grant:
    known = {
        "iss": ISS,
        "ehr": "general",
        "patient": "pat-1",
        "encounter": None,
        "access_token": "access-0",
        "expires_at": NOW + HOUR,
        "scope": "patient/*.rs",
        "refresh_token": "refresh-0",
    }
    return Grant(**{**known, **more})


def an_answer(number: int, at: datetime, **more: Any) -> TokenAnswer:
    known: dict[str, Any] = dict.fromkeys(TokenAnswer.__dataclass_fields__) | {
        "access_token": f"access-{number}",
        "refresh_token": f"refresh-{number}",
        "expires_at": at + HOUR,
        "scope": "patient/*.rs",
    }
    return TokenAnswer(**{**known, **more})


@dataclass(frozen=True)
class Row:
    payload: dict[str, Any]
    generation: int = 0
    ended: str = ""


class Store:
    """A keeper in memory that writes down what happens to it; `locked` is another process at work."""

    def __init__(self, grant: Grant) -> None:
        self.rows = {"lid-1": Row(Tokens.of(grant, NOW).payload())}
        self.log: list[str] = []
        self.locked = False
        self.meanwhile: Callable[[], None] | None = None

    def load(self, lid: str) -> Row | None:
        return self.rows.get(lid)

    def replace(self, lid: str, generation: int, payload: Any) -> bool:
        if self.rows[lid].generation != generation:
            return False
        self.log.append("stored")
        self.rows[lid] = Row(dict(payload), generation + 1)
        return True

    def end(self, lid: str, generation: int, why: str) -> None:
        self.rows[lid] = replace(self.rows[lid], payload={}, ended=why)

    def lock(self, lid: str, owner: str, now: datetime, lease_seconds: float) -> bool:
        if not self.locked:
            self.log.append("locked")
            if self.meanwhile:
                self.meanwhile()
        return not self.locked

    def unlock(self, lid: str, owner: str) -> None:
        self.log.append("unlocked")


class Ehr:
    """An authorization server that answers with the next number, or as it is told."""

    def __init__(self, store: Store) -> None:
        self.store, self.sent = store, list[str]()
        self.error: Exception | None = None
        self.more: dict[str, Any] = {}

    def refresh(self, refresh_token: str, scope: str, now: datetime) -> TokenAnswer:
        self.store.log.append("sent")
        self.sent.append(refresh_token)
        if self.error:
            raise self.error
        return an_answer(len(self.sent), now, **self.more)


class World:
    def __init__(self, **grant: Any) -> None:
        self.at = NOW
        self.store = Store(a_grant(**grant))
        self.ehr = Ehr(self.store)
        self.waits: list[float] = []
        self.on_wait: Callable[[], None] = lambda: None
        self.renewals = Renewals(
            self.store,
            lambda name, iss: self.ehr,  # type: ignore[arg-type, return-value]
            lambda: self.at,
            lambda: "owner",
            self.sleep,
        )

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.on_wait()

    @property
    def token(self) -> str:
        return self.renewals.supplier("lid-1")()

    def instead_of(self, refused: str) -> str | None:
        return self.renewals.supplier("lid-1").renew(refused)


def test_a_token_that_serves_is_used_as_it_is() -> None:
    world = World()
    world.at += HOUR - timedelta(seconds=61)
    assert world.token == "access-0"
    assert world.store.log == []


def test_a_minute_before_its_end_it_is_renewed_and_kept_before_anybody_has_it() -> None:
    world = World()
    world.at += HOUR - timedelta(seconds=60)
    assert world.token == "access-1"
    assert world.store.log == ["locked", "sent", "stored", "unlocked"]
    assert world.token == "access-1"
    assert world.ehr.sent == ["refresh-0"]


def test_each_refresh_token_is_sent_once() -> None:
    world = World()
    for number in (1, 2, 3):
        world.at += HOUR
        assert world.token == f"access-{number}"
    assert world.ehr.sent == ["refresh-0", "refresh-1", "refresh-2"]


def test_one_that_does_not_rotate_is_kept() -> None:
    world = World()
    world.ehr.more = {"refresh_token": None}
    for _ in range(2):
        world.at += HOUR
        assert world.token
    assert world.ehr.sent == ["refresh-0", "refresh-0"]


@pytest.mark.parametrize(("after", "token"), [(1, "access-0"), (2, "access-1")])
def test_a_short_life_is_renewed_in_its_second_half(after: int, token: str) -> None:
    world = World(expires_at=NOW + timedelta(seconds=4))
    world.at += timedelta(seconds=after)
    assert world.token == token


def test_without_a_refresh_token_it_serves_to_its_very_end() -> None:
    world = World(refresh_token=None)
    world.at += HOUR - timedelta(seconds=1)
    assert world.token == "access-0"
    world.at += timedelta(seconds=1)
    with pytest.raises(SignInEnded, match="launch ketplan again"):
        _ = world.token
    assert world.ehr.sent == []


def test_a_refusal_ends_the_grant_and_nothing_more_is_sent() -> None:
    world = World()
    world.at += HOUR
    world.ehr.error = SignInEnded("The EHR has ended this sign-in; launch ketplan again from the chart.")
    for _ in range(3):
        with pytest.raises(SignInEnded):
            _ = world.token
    assert world.ehr.sent == ["refresh-0"]
    assert world.store.rows["lid-1"].payload == {}


def test_a_session_that_is_gone_has_no_token() -> None:
    with pytest.raises(SignInEnded):
        World().renewals.current("lid-9")


@pytest.mark.parametrize("error", [Temporary("later"), Fatal("certificate")])
def test_an_ehr_that_does_not_answer_leaves_the_token_that_still_serves(error: Exception) -> None:
    world = World()
    world.ehr.error = error
    world.at += HOUR - timedelta(seconds=30)
    assert world.token == "access-0"
    world.at += timedelta(seconds=30)
    with pytest.raises(type(error)):
        _ = world.token
    world.ehr.error = None
    assert world.token == "access-3"


def test_an_answer_for_another_patient_is_not_used() -> None:
    world = World()
    world.at += HOUR
    world.ehr.more = {"patient": "pat-2"}
    with pytest.raises(SignInEnded):
        _ = world.token
    assert world.store.rows["lid-1"].ended


def test_who_comes_second_takes_what_the_first_one_got() -> None:
    world = World()
    world.at += HOUR
    faster = replace(Tokens.of(a_grant(), world.at), access="access-theirs", expires=world.at + HOUR)
    world.store.meanwhile = lambda: world.store.rows.update({"lid-1": Row(faster.payload(), 1)})
    assert world.token == "access-theirs"
    assert world.ehr.sent == []


def test_while_another_process_is_at_it_one_waits_and_takes_its_token() -> None:
    world = World()
    world.at += HOUR
    world.store.locked = True
    theirs = Row(Tokens.of(a_grant(access_token="access-theirs"), world.at).payload(), 1)

    def done() -> None:
        if len(world.waits) == 3:
            world.store.rows["lid-1"] = theirs

    world.on_wait = done
    assert world.token == "access-theirs"
    assert world.waits == [LOOK_EVERY] * 3


def test_nobody_waits_for_ever() -> None:
    world = World()
    world.at += HOUR
    world.store.locked = True
    with pytest.raises(Temporary, match="being renewed"):
        _ = world.token
    assert sum(world.waits) == pytest.approx(WAIT_SECONDS)
    world.store.locked = False
    assert world.token == "access-1"


def test_what_could_not_be_kept_is_not_used() -> None:
    world = World()
    world.at += HOUR
    world.ehr.error = None
    world.store.replace = lambda *_: False  # type: ignore[method-assign]
    with pytest.raises(Temporary):
        _ = world.token


class TestRefused:
    """The EHR answered 401 to a token that should have served."""

    def test_another_one_is_fetched_once(self) -> None:
        world = World()
        world.at += YOUNG
        assert world.instead_of("access-0") == "access-1"
        assert world.ehr.sent == ["refresh-0"]

    def test_who_is_late_gets_the_one_that_was_fetched(self) -> None:
        world = World()
        world.at += YOUNG
        world.instead_of("access-0")
        assert world.instead_of("access-0") == "access-1"
        assert len(world.ehr.sent) == 1

    def test_one_that_has_just_been_issued_is_not_helped_by_another(self) -> None:
        world = World()
        assert world.instead_of("access-0") is None
        world.at += YOUNG
        assert world.instead_of("access-0") == "access-1"
        assert world.instead_of("access-1") is None

    def test_without_a_refresh_token_there_is_no_other(self) -> None:
        world = World(refresh_token=None)
        world.at += YOUNG
        assert world.instead_of("access-0") is None

    def test_an_ehr_that_does_not_answer_gives_no_other(self) -> None:
        world = World()
        world.at += YOUNG
        world.ehr.error = Temporary("later")
        assert world.instead_of("access-0") is None


def test_tokens_are_in_no_repr() -> None:
    tokens = Tokens.of(a_grant(access_token="canary-access", refresh_token="canary-refresh"), NOW)
    assert "canary" not in repr(tokens) + repr(World().renewals.supplier("canary-lid"))
    assert Tokens.read(tokens.payload()) == tokens
