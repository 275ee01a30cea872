"""Changing the secret key: what the former one sealed is opened, sealed anew, and then needs it no more."""

from __future__ import annotations

import pytest

from ketplan.errors import ConfigError
from ketplan.store.audit import AuditEvent, AuditTrail
from ketplan.store.drafts import DraftWorks
from ketplan.store.grants import Grants
from ketplan.store.keys import SigningKeys, StoredKey
from ketplan.store.launches import LiveSessions
from ketplan.store.reseal import reseal
from tests.store.conftest import KEY, MINUTE, NOW, Opener

NEW = "n3Wd-another-synthetic-key-8jHg6FsAq1"


def fill(opened: Opener) -> None:
    database = opened(KEY)
    LiveSessions(database).create("lid-1", "browser-1", {"patient": "p1"}, NOW, NOW + 60 * MINUTE)
    Grants(database).create("lid-1", {"access": "canary-access"})
    SigningKeys(database).add(StoredKey("kid-1", "ES384", {"d": "canary-private"}, NOW, NOW))
    DraftWorks(database).save("https://ehr.example.org", "p1", {"weight": 1}, 0, NOW)
    AuditTrail(database).append(
        AuditEvent("Practitioner/7", "launch", "https://ehr.example.org", "Patient/p1"), NOW
    )


def readable(opened: Opener, *keys: str) -> None:
    database = opened(*keys)
    assert LiveSessions(database).get("lid-1", "browser-1", NOW) == {"patient": "p1"}
    held = Grants(database).load("lid-1")
    assert held is not None
    assert held.payload == {"access": "canary-access"}
    assert SigningKeys(database).all()[0].private == {"d": "canary-private"}
    assert AuditTrail(database).verify()


def test_a_former_key_still_opens_what_it_sealed(opened: Opener) -> None:
    fill(opened)
    readable(opened, NEW, KEY)
    with pytest.raises(ConfigError, match="secret key"):
        opened(NEW)


def test_what_is_sealed_anew_needs_the_former_key_no_more(opened: Opener) -> None:
    fill(opened)
    both = opened(NEW, KEY)
    assert reseal(both) >= 6
    readable(opened, NEW)
    with pytest.raises(ConfigError, match="secret key"):
        opened(KEY)


def test_sealing_anew_twice_or_with_the_same_key_changes_nothing_that_can_be_read(opened: Opener) -> None:
    fill(opened)
    assert reseal(opened(KEY)) == reseal(opened(NEW, KEY))
    readable(opened, NEW)


def test_private_keys_and_tokens_are_not_readable_in_the_tables(opened: Opener) -> None:
    fill(opened)
    with opened(KEY).reading() as connection:
        rows = [
            str(row)
            for table in ("ehr_grant", "signing_key")
            for row in connection.exec_driver_sql(f"SELECT * FROM {table}")
        ]
    assert len(rows) == 2
    assert not any("canary" in row or "lid-1" in row for row in rows)
