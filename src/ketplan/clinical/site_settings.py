"""A site's own version of the clinical tables, from its settings file: read once, checked once.

A site may switch protocols off and on and choose within limits; nothing it writes reaches beyond the hard
ceilings. Every refusal is one sentence that names the table, the number and the limit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import Field, replace
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from ketplan.clinical import limits
from ketplan.clinical.house import GROUPS, House, group
from ketplan.clinical.library import Library
from ketplan.clinical.protocols import cbt, ketamine
from ketplan.clinical.protocols.cbt import CbtProtocol
from ketplan.clinical.protocols.ketamine import KetamineProtocol, TitrationStep
from ketplan.clinical.setting import settable, worded
from ketplan.errors import ConfigError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

TABLES = (*GROUPS, "protocol", "course")
PROTOCOL_KEYS = (
    "enabled",
    "mg_per_kg",
    "minutes",
    "day_offsets",
    "titration",
    "floor_mg_per_kg",
    "ceiling_mg_per_kg",
)
COURSE_KEYS = ("minutes", "day_offsets")
_STEP_KEYS = ("after", "improvement_below_pct", "mg_per_kg")


def read(tables: Mapping[str, Any], country: str) -> tuple[House, Library]:
    """The house defaults and the library of a site; `tables` are those of its file, by name (TABLES).

    Numbers with a fraction must come as Decimal. Raises ConfigError.
    """
    house = _house(tables, country)
    protocols = _named(tables.get("protocol", {}), "protocol", [p.id for p in ketamine.PROTOCOLS if p.route])
    courses = _named(tables.get("course", {}), "course", list(cbt.BY_ID))
    return house, Library(
        tuple(_protocol(p, protocols.get(p.id, {}), house) for p in ketamine.PROTOCOLS),
        tuple(_course(c, courses.get(c.id, {})) for c in cbt.COURSES),
    )


# --- house defaults -------------------------------------------------------------------------------------


def _house(tables: Mapping[str, Any], country: str) -> House:
    """Every table of GROUPS: those beside [house] are groups, the pressure's within the day's."""
    shipped = House()
    told = {name: _group(group(shipped, name), tables.get(name, {}), name) for name in GROUPS}
    groups: dict[str, Any] = {
        name: replace(group(shipped, name), **told[name]) for name in GROUPS if name != "house"
    }
    session = replace(groups.pop("session"), pressure=groups.pop("pressure"))
    return House(country=country, session=session, **groups, **told["house"])


def _group(shipped: DataclassInstance, table: Any, name: str) -> dict[str, Any]:
    """The values a table sets; the country is the site's."""
    known = {f.name: f for f in settable(shipped) if f.name != "country"}
    _known(table, list(known), f"[{name}]")
    return {key: _default(known[key], value, f"{key} in [{name}]") for key, value in table.items()}


def _default(field: Field[Any], value: Any, where: str) -> Any:
    shipped, unit = field.default, field.metadata["unit"]
    if isinstance(shipped, bool):
        return _yes_or_no(value, where)
    if isinstance(shipped, str):
        return _words(value, where)
    if isinstance(shipped, tuple):
        parts = _whole_numbers(value, len(shipped), where)
        for one, next_one in pairwise(parts):
            if one >= next_one:
                raise ConfigError(f"{where}: {one} {unit} does not come before {next_one} {unit}.")
        return tuple(_within(field, part, where) for part in parts)
    number = _decimal(value, where) if isinstance(shipped, Decimal) else _whole(value, where)
    if field.name == "esketamine_first_mg_from_65" and number % 28:
        raise ConfigError(f"{where}: {number} mg is not a whole number of 28 mg devices.")
    return _within(field, number, where)


def _within(field: Field[Any], number: Any, where: str) -> Any:
    unit, (least, most), why = (field.metadata[key] for key in ("unit", "allowed", "why"))
    reason = f" ({why})" if why else ""
    said = f"{where}: {worded(number, unit)} is"
    if number < least:
        raise ConfigError(f"{said} below the least allowed, {worded(least, unit)}{reason}.")
    if number > most:
        raise ConfigError(f"{said} above the most allowed, {worded(most, unit)}{reason}.")
    return number


# --- drug courses ---------------------------------------------------------------------------------------


def _protocol(shipped: KetamineProtocol, table: Any, house: House) -> KetamineProtocol:
    _known(table, PROTOCOL_KEYS, f"[protocol.{shipped.id}]")
    changes = {key: _READ[key](shipped, value) for key, value in table.items()}
    protocol = replace(shipped, **changes)
    found = [*limits.faults(protocol, house)]
    found += limits.titration_faults(protocol) if "titration" in changes else ()
    if found:
        raise ConfigError(f"{shipped.id}: {found[0]}.")
    return protocol


def _doses(shipped: KetamineProtocol, value: Any) -> tuple[Decimal, ...]:
    if not shipped.weight_dosed:
        raise ConfigError(f"{shipped.id}: esketamine is dosed by device, not by weight.")
    values = value if isinstance(value, list) else [value]
    if len(values) != len(shipped.mg_per_kg):
        count = len(shipped.mg_per_kg)
        raise ConfigError(f"{shipped.id}: mg_per_kg takes {'one dose' if count == 1 else f'{count} doses'}.")
    return tuple(_decimal(v, f"{shipped.id}: mg_per_kg") for v in values)


