"""Prints the patients of the demo clinic, one a line: `python -m ketplan.demo_clinic SERVER DAY ZONE`."""

from __future__ import annotations

import sys
from datetime import date

from ketplan.compose import practice_of
from ketplan.config import Site
from ketplan.demo_clinic.made import patients
from ketplan.store.columns import to_json


def main(server: str, day: str, zone: str) -> None:
    for patient in patients(server, date.fromisoformat(day), practice_of(Site(), zone)):
        print(to_json(patient), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
