"""A process whose threads all want the token of one launch at the same moment.

    python -m tests.store.refreshing EHR_URL DATABASE_URL LID THREADS [die]

For each line on stdin, a moment in ISO form, it prints the tokens its threads got, as one JSON list. With
`die` it kills itself as soon as the EHR has answered, before anything is stored.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier
from typing import Any

from ketplan.config import Client
from ketplan.ehr.authority import Authority
from ketplan.ehr.discovery import discover
from ketplan.ehr.refresh import Renewals
from ketplan.ehr.transport import Http
from ketplan.store.database import open_database
from ketplan.store.grants import Grants
from tests.store.conftest import KEY


class MortalGrants(Grants):
    """Dies, as `kill -9` dies, when something is to be stored."""

    def replace(self, *_: Any) -> bool:
        os.kill(os.getpid(), signal.SIGKILL)
        return False


class Wanting:
    """Everything one process has: its own connections, its own locks, its own idea of the time."""

    def __init__(self, ehr_url: str, database_url: str, mortal: bool = False) -> None:
        self.database = open_database(database_url, [KEY])
        http = Http(timeouts=(5, 20))
        endpoints = discover(http, f"{ehr_url}/fhir")
        authority = Authority(http, endpoints, Client("ketplan"))
        grants = (MortalGrants if mortal else Grants)(self.database)
        self.now = datetime.min
        self.renewals = Renewals(grants, lambda *_: authority, lambda: self.now, lambda: uuid.uuid4().hex)

    def at_once(self, lid: str, threads: int, now: datetime) -> list[str]:
        self.now = now
        together = Barrier(threads)

        def want(_: int) -> str:
            together.wait()
            return self.renewals.current(lid)

        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(want, range(threads)))


def main(ehr_url: str, database_url: str, lid: str, threads: str, *die: str) -> None:
    wanting = Wanting(ehr_url, database_url, bool(die))
    print("ready", flush=True)
    for line in sys.stdin:
        got = wanting.at_once(lid, int(threads), datetime.fromisoformat(line.strip()))
        print(json.dumps(got), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
