"""Patient: who the record is about."""

from __future__ import annotations

from ketplan.clinical.record import Patient
from ketplan.fhir import datatypes as fhir
from ketplan.fhir.datatypes import Json
from ketplan.fhir.reading import Reading

BIRTH_SEX = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-birthsex"

# Best first; a use not listed ranks with "no use given".
_NAME_ORDER = {"official": 0, "usual": 1, "": 2, "nickname": 3, "anonymous": 3, "maiden": 4, "old": 5}
# v2-0203 types that identify a person to the state, not to a clinic: no screen of ours has use for them.
_STATE_IDENTIFIERS = frozenset({"SS", "SB", "DL", "PPN", "TAX"})
_MEDICAL_RECORD = "MR"


def read_patient(raw: Json, reading: Reading) -> Patient:
    return Patient(
        id=fhir.text(raw.get("id")),
        name=_name(raw),
        gender=fhir.text(raw.get("gender")).lower() or None,
        birth_sex=_birth_sex(raw),
        birth_date=reading.day(raw.get("birthDate")),
        deceased=_is_deceased(raw),
        identifiers=_identifiers(raw),
        language=_language(raw),
    )


def _name(raw: Json) -> str:
    ranked = sorted(fhir.elements(raw.get("name")), key=lambda n: _NAME_ORDER.get(fhir.text(n.get("use")), 2))
    return next((name for name in map(_full_name, ranked) if name), "")


def _full_name(name: Json) -> str:
    given = name.get("given")
    parts = [*(given if isinstance(given, list) else [given]), name.get("family")]
    return " ".join(filter(None, map(fhir.text, parts))) or fhir.text(name.get("text"))


def _birth_sex(raw: Json) -> str | None:
    for extension in fhir.elements(raw.get("extension")):
        if extension.get("url") == BIRTH_SEX:
            return fhir.text(extension.get("valueCode")).upper() or None
    return None


def _is_deceased(raw: Json) -> bool:
    """A date of death counts whether or not it can be read."""
    return fhir.boolean(raw.get("deceasedBoolean")) is True or bool(raw.get("deceasedDateTime"))


def _identifiers(raw: Json) -> tuple[tuple[str, str], ...]:
    """(label, value) pairs, the medical record number first; no longer used ones are left out."""
    found = []
    for identifier in fhir.elements(raw.get("identifier")):
        value = fhir.text(identifier.get("value"))
        kinds = {code.code for code in fhir.codings(identifier.get("type"))}
        if value and identifier.get("use") != "old" and not kinds & _STATE_IDENTIFIERS:
            found.append((_MEDICAL_RECORD not in kinds, _label(identifier), value))
    return tuple((label, value) for _, label, value in sorted(found, key=lambda item: item[0]))


def _label(identifier: Json) -> str:
    kind = identifier.get("type")
    named = fhir.words(kind) or next((c.display or c.code for c in fhir.codings(kind)), "")
    return named or fhir.text(identifier.get("system")).rstrip("/").replace(":", "/").rpartition("/")[2]


def _language(raw: Json) -> str:
    """The tag of the language that is preferred; the first one named where none is."""
    spoken = [
        (fhir.boolean(one.get("preferred")) is not True, code.code)
        for one in fhir.elements(raw.get("communication"))
        for code in fhir.codings(one.get("language"))
    ]
    return min(spoken, key=lambda one: one[0], default=(True, ""))[1]
