"""Launch, read and single writes, against the pretend EHR as itself and like each other one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.contract.checks import ASKING
from tests.contract.conftest import Holds
from tests.contract.table import FILE, documented, text
from tests.contract.targets import MOCKS, Target


@pytest.mark.parametrize("check", ASKING)
@pytest.mark.parametrize("server", MOCKS)
def test_holds(server: str, check: str, mocks: Callable[[str], Target], holds: Holds) -> None:
    holds(mocks(server), check)


def test_the_table_is_as_it_is_written() -> None:
    assert FILE.read_text("utf-8") == text(documented())
