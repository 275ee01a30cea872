"""Writes every golden file anew and removes those that nobody is sent any more."""

from __future__ import annotations

from tests.ehr.golden import HERE, golden, text_of


def main() -> None:
    wanted = {HERE / path: text_of(told) for path, told in golden().items()}
    for path in set(HERE.glob("*/*.json")) - set(wanted):
        path.unlink()
    for path, text in wanted.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    print(f"{len(wanted)} files")


main()
