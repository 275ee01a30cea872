"""`ketplan sandbox`: what it can be like, and what it says of a wish that makes no sense."""

from __future__ import annotations

import pytest
from click.testing import CliRunner, Result

from ketplan import servers
from ketplan.cli import main
from ketplan.errors import InputError
from ketplan.sandbox import likes
from ketplan.sandbox.faults import DOES, fault


def ketplan(*words: str) -> Result:
    return CliRunner().invoke(main, ["sandbox", *words])


def test_the_list_names_every_ehr_and_every_fault() -> None:
    said = ketplan("--list").output
    for name in likes.names():
        assert f"--like {name} " in said
    for name in DOES:
        assert f"--fault {name} " in said


@pytest.mark.parametrize(
    "words", [["--like", "cerebro"], ["--fault", "explode"], ["--fault", "503 on=nothing"]]
)
def test_a_wish_that_makes_no_sense_is_one_sentence(words: list[str]) -> None:
    result = ketplan(*words)
    assert result.exit_code == InputError.exit_code
    assert len(result.output.strip().splitlines()) == 1


def test_switches_and_words_make_one_list() -> None:
    faults = servers.sandbox_faults(True, 20, 3, ["503 on=read", "lag seconds=2"])
    assert [one.do for one in faults.all()] == ["status", "slow", "lost", "status", "lag"]
    assert faults.more == (fault("503 on=read"), fault("lag seconds=2"))