def _limit(shipped: KetamineProtocol, value: Any) -> Decimal:
    if not shipped.weight_dosed:
        raise ConfigError(f"{shipped.id}: esketamine has no limit by weight.")
    return _decimal(value, f"{shipped.id}: a floor or ceiling")


def _length(shipped: KetamineProtocol, value: Any) -> int:
    if shipped.minutes is None:
        raise ConfigError(f"{shipped.id}: only an infusion has minutes.")
    return _whole(value, f"{shipped.id}: minutes")


def _days(shipped: KetamineProtocol | CbtProtocol, value: Any) -> tuple[int, ...]:
    count = len(shipped.day_offsets if isinstance(shipped, KetamineProtocol) else shipped.offsets)
    return _whole_numbers(value, count, f"{shipped.id}: day_offsets")


def _titration(shipped: KetamineProtocol, value: Any) -> tuple[TitrationStep, ...]:
    where = f"{shipped.id}: titration"
    if not isinstance(value, list):
        raise ConfigError(f"{where} must be a list of steps, [] for none.")
    if value and not shipped.titration:
        raise ConfigError(f"{shipped.id}: this protocol has no titration.")
    for step in value:
        _known(step, _STEP_KEYS, where)
        if len(step) < len(_STEP_KEYS):
            raise ConfigError(f"{where}: every step needs {', '.join(_STEP_KEYS)}.")
    return tuple(
        TitrationStep(
            _whole(step["after"], where),
            _whole(step["improvement_below_pct"], where),
            _decimal(step["mg_per_kg"], where),
        )
        for step in value
    )


_READ: dict[str, Any] = {
    "enabled": lambda shipped, value: _yes_or_no(value, f"{shipped.id}: enabled"),
    "mg_per_kg": _doses,
    "minutes": _length,
    "day_offsets": _days,
    "titration": _titration,
    "floor_mg_per_kg": _limit,
    "ceiling_mg_per_kg": _limit,
}


# --- therapy courses ------------------------------------------------------------------------------------


def _course(shipped: CbtProtocol, table: Any) -> CbtProtocol:
    _known(table, COURSE_KEYS, f"[course.{shipped.id}]")
    minutes, offsets = shipped.minutes, shipped.offsets
    if "minutes" in table:
        minutes = _session_minutes(shipped, table["minutes"])
    if "day_offsets" in table:
        offsets = _days(shipped, table["day_offsets"])
        if list(offsets) != sorted(set(offsets)):
            raise ConfigError(f"{shipped.id}: there is one session a day, each later than the one before.")
        if offsets[0] < limits.FIRST_SESSION_DAY or (0 in offsets and not shipped.own_calendar):
            raise ConfigError(
                f"{shipped.id}: no session on day 0, the day of the first dose, or before"
                f" day {limits.FIRST_SESSION_DAY}."
            )
    return replace(shipped, minutes=minutes, offsets=offsets)


def _session_minutes(shipped: CbtProtocol, value: Any) -> tuple[int, ...]:
    where = f"{shipped.id}: minutes"
    many = isinstance(value, list)
    minutes = _whole_numbers(value, len(shipped.offsets), where) if many else (_whole(value, where),)
    shortest, longest = limits.SESSION_MINUTES
    for m in minutes:
        if not shortest <= m <= longest:
            raise ConfigError(f"{shipped.id}: a session of {m} min is outside {shortest} to {longest} min.")
    return minutes


# --- reading --------------------------------------------------------------------------------------------


def _named(table: Any, kind: str, known: Sequence[str]) -> Mapping[str, Any]:
    """The tables of one kind by id, [protocol.ID]."""
    if not isinstance(table, dict):
        raise ConfigError(f"A {kind} is set in a table of its own, such as [{kind}.{known[0]}].")
    for id in table:
        if id not in known:
            raise ConfigError(f"There is no {kind} {id}; known are {', '.join(known)}.")
    return table


def _known(table: Any, keys: Sequence[str], where: str) -> None:
    if not isinstance(table, dict):
        raise ConfigError(f"In {where} a table is expected.")
    for key in table:
        if key not in keys:
            raise ConfigError(f"{key} is not known in {where}; known are {', '.join(keys)}.")


def _yes_or_no(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise ConfigError(f"{where} must be true or false.")
    return value


def _words(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ConfigError(f"{where} must be words in quotation marks.")
    return value.strip()


def _whole(value: Any, where: str) -> int:
    if type(value) is not int:
        raise ConfigError(f"{where} must be a whole number.")
    return value


def _whole_numbers(value: Any, count: int, where: str) -> tuple[int, ...]:
    if not isinstance(value, list) or len(value) != count:
        raise ConfigError(f"{where} must be a list of {count} whole numbers.")
    return tuple(_whole(part, where) for part in value)


def _decimal(value: Any, where: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not Decimal(value).is_finite():
        raise ConfigError(f"{where} must be a number.")
    return Decimal(value)
