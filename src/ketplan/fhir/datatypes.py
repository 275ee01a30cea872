"""FHIR's data types, read from raw JSON: every accessor is total, whatever shape it is handed.

Raw JSON is the truth of what was read. A foreign shape is never an error here: a list where one element is
due gives its first, one element where a list is due counts as a list of one, anything else reads as absent.
Whoever must tell "absent" from "there, but not understood" asks through `fhir.reading`.
"""

from __future__ import annotations

import calendar
import re
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from ketplan.clinical.record import CPT, ICD10CM, LOINC, RXNORM, SNOMED, UCUM, Answer, Code, Quantity, When

BASE = "https://ketplan.example.org/fhir"

Json = dict[str, Any]

_SYSTEM_BY_OID = {
    "urn:oid:2.16.840.1.113883.6.96": SNOMED,
    "urn:oid:2.16.840.1.113883.6.90": ICD10CM,
    "urn:oid:2.16.840.1.113883.6.1": LOINC,
    "urn:oid:2.16.840.1.113883.6.88": RXNORM,
    "urn:oid:2.16.840.1.113883.6.12": CPT,
    "urn:oid:2.16.840.1.113883.6.8": UCUM,
}
_COMPARATORS = frozenset({"<", "<=", ">=", ">"})
# A number beyond this many digits is noise or an attack; arithmetic on it could exhaust memory.
_MOST_DIGITS = 20
_NUMERIC = (int, float, Decimal, str)

_HIDDEN = re.compile(
    "[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]"
    "|(?<=[\x00-\u024f])[\u200c\u200d]|[\u200c\u200d](?=[\x00-\u024f])"
)
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]+")
_BROKEN = re.compile("[\ud800-\udfff\ufffe\uffff]")


# --- shapes ---------------------------------------------------------------------------------------------


def element(value: Any) -> Json:
    """The JSON object meant by `value`; an empty one when there is none."""
    if isinstance(value, dict):
        return value
    if isinstance(value, list):
        return next((item for item in value if isinstance(item, dict)), {})
    return {}


def elements(value: Any) -> list[Json]:
    """All JSON objects meant by `value`."""
    if isinstance(value, list):
        return [item for item in value if isinstance(item, dict)]
    return [value] if isinstance(value, dict) else []


# --- primitives -----------------------------------------------------------------------------------------


def legible(words: str) -> str:
    """Words without what a reader cannot see or a screen obeys: nothing steers, hides or turns round.

    Control characters (terminals act on them), marks of reading direction, characters of no width (between
    Latin letters also the joiners that other scripts need), halves of characters. Line breaks stay.
    """
    if words.isascii() and words.isprintable():
        return words
    return _BROKEN.sub("\N{REPLACEMENT CHARACTER}", _CONTROL.sub(" ", _HIDDEN.sub("", words)))


def text(value: Any) -> str:
    """A string as one reads it, without surrounding blanks; a code sent as a JSON integer counts as one."""
    if isinstance(value, str):
        # Nearly all text is plain: asked here, it costs no call.
        return (value if value.isascii() and value.isprintable() else legible(value)).strip()
    if value is None or isinstance(value, bool) or not isinstance(value, int):
        return ""
    return str(value) if abs(value) < 10**_MOST_DIGITS else ""


def boolean(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value.strip().lower()) if isinstance(value, str) else None


def number(value: Any) -> Decimal | None:
    """An exact Decimal from a JSON number or a string that holds one; never infinite, never absurdly long."""
    if isinstance(value, bool) or not isinstance(value, _NUMERIC):
        return None
    if isinstance(value, str) and ("_" in value or not value.isascii()):
        return None
    try:
        # str() of a float is its shortest exact spelling: 0.1, not 0.1000000000000000055.
        parsed = value if isinstance(value, Decimal) else Decimal(str(value).strip())
    except (InvalidOperation, ValueError):
        return None
    return parsed if parsed.is_finite() and abs(parsed.adjusted()) <= _MOST_DIGITS else None


def parse_when(value: Any, zone: ZoneInfo) -> When | None:
    """A FHIR date, dateTime or instant; None when it is absent, no date, or an impossible one.

    Partial dates stay partial. A time with an offset is told as the calendar date in `zone`; one without
    is the wall time of `zone`.
    """
    if not isinstance(value, str) or not value.isascii():
        return None
    stamp = value.strip()
    try:
        if len(stamp) > 10:
            return _moment(datetime.fromisoformat(stamp), zone)
        if len(stamp) == 10:
            return When.on(date.fromisoformat(stamp))
        if len(stamp) == 7:
            first = date.fromisoformat(f"{stamp}-01")
            return When(first, first.replace(day=calendar.monthrange(first.year, first.month)[1]))
        if len(stamp) == 4 and stamp.isdigit():
            return When(date(int(stamp), 1, 1), date(int(stamp), 12, 31))
    except (ValueError, OverflowError):
        pass
    return None


