"""Settings: read once, checked once, documented once.

This is the only module that looks at the environment. `load` takes the environment as a mapping, reads the
TOML file it names, and returns frozen values or raises ConfigError with one sentence. `settings.toml` beside
it is the manual: the keys a site's file may hold are taken from it, so that neither can drift from the other.
"""

from __future__ import annotations

import os
import re
import secrets
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal
from importlib.resources import files
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo

from ketplan.errors import ConfigError

CRISIS_LINE = "In a crisis call or text 988 (Suicide and Crisis Lifeline); in danger of life call 911."
SIGNING_ROLES = ("physician", "psychiatrist", "doctor", "nurse practitioner", "physician assistant")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
OPENING = "08:00-17:00"
CLINICAL = ("house", "protocol", "course")
SHORTEST_SECRET = 32
WELL_KNOWN = (
    "changeme",
    "change-me",
    "change_me",
    "secret-key",
    "secretkey",
    "example",
    "insecure",
    "password",
)


class Setting(NamedTuple):
    """One row of the manual. `table` is "environment", "site", "ehr" or one of CLINICAL."""

    table: str
    name: str
    meaning: str
    default: str
    example: str


SETTINGS = tuple(
    Setting(**row)
    for row in tomllib.loads(files("ketplan").joinpath("settings.toml").read_text("utf-8"))["setting"]
)


@dataclass(frozen=True)
class Site:
    """One clinic. `hours` maps a weekday (Monday is 0) to opening and closing time; absent is closed.

    `clinical` holds the tables [house], [protocol.ID] and [course.ID] as they were read: what they may say is
    for the clinical room to check.
    """

    name: str = "ketplan clinic"
    timezone: str = "America/New_York"
    country: str = "US"
    holidays: tuple[date, ...] = ()
    holiday_calendar: str | None = None
    hours: Mapping[int, tuple[time, time]] = field(
        default_factory=lambda: dict.fromkeys(range(5), (time(8), time(17)))
    )
    crisis_line: str = CRISIS_LINE
    signing_roles: tuple[str, ...] = SIGNING_ROLES
    parallel: int = 4
    clinical: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Ehr:
    """One EHR that may launch ketplan. `scopes` empty: ketplan's own list. `iss` is the FHIR base."""

    name: str
    iss: str
    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    scopes: tuple[str, ...] = ()
    frame_ancestors: tuple[str, ...] = ()
    label: str = ""
    profile: str = ""  # empty: recognised by its address or by what it says of itself


@dataclass(frozen=True)
class Settings:
    """`secret_key` is None when the environment has none: ask `signing_key`, which keeps one in `home`."""

    home: Path
    database_url: str = field(repr=False)
    public_url: str
    secret_key: str | None = field(default=None, repr=False)
    site: Site = field(default_factory=Site)
    ehrs: tuple[Ehr, ...] = ()
    profiles: Path | None = None  # vendor profiles of the site's own


def from_environment() -> Settings:
    return load(os.environ)


def environment_value(name: str) -> str | None:
    """One variable the operator named on the command line (`--token-env NAME`)."""
    return os.environ.get(name)


def describe() -> list[Setting]:
    """Every setting, for the manual."""
    return list(SETTINGS)


def load(environ: Mapping[str, str], platform: str = sys.platform) -> Settings:
    """Read and check all settings. Touches nothing but the file KETPLAN_CONFIG names."""
    home = _home(environ, platform)
    file = _file(environ.get("KETPLAN_CONFIG"))
    _only(file, {"site", "ehr", *CLINICAL}, "the settings file")
    return Settings(
        home=home,
        database_url=_database(environ.get("KETPLAN_DATABASE_URL"), home),
        public_url=_public(environ.get("KETPLAN_PUBLIC_URL") or "http://localhost:8400"),
        secret_key=_secret(environ.get("KETPLAN_SECRET_KEY")),
        site=_site(file.get("site", {}), {key: file[key] for key in CLINICAL if key in file}),
        ehrs=_ehrs(file.get("ehr", []), environ),
        profiles=Path(environ["KETPLAN_PROFILES"]).expanduser() if environ.get("KETPLAN_PROFILES") else None,
    )


