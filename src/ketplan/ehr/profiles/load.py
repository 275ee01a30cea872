"""Reading profile files strictly: an unknown key, a fact without a witness or a misspelt step is an error."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields
from enum import StrEnum
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, get_type_hints

from ketplan.ehr.profiles.making import STEPS
from ketplan.ehr.profiles.model import (
    Batch,
    Fact,
    Limit,
    Profile,
    Query,
    Quirk,
    ScopeHabit,
    SearchShape,
    Sign,
    Window,
    WriteShape,
)
from ketplan.errors import ConfigError

# The tables of a file, in TOML's [[double brackets]], and the field of a Profile each one fills.
TABLES: dict[str, tuple[str, type[Fact]]] = {
    "sign": ("signs", Sign),
    "search": ("searches", SearchShape),
    "write": ("writes", WriteShape),
    "limit": ("limits", Limit),
    "scopes": ("scopes", ScopeHabit),
    "quirk": ("quirks", Quirk),
    "batch": ("batches", Batch),
    "window": ("windows", Window),
}
PLAIN = ("name", "label")


@cache
def shipped() -> Mapping[str, Profile]:
    """The profiles ketplan comes with, by name."""
    folder = files("ketplan.ehr.profiles")
    texts = {p.name: p.read_text("utf-8") for p in folder.iterdir() if p.name.endswith(".toml")}
    return {profile.name: profile for profile in _all(texts)}


def generic() -> Profile:
    """That of an EHR nothing is known of."""
    return shipped()["generic"]


def with_own(folder: Path | None) -> Mapping[str, Profile]:
    """Those, and the ones in `folder`, which replace them where the name is the same. ConfigError."""
    if folder is None:
        return shipped()
    try:
        texts = {path.name: path.read_text("utf-8") for path in folder.glob("*.toml")}
    except (OSError, UnicodeDecodeError):
        raise ConfigError("KETPLAN_PROFILES: a profile file cannot be read.") from None
    if not texts:
        raise ConfigError("KETPLAN_PROFILES: there is no profile file (*.toml) in the folder.")
    return {**shipped(), **{profile.name: profile for profile in _all(texts)}}


def parse(file: str, text: str) -> Profile:
    """One file's profile. ConfigError that names the file and the key."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file} is not TOML: {error}.") from None
    _only(raw, {*PLAIN, *TABLES}, file)
    for key in PLAIN:
        if not isinstance(raw.get(key), str) or not raw[key].strip():
            raise ConfigError(f"{file}: {key} must be a text.")
    if f"{raw['name']}.toml" != file:
        raise ConfigError(f"{file}: name must be that of the file, without .toml.")
    facts: dict[str, tuple[Any, ...]] = {}
    for key, (name, kind) in TABLES.items():
        facts[name] = tuple(_fact(kind, table, f"{file}, [[{key}]]") for table in _tables(raw, key, file))
    profile = Profile(raw["name"], raw["label"], **facts)
    _check(profile, file)
    return profile


def _all(texts: Mapping[str, str]) -> Iterable[Profile]:
    return [parse(file, text) for file, text in sorted(texts.items())]


def _tables(raw: Mapping[str, Any], key: str, file: str) -> list[Any]:
    tables = raw.get(key, [])
    if not isinstance(tables, list):
        raise ConfigError(f"{file}: [[{key}]] is written with two brackets.")
    return tables


def _only(table: Any, known: set[str], where: str) -> None:
    if not isinstance(table, dict):
        raise ConfigError(f"{where}: a table is expected.")
    for key in table:
        if key not in known:
            raise ConfigError(f"{where}: {key} is not known; known are {', '.join(sorted(known))}.")


def _fact(kind: type[Fact], table: Any, where: str) -> Fact:
    types = get_type_hints(kind)
    _only(table, set(types), where)
    missing = [f.name for f in fields(kind) if _required(f) and f.name not in table]
    if missing:
        raise ConfigError(f"{where}: {missing[0]} is missing.")
    return kind(**{key: _value(types[key], value, f"{where}, {key}") for key, value in table.items()})


def _required(field: Any) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _value(kind: Any, value: Any, where: str) -> Any:
    """`value` as a field of the type `kind` holds it."""
    if kind is str:
        return _text(value, where)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        if value not in list(kind):
            raise ConfigError(f"{where} must be one of {', '.join(kind)}.")
        return kind(value)
    if kind == Query:
        return _query(value, where)
    if kind == tuple[Query, ...]:
        return tuple(_query(item, where) for item in _list(value, where))
    if kind == tuple[str, ...]:
        return tuple(_text(item, where) for item in _list(value, where))
    if kind == Mapping[str, str]:
        return {str(key): _text(item, where) for key, item in _mapping(value, where).items()}
    if kind in (bool, bool | None):
        return _of(bool, value, where)
    return _of(int, value, where)


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ConfigError(f"{where} must be a text.")
    return " ".join(value.split())


def _of(kind: type, value: Any, where: str) -> Any:
    if type(value) is not kind:
        words = {bool: "true or false", int: "a whole number"}
        raise ConfigError(f"{where} must be {words[kind]}.")
    return value


def _list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise ConfigError(f"{where} must be a list.")
    return value


def _mapping(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ConfigError(f"{where} must be a table.")
    return value


def _query(value: Any, where: str) -> Query:
    """ "patient={id}&category=survey" as pairs."""
    pairs = [part.partition("=") for part in _text(value, where).split("&")]
    if not all(name and equals and wanted for name, equals, wanted in pairs):
        raise ConfigError(f"{where} must be a query such as patient={{id}}&category=survey.")
    return tuple((name, wanted) for name, _, wanted in pairs)


def _check(profile: Profile, file: str) -> None:
    for sign in profile.signs:
        try:
            re.compile(sign.pattern)
        except re.error:
            raise ConfigError(f"{file}: the pattern {sign.pattern} is no regular expression.") from None
    searched = [shape.type for shape in profile.searches]
    if len(set(searched)) < len(searched):
        raise ConfigError(f"{file}: two [[search]] tables are about the same type.")
    for write in profile.writes:
        if unknown := set(write.make) - set(STEPS):
            raise ConfigError(f"{file}: make knows no step {min(unknown)}; known are {', '.join(STEPS)}.")
    for kind in (*searched, *(write.type for write in profile.writes)):
        if not re.fullmatch(r"[A-Z][A-Za-z]+|\*", kind):
            raise ConfigError(f"{file}: {kind} is no resource type.")
