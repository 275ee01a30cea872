"""The sync that no user starts: every EHR with a client for it, by that client's own permission."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from ketplan.compose import Services
from ketplan.config import Ehr
from ketplan.ehr.authority import Sign
from ketplan.ehr.backend import tokens_for
from ketplan.ehr.client import FhirClient
from ketplan.ehr.discovery import Discovery
from ketplan.ehr.transport import Http
from ketplan.errors import KetplanError
from ketplan.syncing import Tally, sync

log = logging.getLogger("ketplan.sync")


@dataclass(frozen=True)
class Nightly:
    """One per process; the tokens it fetches are kept in memory alone."""

    services: Services
    discovery: Discovery
    http: Http
    sign: Sign
    now: Callable[[], datetime]

    def client(self, ehr: Ehr) -> FhirClient:
        """The EHR as ketplan itself may ask it. ConfigError where the site has set up no client for that."""
        tokens = tokens_for(ehr, self.discovery, self.sign, self.now)
        parallel = self.services.settings.site.parallel
        client = FhirClient(ehr.iss, tokens, self.http, parallel, renew=tokens.renew)
        return self.services.vendors.recognise(client)

    @property
    def ehrs(self) -> tuple[Ehr, ...]:
        return tuple(ehr for ehr in self.services.settings.ehrs if ehr.backend is not None)

    def sync(self, ehr: Ehr) -> Tally:
        return sync(self.services, self.client(ehr), ehr.iss.rstrip("/"), self.now)

    def run(self) -> None:
        """All of them, one after the other; what one of them refuses is none of the others' business."""
        for _ in self.through():
            pass

    def hinted(self) -> None:
        """Those alone that have said that something changed; where that fails, the night comes anyway."""
        for ehr in self.ehrs:
            if ehr.hints and self.services.hints.take(ehr.iss.rstrip("/")):
                try:
                    self.sync(ehr)
                except KetplanError as error:
                    log.warning("looking again at an EHR failed: %s", type(error).__name__)

    def through(self) -> Iterator[tuple[Ehr, Tally | KetplanError]]:
        for ehr in self.ehrs:
            try:
                tally = self.sync(ehr)
            except KetplanError as error:
                log.warning("the sync of an EHR failed: %s", type(error).__name__)
                yield ehr, error
            else:
                log.info("synced %d plans: %d changed, %d failed", tally.plans, tally.changed, tally.failed)
                yield ehr, tally