def ensure_home(settings: Settings) -> Path:
    """The data folder, made for this user alone when it is not there."""
    try:
        settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        raise ConfigError(f"KETPLAN_HOME: the folder {settings.home} cannot be made.") from None
    return settings.home


def signing_key(settings: Settings) -> str:
    """The secret key: the one from the environment, else the one kept in `home`, made on first use."""
    if settings.secret_key:
        return settings.secret_key
    path = ensure_home(settings) / "secret.key"
    if not path.exists():
        _keep_new_key(path)
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise ConfigError(f"{path} can be read by others; make it readable by its owner only (chmod 600).")
    return _secret(path.read_text().strip(), str(path)) or ""


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


def _home(environ: Mapping[str, str], platform: str) -> Path:
    if environ.get("KETPLAN_HOME"):
        return Path(environ["KETPLAN_HOME"]).expanduser().absolute()
    user = Path(environ.get("HOME") or Path.home())
    if platform == "win32":
        return Path(environ.get("LOCALAPPDATA") or user / "AppData" / "Local") / "ketplan"
    if platform == "darwin":
        return user / "Library" / "Application Support" / "ketplan"
    return Path(environ.get("XDG_DATA_HOME") or user / ".local" / "share") / "ketplan"


def _database(url: str | None, home: Path) -> str:
    if not url:
        return f"sqlite:///{home / 'ketplan.db'}"
    url = re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", url)
    if not url.startswith(("sqlite://", "postgresql+psycopg://")):
        raise ConfigError("KETPLAN_DATABASE_URL must start with sqlite:// or postgresql://.")
    return url


def _public(url: str) -> str:
    parts = secure_address(url)
    if parts is None or parts.path not in ("", "/") or parts.query:
        raise ConfigError(
            "KETPLAN_PUBLIC_URL must be an https address without a path (http only on this machine)."
        )
    return f"{parts.scheme}://{parts.netloc}"


def _secret(key: str | None, where: str = "KETPLAN_SECRET_KEY") -> str | None:
    if key is None:
        return None
    weak = len(key) < SHORTEST_SECRET or len(set(key)) < 10
    if weak or any(word in key.lower() for word in WELL_KNOWN):
        raise ConfigError(f"{where} must be {SHORTEST_SECRET} random characters or more.")
    return key


def _keep_new_key(path: Path) -> None:
    """Write a key with mode 0600; of two processes that try at once, both end with the same one."""
    draft = path.with_name(f"secret.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    except OSError:
        raise ConfigError(f"KETPLAN_HOME: no secret key can be kept in {path.parent}.") from None


def _file(name: str | None) -> dict[str, Any]:
    if not name:
        return {}
    try:
        # Doses are decimal numbers: 0.1 must stay what was typed.
        return tomllib.loads(Path(name).expanduser().read_text("utf-8"), parse_float=Decimal)
    except (OSError, UnicodeDecodeError):
        raise ConfigError(f"KETPLAN_CONFIG: the file {name} cannot be read.") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"KETPLAN_CONFIG: {name} is not TOML: {error}.") from None


def _only(table: Any, allowed: set[str], where: str) -> None:
    if not isinstance(table, dict):
        raise ConfigError(f"In {where} a table is expected.")
    for key in table:
        if key in allowed:
            continue
        if re.search(r"secret|password|token|private", key):
            raise ConfigError(f"{key} may not stand in the file: secrets come from the environment.")
        raise ConfigError(f"{key} is not known in {where}; known are {', '.join(sorted(allowed))}.")


def _names(table: str) -> set[str]:
    return {row.name for row in SETTINGS if row.table == table}


