"""ketplan's own keys: published before they sign, gone only when nothing they signed is under way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from joserfc import jwt
from joserfc.jwk import KeySet

from ketplan.cli import main
from ketplan.ehr import keys
from ketplan.errors import InputError, RefusedError
from ketplan.keyring import LAG, LEAD, Keyring
from ketplan.store.database import Database, open_database
from ketplan.store.keys import SigningKeys

KEY = "0wX3-a-synthetic-test-key-9vQ7zL2m"
NOW = datetime(2026, 3, 7, 16, 30, tzinfo=ZoneInfo("America/New_York"))
TOKEN_URL = "https://ehr.example.org/token"


class Clock:
    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture(autouse=True)
def small_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Large RSA keys take a second each to make."""
    monkeypatch.setattr(keys, "RSA_BITS", 2048)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{tmp_path / 'ketplan.db'}", [KEY])
    yield opened
    opened.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ring(database: Database, clock: Clock) -> Keyring:
    numbers = count()
    made = Keyring(SigningKeys(database), clock, lambda: f"jti-{next(numbers)}")
    made.ensure()
    return made


def kids(ring: Keyring) -> list[str]:
    return [key["kid"] for key in ring.published()["keys"]]


def decoded(ring: Keyring, algorithm: str = "ES384") -> jwt.Token:
    """An assertion as an EHR reads it that has fetched the published keys."""
    published: Any = ring.published()
    signed = ring.sign("web", TOKEN_URL, algorithm)
    return jwt.decode(signed, KeySet.import_key_set(published), algorithms=[algorithm])


def signed_by(ring: Keyring, algorithm: str = "ES384") -> str:
    return str(decoded(ring, algorithm).header["kid"])


def doing(ring: Keyring, algorithm: str = "ES384") -> list[str]:
    return sorted(what for key, what in ring.rows() if key.algorithm == algorithm)


@pytest.mark.parametrize("algorithm", ["RS384", "ES384"])
def test_an_assertion_says_what_smart_asks_and_no_more(ring: Keyring, algorithm: str) -> None:
    token = decoded(ring, algorithm)
    assert token.header == {"typ": "JWT", "alg": algorithm, "kid": token.header["kid"]}
    assert token.claims == {
        "iss": "web",
        "sub": "web",
        "aud": TOKEN_URL,
        "jti": "jti-0",
        "exp": int(NOW.timestamp()) + 120,
    }


def test_no_two_assertions_share_a_jti(ring: Keyring) -> None:
    assert len({decoded(ring).claims["jti"] for _ in range(5)}) == 5


def test_what_is_published_is_public_and_of_both_kinds(ring: Keyring) -> None:
    published = ring.published()["keys"]
    assert sorted((key["kty"], key["alg"], key["use"]) for key in published) == [
        ("EC", "ES384", "sig"),
        ("RSA", "RS384", "sig"),
    ]
    private = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
    assert not any(private & key.keys() for key in published)
    assert all(key["kid"] for key in published)


def test_the_first_keys_are_made_once(ring: Keyring) -> None:
    before = kids(ring)
    ring.ensure()
    assert kids(ring) == before


def test_a_new_key_is_published_a_day_before_it_signs(ring: Keyring, clock: Clock) -> None:
    old = signed_by(ring)
    ring.rotate()
    assert len(kids(ring)) == 4
    clock.at += LEAD - timedelta(seconds=1)
    assert signed_by(ring) == old
    assert doing(ring) == ["signing", "waiting"]
    clock.at += timedelta(seconds=1)
    new = signed_by(ring)
    assert new != old
    assert old in kids(ring)
    assert doing(ring) == ["replaced", "signing"]


def test_a_key_goes_only_when_what_it_signed_has_run_out(ring: Keyring, clock: Clock) -> None:
    old = signed_by(ring)
    with pytest.raises(RefusedError, match="rotate first"):
        ring.retire(old)
    ring.rotate()
    clock.at += LEAD + LAG - timedelta(seconds=1)
    with pytest.raises(RefusedError):
        ring.retire(old)
    clock.at += timedelta(seconds=1)
    ring.retire(old)
    assert old not in kids(ring)
    assert signed_by(ring) in kids(ring)


def test_a_compromised_key_goes_at_once_and_its_heir_signs(ring: Keyring) -> None:
    old = signed_by(ring)
    ring.retire(old, compromised=True)
    first = signed_by(ring)
    ring.rotate()
    ring.retire(first, compromised=True)
    second = signed_by(ring)
    assert len({old, first, second}) == 3
    assert not {old, first} & set(kids(ring))


def test_a_key_that_only_waits_may_go(ring: Keyring) -> None:
    signing = signed_by(ring)
    waiting = [key.kid for key in ring.rotate() if key.algorithm == "ES384"]
    ring.retire(waiting[0])
    assert signed_by(ring) == signing


def test_an_unknown_key_is_said_to_be_unknown(ring: Keyring) -> None:
    with pytest.raises(InputError):
        ring.retire("nobody's")


@pytest.mark.parametrize(
    ("wanted", "declared", "algorithm"),
    [
        (None, (), "RS384"),
        (None, ("RS384", "ES384"), "RS384"),
        (None, ("ES384",), "ES384"),
        (None, ("PS512",), "RS384"),
        ("ES384", ("RS384",), "ES384"),
    ],
)
def test_the_setting_decides_the_algorithm_and_then_the_ehr(
    wanted: str | None, declared: tuple[str, ...], algorithm: str
) -> None:
    assert keys.chosen(wanted, declared) == algorithm


class TestCommand:
    @pytest.fixture(autouse=True)
    def home(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("KETPLAN_HOME", str(tmp_path / "home"))
        monkeypatch.setenv("KETPLAN_SECRET_KEY", KEY)

    def run(self, *words: str, code: int = 0) -> str:
        result = CliRunner().invoke(main, ["keys", *words])
        assert result.exit_code == code, result.output
        return result.output

    def test_rotate_list_and_retire(self) -> None:
        assert "no keys yet" in self.run("list")
        first = [line.split()[0] for line in self.run("rotate", "--at-once").splitlines()]
        listed = self.run("list")
        assert all(kid in listed for kid in first)
        assert listed.count("signing") == 2
        self.run("rotate")
        assert self.run("list").count("waiting") == 2
        self.run("retire", first[0], code=3)
        self.run("retire", first[0], "--compromised")
        assert first[0] not in self.run("list")

    def test_reseal_lets_the_former_secret_key_go(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.run("rotate", "--at-once")
        monkeypatch.setenv("KETPLAN_SECRET_KEY", "n3Wd-another-synthetic-key-8jHg6FsAq1")
        self.run("list", code=2)
        monkeypatch.setenv("KETPLAN_OLD_SECRET_KEYS", KEY)
        assert "sealed with the present key" in self.run("reseal")
        monkeypatch.delenv("KETPLAN_OLD_SECRET_KEYS")
        assert self.run("list").count("signing") == 2

    def test_nothing_private_is_printed(self) -> None:
        said = self.run("rotate", "--at-once") + self.run("list")
        assert '"d"' not in said
        assert "PRIVATE" not in json.dumps(said)
