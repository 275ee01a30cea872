"""The long form of the crash tests.

    python -m tests.crash [--kills 200] [--seed 1] [--postgres] [--manner "loses answers"]

Each behaviour of a server gets so many kills, or only those that are named; the table at the end says what
was lost or doubled.
"""

from __future__ import annotations

import argparse
import logging
import random
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from tests.crash.ehr import MANNERS, Manners
from tests.crash.harness import Ledger, torment
from tests.postgres import cluster

AT_ONCE = 12


def one(manners: Manners, postgres: bool, workers: int, kills: int, seed: int) -> Ledger:
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ketplan-crash-")))
        url = f"sqlite:///{home / 'ketplan.db'}"
        if postgres:
            url = stack.enter_context(cluster())
        return torment(manners, url, home, workers=workers, plans=6, kills=kills, seed=seed)


def main() -> int:
    asked = argparse.ArgumentParser()
    asked.add_argument("--kills", type=int, default=200)
    asked.add_argument("--seed", type=int, default=random.randrange(10**6))
    asked.add_argument("--postgres", action="store_true")
    asked.add_argument("--manner", action="append", choices=[each.name for each in MANNERS])
    options = asked.parse_args()
    logging.getLogger("ketplan.runs").setLevel(logging.ERROR)
    print(f"seed {options.seed}, {'PostgreSQL' if options.postgres else 'SQLite'}")
    print(f"{'server':28}{'kills':>7}{'plans':>7}{'lost':>6}{'doubled':>9}{'journal wrong':>15}{'s':>7}")
    clean = True
    for manners in MANNERS:
        if options.manner and manners.name not in options.manner:
            continue
        total, begun, number = Ledger(), time.monotonic(), 0
        while total.kills < options.kills:
            workers = 3 if number % 2 else 1
            total += one(manners, options.postgres, workers, AT_ONCE, options.seed + number)
            number += 1
        clean = clean and total.clean
        print(
            f"{manners.name:28}{total.kills:7}{total.plans:7}{total.lost:6}{total.doubled:9}"
            f"{total.disagreeing:15}{time.monotonic() - begun:7.0f}",
            flush=True,
        )
        for complaint in total.complaints:
            print(f"  {complaint}")
    return 0 if clean else 1


if __name__ == "__main__":
    sys.exit(main())
