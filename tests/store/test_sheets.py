"""Session sheets in progress."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ketplan.errors import RefusedError
from ketplan.store.database import Database
from ketplan.store.sheets import SheetKey, Sheets
from tests.store.conftest import NOW, Opener

KEY = SheetKey("https://ehr.example.org/fhir", "p1", "plan-1", "infusion-1")


def test_a_relaunch_finds_the_sheet_of_this_visit(opened: Opener) -> None:
    saved = Sheets(opened()).save(KEY, {"before": {"spo2": "9x"}}, 0, NOW)
    sheets = Sheets(opened())
    assert sheets.load(KEY) == saved
    for name, other in (("iss", "https://o.example"), ("patient_id", "p2"), ("plan_id", "x"), ("visit", "y")):
        assert sheets.load(replace(KEY, **{name: other})).version == 0
    sheets.save(replace(KEY, visit="infusion-2"), {}, 0, NOW)
    assert set(sheets.of(KEY.iss, "p1", "plan-1")) == {"infusion-1", "infusion-2"}
    assert sheets.of(KEY.iss, "p2", "plan-1") == {}


@pytest.mark.parametrize("version", [0, 1])
def test_of_two_windows_the_second_to_save_is_told(database: Database, version: int) -> None:
    sheets = Sheets(database)
    for loaded in range(version + 1):
        kept = sheets.save(KEY, {"n": loaded}, loaded, NOW)
    with pytest.raises(RefusedError, match="another window"):
        sheets.save(KEY, {"n": "late"}, version, NOW)
    assert sheets.load(KEY) == kept


def test_what_is_kept_cannot_be_read_in_the_file(database: Database) -> None:
    Sheets(database).save(KEY, {"words": "crying"}, 0, NOW)
    with database.reading() as connection:
        (raw,) = connection.exec_driver_sql("SELECT content FROM session_sheet").one()
    assert "crying" not in raw
