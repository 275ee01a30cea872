"""python -m ketplan.fhir.definitions DIRECTORY: write them all, and remove those that are no more."""

import sys
from pathlib import Path

from ketplan.fhir.definitions import files


def main(directory: Path) -> None:
    written = files()
    kinds = {name.partition("-")[0] for name in written}
    for old in directory.glob("*.json"):
        if old.name.partition("-")[0] in kinds and old.name not in written:
            old.unlink()
    for name, text in written.items():
        (directory / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
