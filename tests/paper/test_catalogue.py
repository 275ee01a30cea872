"""The catalogues: nothing untranslated, nothing stale, and the .mo is made of the .po."""

from __future__ import annotations

import gettext
from io import BytesIO
from pathlib import Path

import pytest

from ketplan.paper import catalogue
from ketplan.paper.catalogue import FOLDER, Message, compiled, faults, messages, read
from ketplan.paper.languages import codes

SOURCES = sorted(FOLDER.glob("*/LC_MESSAGES/patient.po"))


def test_every_language_on_offer_has_its_source() -> None:
    assert {po.parent.parent.name for po in SOURCES} == set(codes()) - {"en"}
    assert "es" in codes()


@pytest.mark.parametrize("po", SOURCES, ids=lambda po: po.parent.parent.name)
def test_a_catalogue_is_whole_and_compiled(po: Path) -> None:
    known = read(po.read_text("utf-8"))
    assert list(faults(known)) == []
    assert po.with_suffix(".mo").read_bytes() == compiled(known), "run python -m ketplan.paper.catalogue"


def test_the_template_for_translators_is_up_to_date() -> None:
    assert (FOLDER / "patient.pot").read_text("utf-8") == catalogue.template()


def test_the_standard_library_reads_what_is_compiled() -> None:
    known = read(SOURCES[0].read_text("utf-8"))
    words = gettext.GNUTranslations(BytesIO(compiled(known)))
    for message in messages():
        said = known[message]
        if message.plural:
            assert [words.ngettext(message.text, message.plural, n) for n in (1, 2)] == list(said)
        elif message.context:
            assert words.pgettext(message.context, message.text) == said[0]
        else:
            assert words.gettext(message.text) == said[0]


def test_faults_of_a_translation_are_found() -> None:
    whole = {m: (m.text, m.plural) if m.plural else (m.text,) for m in messages()}
    assert list(faults(whole)) == []
    one = next(m for m in messages() if "%(number)s" in m.text)
    for said, fault in (("", "not translated"), ("no place", "other placeholders"), ("<b>", "markup")):
        assert any(found.startswith(fault) for found in faults({**whole, one: (said,)}))
    assert any("any more" in found for found in faults({**whole, Message("Gone"): ("Weg",)}))
    del whole[one]
    assert [f for f in faults(whole) if f.startswith("not translated")]


def test_a_source_may_break_its_lines_and_hold_comments() -> None:
    head = '# said\nmsgid ""\nmsgstr ""\n"X: y\\n"\n\n'
    text = f'{head}#: a\nmsgctxt "c"\nmsgid "one "\n"two"\nmsgstr "a \\"b\\""\n'
    assert read(text) == {Message(""): ("X: y\n",), Message("one two", context="c"): ('a "b"',)}