def _text(table: Mapping[str, Any], key: str, where: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value.strip():
        raise ConfigError(f"{key} in {where} must be a text.")
    return value


def _texts(table: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    value = table[key]
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise ConfigError(f"{key} in {where} must be a list of texts.")
    return tuple(value)


def _site(table: Any, clinical: Mapping[str, Any]) -> Site:
    _only(table, _names("site"), "[site]")
    found: dict[str, Any] = {"clinical": clinical}
    for key in ("name", "timezone", "country", "holiday_calendar", "crisis_line"):
        if key in table:
            found[key] = _text(table, key, "[site]")
    if "timezone" in found:
        _zone(found["timezone"])
    if "holidays" in table:
        found["holidays"] = _dates(table["holidays"])
    if "hours" in table:
        found["hours"] = _hours(table["hours"])
    if "signing_roles" in table:
        found["signing_roles"] = _texts(table, "signing_roles", "[site]")
    if "parallel" in table:
        found["parallel"] = _parallel(table["parallel"])
    return Site(**found)


def _zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        raise ConfigError(f"timezone in [site]: there is no zone {name!r}.") from None


def _dates(value: Any) -> tuple[date, ...]:
    try:
        return tuple(d if type(d) is date else date.fromisoformat(d) for d in value)
    except (TypeError, ValueError):
        raise ConfigError("holidays in [site] must be a list of dates such as 2026-11-27.") from None


def _hours(value: Any) -> dict[int, tuple[time, time]]:
    _only(value, set(WEEKDAYS), "hours of [site]")
    return {WEEKDAYS.index(day): _opening(day, text) for day, text in value.items()}


def _opening(day: str, text: Any) -> tuple[time, time]:
    try:
        opens, closes = (time.fromisoformat(part.strip()) for part in text.split("-"))
        if opens < closes:
            return opens, closes
    except (AttributeError, TypeError, ValueError):
        pass
    raise ConfigError(f"hours of [site]: {day} must be opening and closing time, such as {OPENING}.")


def _parallel(value: Any) -> int:
    if type(value) is not int or not 1 <= value <= 16:
        raise ConfigError("parallel in [site] must be a whole number from 1 to 16.")
    return value


def _ehrs(tables: Any, environ: Mapping[str, str]) -> tuple[Ehr, ...]:
    if not isinstance(tables, list):
        raise ConfigError("EHRs are listed as [[ehr]], with two brackets.")
    ehrs = tuple(_ehr(table, environ) for table in tables)
    for kind, values in (("name", [e.name for e in ehrs]), ("iss", [e.iss.removesuffix("/") for e in ehrs])):
        if len(set(values)) < len(values):
            raise ConfigError(f"Two [[ehr]] tables have the same {kind}.")
    return ehrs


def _ehr(table: Any, environ: Mapping[str, str]) -> Ehr:
    _only(table, _names("ehr"), "[[ehr]]")
    name = _text(table, "name", "[[ehr]]")
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", name):
        raise ConfigError("name in [[ehr]] must be small letters, digits and hyphens.")
    where = f"[[ehr]] {name}"
    return Ehr(
        name=name,
        iss=_iss(_text(table, "iss", where), where),
        client_id=_text(table, "client_id", where),
        client_secret=_client_secret(table, environ, where),
        scopes=_texts(table, "scopes", where) if "scopes" in table else (),
        frame_ancestors=_origins(table, where),
        label=_text(table, "label", where) if "label" in table else name,
        profile=_text(table, "profile", where) if "profile" in table else "",
    )


def _iss(text: str, where: str) -> str:
    parts = secure_address(text)
    if parts is None or parts.query or "*" in text:
        raise ConfigError(
            f"iss in {where} must be one https address without a wildcard (http only on this machine)."
        )
    return text


def _client_secret(table: Mapping[str, Any], environ: Mapping[str, str], where: str) -> str | None:
    if "client_secret_env" not in table:
        return None
    variable = _text(table, "client_secret_env", where)
    if not environ.get(variable):
        raise ConfigError(f"client_secret_env in {where} names a variable that is not set.")
    return environ[variable]


def _origins(table: Mapping[str, Any], where: str) -> tuple[str, ...]:
    origins: Sequence[str] = _texts(table, "frame_ancestors", where) if "frame_ancestors" in table else ()
    for origin in origins:
        parts = secure_address(origin)
        if parts is None or "*" in origin or origin.rstrip("/") != f"{parts.scheme}://{parts.netloc}":
            raise ConfigError(
                f"frame_ancestors in {where} must list origins such as https://ehr.example.org."
            )
    return tuple(origin.rstrip("/") for origin in origins)
