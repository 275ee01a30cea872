"""What settings are made of: a table, a text, a list of texts, an address; each read strictly or refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import SplitResult, urlsplit

from ketplan.errors import ConfigError


def secure_address(text: str) -> SplitResult | None:
    """The parts of `text` when it is an https address, or http on this machine; None otherwise.

    User names, fragments, backslashes, blanks and impossible ports are refused as well.
    """
    if re.search(r"[\s\\\x00-\x1f]", text):
        return None
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
        parts.port  # noqa: B018 - raises ValueError for a port that cannot be
    except ValueError:
        return None
    if not host or "@" in parts.netloc or "#" in text:
        return None
    if parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)):
        return parts
    return None


def is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def only(table: Any, allowed: set[str], where: str) -> None:
    if not isinstance(table, dict):
        raise ConfigError(f"In {where} a table is expected.")
    for key in table:
        if key in allowed:
            continue
        if re.search(r"secret|password|token|private", key):
            raise ConfigError(f"{key} may not stand in the file: secrets come from the environment.")
        raise ConfigError(f"{key} is not known in {where}; known are {', '.join(sorted(allowed))}.")


def text(table: Mapping[str, Any], key: str, where: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value.strip():
        raise ConfigError(f"{key} in {where} must be a text.")
    return value


def texts(table: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    value = table[key]
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise ConfigError(f"{key} in {where} must be a list of texts.")
    return tuple(value)
