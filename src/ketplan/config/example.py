"""A settings file to begin with, made of the manual of the settings; most of it is commented out."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator

from ketplan.config import Setting, describe

HEAD = """# ketplan's settings: name this file in KETPLAN_CONFIG.
# What is commented out shows an example, not the default. `ketplan settings` prints the same as a list.
#
# From the environment come:"""
BEGUN = frozenset(
    {("site", "name"), ("site", "timezone"), ("ehr", "name"), ("ehr", "iss"), ("ehr", "client_id")}
)
"""What a site certainly says."""
HEADERS = {"ehr": "[[ehr]]", "protocol": "[protocol.IV6_2PW]", "course": "[course.CBT_GAD_14]"}


def example() -> str:
    """The file as TOML that `config.load` accepts as it is."""
    rows = describe()
    tables = dict.fromkeys(row.table for row in rows if row.table != "environment")
    lines = [HEAD, *_environment(row for row in rows if row.table == "environment")]
    for table in tables:
        lines += ["", *_table(table, [row for row in rows if row.table == table])]
    return "\n".join(lines) + "\n"


def _environment(rows: Iterable[Setting]) -> Iterator[str]:
    for row in rows:
        yield f"#   {row.name}: {row.meaning}"


def _table(table: str, rows: list[Setting]) -> Iterator[str]:
    begun = any((row.table, row.name) in BEGUN for row in rows)
    yield ("" if begun else "# ") + HEADERS.get(table, f"[{table}]")
    for row in rows:
        yield f"# {row.meaning}; default: {row.default}"
        off = "" if (row.table, row.name) in BEGUN else "# "
        yield f"{off}{row.name} = {_literal(row.example)}"


def _literal(example: str) -> str:
    """As TOML: what is a value there already stays, anything else is a text."""
    try:
        tomllib.loads(f"x = {example}")
    except tomllib.TOMLDecodeError:
        return f'"{example}"'
    return example
