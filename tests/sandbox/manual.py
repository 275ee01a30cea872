"""The tables of docs/mock-ehr.md, printed from the code.

python -m tests.sandbox.manual
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from ketplan.sandbox import likes
from ketplan.sandbox.faults import DOES

FILE = Path(__file__).parents[2] / "docs" / "mock-ehr.md"
END = "<!-- end -->"


def faults() -> list[str]:
    rows = [f"| `{name}` | {what} |" for name, (_, what) in DOES.items()]
    return ["| fault | what it does |", "|---|---|", *rows]


def ehrs() -> list[str]:
    """Every quirk of every file with its witness."""
    lines = []
    for name in likes.names():
        raw = tomllib.loads(likes.source(name))
        lines += [f"### `--like {name}`: {raw['title']}", ""]
        for key, value in raw.items():
            for table in value if isinstance(value, list) else [value]:
                if isinstance(table, dict):
                    lines.append(f"- {_quirk(key, table)} <br>*{_witness(table)}*")
        lines.append("")
    return lines


def _witness(table: dict[str, Any]) -> str:
    """Who says so, and which of it nobody does."""
    assumed = ", ".join(f"`{name}`" for name in table.get("assumed", ()))
    return f"{table['witness']}{f'; assumed: {assumed}' if assumed else ''}"


def _quirk(key: str, table: dict[str, Any]) -> str:
    told = {name: value for name, value in table.items() if name not in ("witness", "assumed")}
    if key == "types":
        return f"{', '.join(told['names'])}: {', '.join(told['does'])}."
    about = f" of {', '.join(told.pop('types'))}" if "types" in told else ""
    return f"{key}{about}: {', '.join(f'`{name} = {_value(value)}`' for name, value in told.items())}"


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {_value(one)}" for name, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return str(value).lower() if isinstance(value, bool) else repr(value)


def printed(text: str) -> str:
    """The manual with its tables as the code has them."""
    for name, lines in (("faults", faults()), ("likes", ehrs())):
        mark = f"<!-- {name} -->"
        before, _, rest = text.partition(mark)
        after = rest.partition(END)[2]
        text = "\n".join([f"{before}{mark}", *lines, f"{END}{after}"])
    return text


if __name__ == "__main__":
    FILE.write_text(printed(FILE.read_text("utf-8")), "utf-8")
