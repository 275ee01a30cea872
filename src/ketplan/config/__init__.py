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
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from ketplan.config.ehr import Backend, Client, Ehr, Proof, Refreshing, read_ehrs
from ketplan.config.values import is_loopback, only, secure_address, text, texts
from ketplan.errors import ConfigError

__all__ = [
    "Backend",
    "Client",
    "Ehr",
    "Proof",
    "Refreshing",
    "Settings",
    "Site",
    "is_loopback",
    "secure_address",
]

CRISIS_LINE = "In a crisis call or text 988 (Suicide and Crisis Lifeline); in danger of life call 911."
SIGNING_ROLES = ("physician", "psychiatrist", "doctor", "nurse practitioner", "physician assistant")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
OPENING = "08:00-17:00"
SERVICES = ("chair", "nurse", "prescriber", "therapist")
_REFERENCE = re.compile(r"(Schedule|Practitioner|PractitionerRole|Location|Device)/[A-Za-z0-9\-._]{1,255}")
SHORTEST_KEPT = 30
CLINICAL = (
    *("house", "pressure", "freshness", "weight", "results", "entry", "session", "review"),
    *("protocol", "course"),
)
SHORTEST_SECRET = 32
DEBUGGING = ("FLASK_DEBUG", "WERKZEUG_DEBUG_PIN")
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
    for row in tomllib.loads(files("ketplan.config").joinpath("settings.toml").read_text("utf-8"))["setting"]
)


@dataclass(frozen=True)
class Site:
    """One clinic. `hours` maps a weekday (Monday is 0) to opening and closing time; absent is closed.

    `clinical` holds the tables of CLINICAL, [house] to [course.ID], as they were read: what they may say is
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
    crisis_lines: Mapping[str, str] = field(default_factory=dict)
    telephone: str = ""
    signing_roles: tuple[str, ...] = SIGNING_ROLES
    parallel: int = 4
    doctor_page: bool = False
    keep_days: int | None = None
    sync_at: time | None = None
    calendar_names: bool = False
    calendars: Mapping[str, str] = field(default_factory=dict)
    reminders: Mapping[str, str] = field(default_factory=dict)
    clinical: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Settings:
    """`secret_key` is None when the environment has none: ask `signing_key`, which keeps one in `home`.

    `older_keys` open what was sealed before the secret key was changed.
    """

    home: Path
    database_url: str = field(repr=False)
    public_url: str
    secret_key: str | None = field(default=None, repr=False)
    older_keys: tuple[str, ...] = field(default=(), repr=False)
    site: Site = field(default_factory=Site)
    ehrs: tuple[Ehr, ...] = ()
    profiles: Path | None = None  # vendor profiles of the site's own
    guided: bool = False  # the demo leads a newcomer through a first plan


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
    for name in DEBUGGING:
        if environ.get(name, "0").lower() not in ("", "0", "false", "no"):
            raise ConfigError(f"{name} is for development, where a fault shows its inside: take it away.")
    home = _home(environ, platform)
    file = _file(environ.get("KETPLAN_CONFIG"))
    only(file, {"site", "ehr", *CLINICAL}, "the settings file")
    public = _public(environ.get("KETPLAN_PUBLIC_URL") or "http://localhost:8400")
    return Settings(
        home=home,
        database_url=_database(environ.get("KETPLAN_DATABASE_URL"), home),
        public_url=public,
        secret_key=_secret(environ.get("KETPLAN_SECRET_KEY")),
        older_keys=_older(environ.get("KETPLAN_OLD_SECRET_KEYS", "")),
        site=_site(file.get("site", {}), {key: file[key] for key in CLINICAL if key in file}),
        ehrs=read_ehrs(file.get("ehr", []), _names("ehr"), environ, public),
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


def secret_keys(settings: Settings) -> list[str]:
    """What stored data is sealed with, followed by what it may still be sealed with."""
    return [signing_key(settings), *settings.older_keys]


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


def _older(keys: str) -> tuple[str, ...]:
    return tuple(_secret(key, "Each of KETPLAN_OLD_SECRET_KEYS") or "" for key in keys.split())


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


def _names(table: str) -> set[str]:
    return {row.name for row in SETTINGS if row.table == table}


def _site(table: Any, clinical: Mapping[str, Any]) -> Site:
    only(table, _names("site"), "[site]")
    found: dict[str, Any] = {"clinical": clinical}
    for key in ("name", "timezone", "country", "holiday_calendar", "crisis_line", "telephone"):
        if key in table:
            found[key] = text(table, key, "[site]")
    if "timezone" in found:
        _zone(found["timezone"])
    if "holidays" in table:
        found["holidays"] = _dates(table["holidays"])
    if "hours" in table:
        found["hours"] = _hours(table["hours"])
    if "crisis_lines" in table:
        found["crisis_lines"] = _by_language(table["crisis_lines"])
    if "signing_roles" in table:
        found["signing_roles"] = texts(table, "signing_roles", "[site]")
    if "parallel" in table:
        found["parallel"] = _parallel(table["parallel"])
    if "keep_days" in table:
        found["keep_days"] = _days(table["keep_days"])
    for key in ("doctor_page", "calendar_names"):
        if key in table:
            found[key] = _yes_or_no(table[key], key)
    if "sync_at" in table:
        found["sync_at"] = _clock(table["sync_at"])
    if "calendars" in table:
        found["calendars"] = _calendars(table["calendars"])
    if "reminders" in table:
        found["reminders"] = _by_language(table["reminders"], "reminders")
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


def _by_language(value: Any, key: str = "crisis_lines") -> dict[str, str]:
    if isinstance(value, dict) and all(isinstance(said, str) and said.strip() for said in value.values()):
        return {code.lower(): said.strip() for code, said in value.items()}
    raise ConfigError(f'{key} in [site] must be a table of words by language, such as es = "...".')


def _calendars(value: Any) -> dict[str, str]:
    if isinstance(value, dict) and all(
        _REFERENCE.fullmatch(reference) and service in SERVICES for reference, service in value.items()
    ):
        return value
    raise ConfigError(
        "calendars in [site] must say of references such as Schedule/12 what they are of:"
        f" {', '.join(SERVICES)}."
    )


def _hours(value: Any) -> dict[int, tuple[time, time]]:
    only(value, set(WEEKDAYS), "hours of [site]")
    return {WEEKDAYS.index(day): _opening(day, text) for day, text in value.items()}


def _opening(day: str, text: Any) -> tuple[time, time]:
    try:
        opens, closes = (time.fromisoformat(part.strip()) for part in text.split("-"))
        if opens < closes:
            return opens, closes
    except (AttributeError, TypeError, ValueError):
        pass
    raise ConfigError(f"hours of [site]: {day} must be opening and closing time, such as {OPENING}.")


def _yes_or_no(value: Any, key: str) -> bool:
    if type(value) is not bool:
        raise ConfigError(f"{key} in [site] must be true or false.")
    return value


def _clock(value: Any) -> time:
    try:
        return value if type(value) is time else time.fromisoformat(value)
    except (TypeError, ValueError):
        raise ConfigError('sync_at in [site] must be a time of day, such as "03:30".') from None


def _days(value: Any) -> int:
    if type(value) is not int or value < SHORTEST_KEPT:
        raise ConfigError(f"keep_days in [site] must be a whole number of days, {SHORTEST_KEPT} or more.")
    return value


def _parallel(value: Any) -> int:
    if type(value) is not int or not 1 <= value <= 16:
        raise ConfigError("parallel in [site] must be a whole number from 1 to 16.")
    return value
