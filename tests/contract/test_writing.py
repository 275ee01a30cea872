"""A plan written in peace and in trouble, against the pretend EHR as itself and like each other one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.contract.checks import WRITING
from tests.contract.conftest import Holds
from tests.contract.targets import MOCKS, Target


@pytest.mark.parametrize("check", WRITING)
@pytest.mark.parametrize("server", MOCKS)
def test_holds(server: str, check: str, mocks: Callable[[str], Target], holds: Holds) -> None:
    holds(mocks(server), check)
