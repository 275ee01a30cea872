"""How this process gets at the EHRs' tokens: who it is there, what launches hold, and how that is renewed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from ketplan.compose import Services
from ketplan.config import Ehr
from ketplan.ehr.authority import ENDED, Authority
from ketplan.ehr.discovery import Discovery
from ketplan.ehr.launch import ClinicGrant, Grant
from ketplan.ehr.refresh import Renewals, Supplier, Tokens
from ketplan.errors import EhrError, SignInEnded
from ketplan.keyring import Keyring

log = logging.getLogger("ketplan.access")


@dataclass(frozen=True)
class Access:
    """One per app."""

    services: Services
    discovery: Discovery
    keyring: Keyring
    renewals: Renewals

    def keep(self, lid: str, grant: Grant | ClinicGrant, now: datetime) -> None:
        """The tokens of session `lid`, which must be there."""
        self.services.grants.create(lid, Tokens.of(grant, now).payload())

    def supplier(self, lid: str) -> Supplier:
        """The token of session `lid`, as it is at each moment."""
        return self.renewals.supplier(lid)

    def held(self, lid: str) -> Tokens | None:
        """What session `lid` holds, None when that has ended."""
        held = self.services.grants.load(lid)
        return Tokens.read(held.payload) if held and not held.ended else None

    def give_back(self, tokens: Tokens) -> None:
        """Let the EHR forget tokens nobody needs any more. They run out by themselves."""
        try:
            authority = find_authority(self.services, self.discovery, self.keyring, tokens.ehr, tokens.iss)
        except EhrError as error:
            log.warning("tokens were not given back: %s", type(error).__name__)
            return
        if tokens.refresh:
            authority.revoke(tokens.refresh, "refresh_token")
        authority.revoke(tokens.access, "access_token")


def open_access(
    services: Services, discovery: Discovery, now: Callable[[], datetime], new_id: Callable[[], str]
) -> Access:
    """Where an EHR checks signatures of ours, the first keys are made here."""
    keyring = Keyring(services.signing_keys, now, new_id)
    if any(ehr.uses_keys for ehr in services.settings.ehrs):
        keyring.ensure()

    def authority(ehr: str, iss: str) -> Authority:
        return find_authority(services, discovery, keyring, ehr, iss)

    return Access(services, discovery, keyring, Renewals(services.grants, authority, now, new_id))


def find_authority(
    services: Services, discovery: Discovery, keyring: Keyring, name: str, iss: str
) -> Authority:
    """The authorization server of the EHR `name`. SignInEnded when the site has taken that EHR away."""
    ehr = next((one for one in services.settings.ehrs if _is(one, name, iss)), None)
    if ehr is None:
        raise SignInEnded(ENDED)
    return Authority(discovery.http, discovery.endpoints(iss), ehr.client, keyring.sign)


def _is(ehr: Ehr, name: str, iss: str) -> bool:
    """A name that has been given to another server since is another EHR."""
    return ehr.name == name and ehr.iss.rstrip("/") == iss.rstrip("/")
