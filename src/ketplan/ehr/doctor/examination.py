"""The whole examination of one EHR, in the order in which the app would meet it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from ketplan.config import Ehr
from ketplan.ehr import urls
from ketplan.ehr.ability import Known, Observed
from ketplan.ehr.client import FhirClient
from ketplan.ehr.discovery import Endpoints, discover
from ketplan.ehr.doctor import offers, sign_in, trials, watch
from ketplan.ehr.doctor.report import Check, Report
from ketplan.ehr.doctor.watch import Watch
from ketplan.ehr.patience import Patience
from ketplan.ehr.profiles.choose import chosen
from ketplan.ehr.profiles.load import shipped
from ketplan.ehr.profiles.model import Profile
from ketplan.errors import EhrError, Temporary

Token = Callable[[], str | None]


def examine(
    ehr: Ehr,
    redirect_uri: str,
    *,
    token: str | None = None,
    patient_id: str | None = None,
    patience: Patience | None = None,
    profiles: Mapping[str, Profile] | None = None,
    observed: Observed | None = None,
    scope: str | None = None,
) -> Report:
    """Ask `ehr` everything a launch and a plan will need. Sends GET and nothing else.

    `profiles` are the vendor profiles to choose from (those ketplan comes with), `observed` what this EHR
    refused before, `scope` what it granted, where that is known. With `patient_id` each section is searched,
    with the `token` or, on an open server, without one. Raises InputError when the address cannot be used,
    Temporary when nobody answers there.
    """
    patience = patience or Patience()
    seen = Watch(patience.now)
    base = urls.fhir_base(ehr.iss)
    open_client = FhirClient(base, None, seen, patience=patience)
    client = FhirClient(base, lambda: token, seen, patience=patience) if token else open_client
    at = patience.now()
    found = _discovered(seen, ehr.iss)
    if not seen.exchanges and isinstance(found, Temporary):
        raise found

    def checks() -> Iterator[Check]:
        yield sign_in.transport(seen, base, found if isinstance(found, EhrError) else None)
        if not seen.exchanges:
            return
        yield sign_in.discovered(seen, base, found)
        if isinstance(found, Endpoints):
            yield from sign_in.signing_in(ehr, found, seen, redirect_uri, at)
        version, abilities = offers.spoken(client)
        yield version
        profile = chosen(profiles or shipped(), base, ehr.profile, abilities)
        client.profile = profile
        yield offers.recognised(profile)
        if abilities:
            yield from offers.offered(Known(profile, abilities, observed or {}), abilities, scope)
        guard, is_open = trials.unguarded(open_client)
        yield guard
        if patient_id and (token or is_open):
            yield from trials.tried(client, patient_id, at.date())
        elif patient_id:
            yield trials.UNTRIED
        yield watch.clock(seen.exchanges)
        yield watch.speed(seen.exchanges)

    return Report(base, at, tuple(checks()))


def _discovered(seen: Watch, iss: str) -> Endpoints | EhrError:
    try:
        return discover(seen, iss, seen.peers.addresses)
    except EhrError as error:
        return error
