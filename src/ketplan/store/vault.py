"""Sealing of private text at rest: Fernet, with as many older keys as the site still needs for reading."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ketplan.errors import ConfigError

SHORTEST_KEY = 32


class Vault:
    """Seals with the first key, opens with any.

    `keys` are the site's secret keys, newest first: at least 32 random characters each. What is derived from
    them here serves for nothing else, so the same secret may sign cookies. ConfigError when one is too short
    or there is none.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys or any(len(key) < SHORTEST_KEY for key in keys):
            raise ConfigError(f"The database needs a secret key of {SHORTEST_KEY} random characters or more.")
        self._fernet = MultiFernet([Fernet(_derived(key)) for key in keys])

    def seal(self, text: str) -> str:
        """The text, unreadable without a key."""
        return self._fernet.encrypt(text.encode()).decode("ascii")

    def unseal(self, sealed: str) -> str:
        """The text again; ConfigError when no key fits or the sealed text was tampered with."""
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise ConfigError(
                "Stored data cannot be opened: the secret key it was sealed with is not configured any more."
            ) from None

    def reseal(self, sealed: str) -> str:
        """The same text sealed with the newest key; ConfigError as for `unseal`."""
        return self.seal(self.unseal(sealed))


def digest(secret: str) -> str:
    """What an index holds in place of a launch id, a state or a cookie: of no use to a thief of the file."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _derived(key: str) -> bytes:
    raw = HKDF(SHA256(), length=32, salt=None, info=b"ketplan database").derive(key.encode())
    return base64.urlsafe_b64encode(raw)
