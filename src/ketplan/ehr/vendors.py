"""Which kind of EHR a client talks to: found out once, and shared by all clients of a process."""

from __future__ import annotations

from collections.abc import Mapping

from ketplan.config import Ehr, Settings
from ketplan.ehr.capabilities import Capabilities
from ketplan.ehr.client import FhirClient
from ketplan.ehr.profiles.choose import by_address, chosen, named
from ketplan.ehr.profiles.load import with_own
from ketplan.ehr.profiles.model import Profile
from ketplan.ehr.statements import Statements
from ketplan.errors import EhrError


class Vendors:
    """`profiles` by name; `ehrs` may name theirs. ConfigError when one names a profile that is not there."""

    def __init__(self, profiles: Mapping[str, Profile], ehrs: tuple[Ehr, ...] = ()) -> None:
        self._profiles = profiles
        self._named = {ehr.iss.rstrip("/"): named(profiles, ehr.profile).name for ehr in ehrs if ehr.profile}
        self._statements = Statements()

    def recognise(self, client: FhirClient) -> FhirClient:
        """The same client, knowing what EHR it talks to. Only one that neither the settings nor its address
        tell is asked, and then it keeps the answer for a while."""
        client.statements = self._statements
        client.profile = self._profile(client)
        return client

    def _profile(self, client: FhirClient) -> Profile:
        name = self._named.get(client.base, "")
        if name or by_address(self._profiles, client.base):
            return chosen(self._profiles, client.base, name)
        return chosen(self._profiles, client.base, found=_said(client))


def vendors(settings: Settings) -> Vendors:
    """The profiles ketplan comes with and the site's own. ConfigError for a file that cannot be used."""
    return Vendors(with_own(settings.profiles), settings.ehrs)


def _said(client: FhirClient) -> Capabilities | None:
    try:
        return client.capabilities()
    except EhrError:
        return None
