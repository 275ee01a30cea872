"""ketplan's own keys between the store that seals them and the EHRs that check what they sign.

A new key is published before it signs, so that an EHR that keeps a copy of the published keys has it by
then; an old one stays published until what it signed has expired and somebody retires it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from ketplan.ehr import keys
from ketplan.errors import InputError, RefusedError
from ketplan.store.keys import SigningKeys, StoredKey

# EHRs keep a copy of published keys for some hours, the slowest known for a day.
LEAD = timedelta(hours=24)
# What a replaced key signed is worthless after this, also by a clock that is late.
LAG = timedelta(minutes=10)


class Keyring:
    """One per process; `kept` is shared by all. `new_id` makes ids that never come again."""

    def __init__(self, kept: SigningKeys, now: Callable[[], datetime], new_id: Callable[[], str]) -> None:
        self._kept, self._now, self._new_id = kept, now, new_id

    def ensure(self) -> None:
        """The first keys, which nobody has a copy of yet, sign from now on."""
        if not self._kept.all():
            self.rotate(timedelta(0))

    def rotate(self, lead: timedelta = LEAD) -> list[StoredKey]:
        """Publish a new key for each algorithm now; they sign once `lead` has passed."""
        return [self._made(algorithm, lead) for algorithm in keys.ALGORITHMS]

    def retire(self, kid: str, compromised: bool = False) -> None:
        """Take a key out of what is published, for good.

        InputError for an unknown one, RefusedError for one that still signs, or whose last signatures may
        still be under way; a `compromised` one goes at once, and its successor signs from now on.
        """
        known = self._kept.all()
        key = next((one for one in known if one.kid == kid), None)
        if key is None:
            raise InputError("There is no key with this id.")
        heirs = [one for one in known if one.algorithm == key.algorithm and one.kid != kid]
        now = self._now()
        replaced = any(key.signs_from < heir.signs_from <= now - LAG for heir in heirs)
        if key.signs_from <= now and not replaced and not compromised:
            raise RefusedError("This key still signs, or did until just now: rotate first, then wait.")
        if not heirs:
            self._made(key.algorithm, timedelta(0))
        elif not any(heir.signs_from <= now for heir in heirs):
            self._kept.begin(min(heirs, key=lambda heir: heir.signs_from).kid, now)
        self._kept.remove(kid)

    def rows(self) -> list[tuple[StoredKey, str]]:
        """Every key with what it is doing: waiting, signing or replaced."""
        known, now = self._kept.all(), self._now()
        signing = {signer.kid for a in keys.ALGORITHMS if (signer := _signer(known, a, now))}

        def doing(key: StoredKey) -> str:
            if key.kid in signing:
                return "signing"
            return "waiting" if key.signs_from > now else "replaced"

        return [(key, doing(key)) for key in known]

    def published(self) -> dict[str, Any]:
        """The public keys as a JWKS."""
        return keys.public_set(key.private for key in self._kept.all())

    def sign(self, client_id: str, audience: str, algorithm: str) -> str:
        """A client assertion by the newest key that signs."""
        self.ensure()
        now = self._now()
        key = _signer(self._kept.all(), algorithm, now)
        if key is None:
            raise RefusedError("ketplan has no key that signs yet.")
        return keys.assertion(key.private, client_id, audience, self._new_id(), now)

    def _made(self, algorithm: str, lead: timedelta) -> StoredKey:
        private, now = keys.generate(algorithm), self._now()
        key = StoredKey(private["kid"], algorithm, private, now, now + lead)
        self._kept.add(key)
        return key


def _signer(known: tuple[StoredKey, ...], algorithm: str, now: datetime) -> StoredKey | None:
    ready = [key for key in known if key.algorithm == algorithm and key.signs_from <= now]
    return max(ready, key=lambda key: (key.signs_from, key.kid), default=None)