def _moment(moment: datetime, zone: ZoneInfo) -> When:
    local = moment.replace(tzinfo=zone) if moment.tzinfo is None else moment.astimezone(zone)
    day = local.date()
    # A fixed offset, so that differences stay right in the night the clocks go back.
    offset = timezone(local.utcoffset() or timedelta())
    return When(day, day, datetime.combine(day, local.time(), offset))


def parse_day(value: Any, zone: ZoneInfo) -> When | None:
    """A FHIR `date`. Some servers send midnight of some zone instead: only its calendar date is meant."""
    return parse_when(value.strip()[:10] if isinstance(value, str) else None, zone)


# --- codes ----------------------------------------------------------------------------------------------


def coding(value: Any) -> Code | None:
    """One Coding, its system by its canonical name; None without a code."""
    raw = element(value)
    code = text(raw.get("code"))
    if not code:
        return None
    system = text(raw.get("system"))
    system = _SYSTEM_BY_OID.get(system, system)
    if system == ICD10CM:
        code = code.upper()
        if len(code) > 3 and "." not in code:
            code = f"{code[:3]}.{code[3:]}"
    return Code(system, code, text(raw.get("display")))


def codings(concept: Any) -> tuple[Code, ...]:
    """The codings of a CodeableConcept that hold a code."""
    return tuple([code for raw in elements(element(concept).get("coding")) if (code := coding(raw))])


def words(concept: Any) -> str:
    """A CodeableConcept's text, or where no coding holds a code, the first display."""
    if isinstance(concept, str):
        return concept.strip()
    raw = element(concept)
    if said := text(raw.get("text")):
        return said
    if codings(raw):
        return ""
    displays = (text(c.get("display")) for c in elements(raw.get("coding")))
    return next((display for display in displays if display), "")


def all_words(concept: Any) -> str:
    """Everything a CodeableConcept says in words: its text and its displays."""
    raw = element(concept)
    said = [text(raw.get("text"))] + [text(c.get("display")) for c in elements(raw.get("coding"))]
    return "; ".join(dict.fromkeys(s for s in said if s)) or words(concept)


def status_code(concept: Any) -> str | None:
    """The code of a status CodeableConcept (or plain code): HL7's own coding before a local one."""
    if isinstance(concept, str):
        return concept.strip().lower() or None
    found = codings(concept)
    ranked = [c for c in found if "hl7.org" in c.system] or list(found)
    return (ranked[0].code if ranked else words(concept)).lower() or None


def answer(concept: Any) -> Answer | None:
    """A CodeableConcept as a value; None when it says nothing."""
    found = Answer(codings(concept), words(concept))
    return found if found.codes or found.text else None


def quantity(value: Any) -> Quantity | None:
    """A Quantity; None without a readable number. The unit: UCUM's code, else the code or the unit's text."""
    raw = element(value)
    amount = number(raw.get("value"))
    if amount is None:
        return None
    code, system = text(raw.get("code")), text(raw.get("system"))
    if not code or _SYSTEM_BY_OID.get(system, system) not in (UCUM, ""):
        code = text(raw.get("unit")) or code
    comparator = text(raw.get("comparator"))
    return Quantity(amount, code or None, comparator if comparator in _COMPARATORS else None)


# --- references and identifiers -------------------------------------------------------------------------


def reference(value: Any) -> str:
    """What a Reference points to, as "Type/id"; urn:, "#contained" and anything else as it stands."""
    target = text(value if isinstance(value, str) else element(value).get("reference"))
    if target.count("/") < 2 or target.startswith(("urn:", "#")):
        return target
    parts = target.partition("/_history/")[0].rstrip("/").rsplit("/", 2)
    return "/".join(parts[-2:])


def reference_to(resource: Json) -> str:
    """The reference by which a resource is cited; its bare type when it has no id."""
    kind, id = text(resource.get("resourceType")), text(resource.get("id"))
    return f"{kind}/{id}" if id else kind


def identifiers(resource: Json) -> tuple[tuple[str, str], ...]:
    """The (system, value) pairs of `identifier`."""
    pairs = ((text(i.get("system")), text(i.get("value"))) for i in elements(resource.get("identifier")))
    return tuple(pair for pair in pairs if pair[1])
