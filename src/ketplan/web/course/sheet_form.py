"""What a sent form says, as the sheet keeps it: word for word, and a clinician's reasons with their name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from werkzeug.datastructures import MultiDict

from ketplan.clinical.screens.suicide import RELEASE_FIELDS
from ketplan.clinical.session.asked import BEFORE, DOSE, LEAVING, LONGEST_WORDS, PRESSURE, SET, Field
from ketplan.clinical.session.sheet import Override
from ketplan.clinical.session.starting import Bar, Way, fingerprint
from ketplan.web.course.day import Day
from ketplan.web.course.sheet_entries import MOST_ROWS, SYMPTOMS, kept_override

Form = MultiDict[str, str]
Content = dict[str, Any]
# Some more than is allowed, so that what is too long comes back marked and not cut.
_LONGEST = LONGEST_WORDS * 2
REASON, ABOUT = "reason", "about"


def typed(fields: Sequence[Field], form: Form, prefix: str = "") -> dict[str, str]:
    given = {f.name: form.get(f"{prefix}{f.name}", "")[:_LONGEST] for f in fields}
    return {name: text for name, text in given.items() if text.strip()}


def with_before(day: Day, form: Form) -> Content:
    """The answers before the dose, every reading of the pressure, and the reasons given for lines."""
    content = dict(day.content)
    content["before"] = typed(BEFORE, form)
    rows = [typed(PRESSURE, form, f"p{n}_") for n in range(1, MOST_ROWS + 1)]
    content["pressures"] = [row for row in rows if row.keys() - {"at"}]
    content["reasons"] = _reasons(form)
    return content


def with_dose(day: Day, form: Form) -> Content:
    """The dose, and the one set of vital signs that the form holds; a set keeps its place."""
    content = dict(day.content)
    content["dose"] = typed(DOSE, form)
    row: dict[str, str] = typed(SET, form, "s_")
    if ticked := " ".join(form.getlist(f"s_{SYMPTOMS}")[:10]):
        row[SYMPTOMS] = ticked[:200]
    sets = list(content.get("sets", ()))
    place = form.get("set", "")
    if place.isdigit() and 0 < int(place) <= len(sets):
        sets[int(place) - 1] = row if row.keys() - {"at"} else sets[int(place) - 1]
    elif row.keys() - {"at"} and len(sets) < MOST_ROWS:
        sets.append(row)
    content["sets"] = sets
    return content


def with_leaving(day: Day, form: Form) -> Content:
    return {**day.content, "leaving": typed(LEAVING, form)}


# --- reasons ------------------------------------------------------------------------------------------------


def _reasons(form: Form) -> dict[str, dict[str, str]]:
    """By line: the words, or the five parts, and what the line said when they were written."""
    found: dict[str, dict[str, str]] = {}
    for name, text in form.items():
        kind, _, rest = name.partition("-")
        line, _, part = rest.partition(".")
        if kind in (REASON, ABOUT) and line and text.strip():
            found.setdefault(line, {})[f"{kind}{f'.{part}' if part else ''}"] = text[:_LONGEST]
    return {line: said for line, said in found.items() if said.keys() - {ABOUT}}


def with_overrides(day: Day) -> tuple[Content, Mapping[str, str]]:
    """The content with the reasons that count, and why the others do not, by line.

    A reason counts for what the line says now, from somebody who may sign; one that stood before still does.
    """
    reasons: Mapping[str, Mapping[str, str]] = day.content.get("reasons", {})
    before = {o.line: o for o in day.entries.sheet.overrides}
    kept: list[Override] = []
    problems: dict[str, str] = {}
    for bar in day.bars:
        said = reasons.get(bar.line.id, {})
        if not said or bar.way not in (Way.REASON, Way.FIVE_PARTS):
            continue
        reason, problem = _worded(bar, said)
        given = _given(day, bar, reason, before.get(bar.line.id))
        if problem := problem or _not_now(bar, said, given):
            problems[bar.line.id] = problem
        elif given:
            kept.append(given)
    return {**day.content, "overrides": [kept_override(o) for o in kept]}, problems


def _worded(bar: Bar, said: Mapping[str, str]) -> tuple[str, str]:
    """The reason in words, and what is missing of it."""
    if bar.way is Way.REASON:
        return said.get(REASON, "").strip(), ""
    parts = {part: said.get(f"{REASON}.{n}", "").strip() for n, part in enumerate(RELEASE_FIELDS, 1)}
    missing = [part for part, words in parts.items() if not words]
    words = "; ".join(f"{part}: {text}" for part, text in parts.items())
    return words, f"Every part is needed; missing: {', '.join(missing)}." if missing else ""


def _given(day: Day, bar: Bar, reason: str, before: Override | None) -> Override | None:
    about = fingerprint(bar.line, day.facts)
    if before and (before.about, before.reason) == (about, reason):
        return before
    signer = day.session.signer
    if signer is None:
        return None
    return Override(bar.line.id, about, reason, signer.reference, signer.name, day.now)


def _not_now(bar: Bar, said: Mapping[str, str], given: Override | None) -> str:
    if given is None:
        return "Only a clinician whose role may sign here can pass this line."
    if said.get(ABOUT) != given.about:
        return "The line says something else by now: read it, then save the reason again."
    return ""


def rows_of(content: Mapping[str, Any], name: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    yield from enumerate(content.get(name, ()), 1)


def resaved(day: Day) -> tuple[Day, Mapping[str, str]]:
    """The day with its reasons weighed again after anything on the sheet has changed."""
    content, problems = with_overrides(day)
    weighed = day.with_content(content)
    sheet = weighed.entries.sheet
    if sheet.started and weighed.may_start and "accepted" not in content:
        recorder = day.session.recorder
        accepted = {"by": recorder.reference if recorder else "", "at": day.now.isoformat()}
        weighed = weighed.with_content({**content, "accepted": accepted})
    return replace(weighed), problems
