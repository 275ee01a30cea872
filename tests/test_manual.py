"""The printed manual: everything the tables hold is in it, in both forms, and nothing is fetched."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from html import unescape
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner

from ketplan import cli, manual
from ketplan.clinical import codes
from ketplan.clinical.assessment import assess
from ketplan.clinical.codes import ValueSet
from ketplan.clinical.disorders import DISORDERS, Disorder
from ketplan.clinical.house import GROUPS, House
from ketplan.clinical.library import SHIPPED
from ketplan.clinical.progress.proposals import Kind
from ketplan.clinical.protocols import evidence, ketamine, seed
from ketplan.clinical.protocols.evidence import Result
from ketplan.clinical.protocols.expectations import EXPECTED, RESISTANCE
from ketplan.clinical.record import When
from ketplan.clinical.rules import RULES
from ketplan.clinical.screens.interactions import INTERACTIONS
from ketplan.clinical.session import ladder
from ketplan.clinical.session.day_of_dose import go_no_go
from ketplan.clinical.session.discharge import discharge
from ketplan.clinical.session.lines import Verdict
from ketplan.clinical.setting import settable
from ketplan.manual import as_html, as_markdown, gate, sample, session
from ketplan.manual.blocks import Block, Bullets, Heading, Table, Text, heading, table
from ketplan.manual.tables import Tables
from ketplan.scheduling.clinic_hours import Clinic

SHIPPED_HERE = Tables("Harbour Clinic", Clinic("America/Chicago"))
BLOCKS = manual.document(SHIPPED_HERE)
MARKDOWN = as_markdown.write(BLOCKS)
HTML = as_html.write(BLOCKS)


def the_table(caption: str, blocks: tuple[Block, ...] = BLOCKS) -> Table:
    (found,) = (b for b in blocks if isinstance(b, Table) and b.caption == caption)
    return found


def first_cells(caption: str) -> list[str]:
    return [row[0].strip("`") for row in the_table(caption).rows]


# --- what is in it --------------------------------------------------------------------------------------


def test_every_rule_stands_in_it_with_all_it_says() -> None:
    for rule in RULES.values():
        (row,) = (r for r in the_table(f"{rule.cls.value} findings").rows if r[0] == f"`{rule.id}`")
        assert row[1:3] == (rule.label, rule.fires)
        assert rule.resolves in row[3] and row[4] == rule.source


def test_every_protocol_course_interaction_and_claim_stands_in_it() -> None:
    assert first_cells("The drug protocols") == [p.id for p in ketamine.PROTOCOLS if p.route]
    assert first_cells("The therapy courses") == [c.id for c in SHIPPED.courses]
    assert first_cells("Interacting drugs") == [i.id for i in INTERACTIONS]
    assert first_cells("The article's statements") == [c.id for c in seed.CLAIMS]
    assert len(the_table("House defaults of this site").rows) == len(settable(House))
    for name, caption in GROUPS.items():
        assert the_table(caption).head[0] == f"Name in [{name}]"
    for course in SHIPPED.courses:
        assert [row[1] for row in the_table(f"{course.id}: the sessions").rows] == list(course.titles)


def test_what_to_expect_stands_in_it_with_its_sources() -> None:
    rows = the_table("What to expect, now and in the long run").rows
    assert [row[0] for row in rows] == [e.topic for e in (*EXPECTED, RESISTANCE)]
    assert all(re.search(r"\[[FM]:", row[3]) for row in rows)
    assert first_cells("While a dose runs") == ["Oxygen saturation", "Staff"]


def test_every_value_set_stands_in_it() -> None:
    named = {v.name: v for v in vars(codes).values() if isinstance(v, ValueSet)}
    rows = {row[0]: row for row in the_table("Value sets").rows}
    assert rows.keys() == named.keys()
    for name, value_set in named.items():
        assert all(code in rows[name][1] for code in value_set.snomed)
        assert all(prefix in rows[name][2] for prefix in value_set.icd)


@pytest.mark.parametrize("disorder", DISORDERS, ids=lambda d: d.id)
def test_no_trial_is_left_out_and_a_null_result_looks_like_any_other(disorder: Disorder) -> None:
    rows = the_table(f"{disorder.title}: the trials, those that found nothing beside the others").rows
    trials = evidence.TRIALS[disorder.id]
    assert [row[0] for row in rows] == [t.name for t in trials]
    for row, trial in zip(rows, trials, strict=True):
        assert row[4:] == (trial.words, trial.source)
        assert (row[3] == "no benefit found") is (trial.result is Result.NULL)


def test_the_gate_is_the_gate_the_assessment_asks() -> None:
    """Every line that any patient can be asked for, by name; and none besides."""
    house = House(ecg_for_all=True)
    asked: set[str] = set()
    for birth in (When.on(date(1990, 1, 1)), None):
        record = sample.a_record(DISORDERS[0])
        patient = replace(record.patient, gender="female", birth_date=birth)
        assessment = assess(replace(record, patient=patient), sample.AS_OF, sample.START, house)
        asked |= {item.name for item in assessment.gate}
    assert [name for name, *_ in gate.lines(house)] == first_cells("The gate")
    assert {name for name, *_ in gate.lines(house)} == asked


def test_a_sites_country_and_ecg_rule_change_the_gate() -> None:
    lines = {name: row for name, *row in gate.lines(House(country="DE", ecg_for_all=True))}
    assert "pdmp_review" not in lines
    assert lines["ecg"][-1] == "everybody"


def test_every_line_of_the_day_and_of_discharge_stands_in_it_with_what_it_holds_on() -> None:
    """The lists say their reasons on a day when everything is wrong: none of them may pass."""
    passed = [line.id for line in go_no_go(session.BAD_DAY) if line.verdict is not Verdict.HOLD]
    assert passed == ["WEIGHT_CHANGE"]  # esketamine is not dosed by weight
    drip_day = go_no_go(replace(session.BAD_DAY, route="IV"))
    assert not [line for line in drip_day if line.verdict is not Verdict.HOLD]
    assert not [line for line in discharge(session.NOT_YET) if line.verdict is not Verdict.HOLD]
    drip = first_cells("Go or no-go: what holds a dose")
    spray = first_cells("Go or no-go: what is otherwise with esketamine")
    assert {*drip, *spray} == {line.id for line in go_no_go(session.BAD_DAY)}
    assert first_cells("Discharge: all of these must be met") == [
        line.id for line in discharge(session.NOT_YET)
    ]


@pytest.mark.parametrize(
    ("systolic", "diastolic", "rung"),
    [
        (140, 90, "proceed"),
        (141, 90, "rest 15 minutes and repeat"),
        (159, 99, "rest 15 minutes and repeat"),
        (160, 90, "hold, treat, book again"),
        (120, 100, "hold, treat, book again"),
    ],
)
def test_the_printed_ladder_is_the_one_that_decides(systolic: int, diastolic: int, rung: str) -> None:
    """Limits and words of the printed rungs against the ladder itself."""
    at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    standing = ladder.before_dose([ladder.Pressure(at, systolic, diastolic)], 40)
    assert standing.rung == rung
    printed = {words: reading for reading, words, _ in the_table("The blood-pressure ladder").rows}
    assert printed["proceed"] == "before: 140/90 (150/90 over 65) or less"
    assert printed["rest 15 minutes and repeat"] == "before: above that, under 160/100"
    assert printed["hold, treat, book again"] == "before: 160/100 or more, either number"


def test_what_a_review_may_propose_stands_in_its_order() -> None:
    rows = the_table("What a review may propose, in the order it is shown").rows
    assert [row[1] for row in rows] == [f"`{kind}`" for kind in Kind]


# --- sample courses -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "visits", "first"),
    [
        ("Generalized anxiety disorder", 6 + 14 + 7, "Infusion 1 of 6"),
        ("Obsessive-compulsive disorder", 1 + 17 + 6, "CBT 1: Planning: hierarchy and ritual monitoring"),
        ("Posttraumatic stress disorder", 3 + 10 + 6, "Infusion 1 of 3"),
        ("Specific phobia", 4 + 4, "CBT 1: Assessment and hierarchy"),
    ],
)
def test_a_sample_course_shows_every_visit_in_order(title: str, visits: int, first: str) -> None:
    rows = the_table(f"{title}: every visit of the proposed course").rows
    assert (len(rows), rows[0][2]) == (visits, first)


def test_a_sample_visit_has_date_day_length_window_and_reason() -> None:
    rows = the_table("Obsessive-compulsive disorder: every visit of the proposed course").rows
    assert rows[0] == (
        "Fri 27 Feb, 14:00",
        "-1",
        "CBT 1: Planning: hierarchy and ritual monitoring",
        "90",
        "Sun 22 Feb, Fri 27 Feb",
        "Moved from Sun 1 Mar (day -1): the clinic is closed at weekends.",
    )


def test_every_disorder_has_a_sample_by_every_route() -> None:
    for disorder in DISORDERS:
        rows = first_cells(f"{disorder.title}: sample dates by the other protocols")
        shown = {cell.split("`")[0] for cell in rows} | {disorder.default_protocol}
        assert shown >= {p.id for p in ketamine.PROTOCOLS if p.route}


@pytest.mark.parametrize(
    ("patient", "arithmetic"),
    [
        (
            "77 kg: half a milligram goes up",
            "0.5 mg/kg × 77.00 kg (actual weight) = 38.50 mg, rounded to 39 mg",
        ),
        ("110 kg, 170 cm: BMI 38", "0.5 mg/kg × 65.94 kg (ideal weight) = 32.97 mg, rounded to 33 mg"),
        ("70 kg, aged 70", "0.25 mg/kg × 70.00 kg (actual weight) = 17.50 mg, rounded to 18 mg"),
        ("no weight on file", "0.5 mg/kg × no usable weight: no dose"),
    ],
)
def test_dose_examples_are_computed_by_the_rules(patient: str, arithmetic: str) -> None:
    (row,) = (
        r for r in the_table("Examples: IV6_2PW, first dose and proposed steps").rows if r[0] == patient
    )
    assert row[1] == arithmetic


# --- the site -------------------------------------------------------------------------------------------


def test_as_shipped_it_says_that_nothing_was_changed() -> None:
    assert "Nothing: the tables are those ketplan ships." in MARKDOWN


def test_what_the_site_changed_is_in_front_and_in_the_tables() -> None:
    library = replace(
        SHIPPED,
        protocols=tuple(
            replace(p, mg_per_kg=(Decimal("0.4"),)) if p.id == "IV6_2PW" else replace(p, enabled=True)
            for p in SHIPPED.protocols
        ),
    )
    house = House(trial_days=42, cbt_window_hours=(24, 48))
    blocks = manual.document(replace(SHIPPED_HERE, house=house, library=library))
    (said,) = (b for b in blocks if isinstance(b, Bullets) and "IV6_2PW: dose" in b.items[0])
    assert said.items[0] == "IV6_2PW: dose 0.4 mg/kg (shipped: 0.5 mg/kg)."
    assert any("42 days (shipped: 56 days)" in item for item in said.items)
    by_name = {row[0]: row for row in the_table("House defaults of this site", blocks).rows}
    assert by_name["`trial_days`"][1:4] == ("42 days", "56 days", "**yes**")
    assert by_name["`review_minutes`"][3] == "no"
    text = as_markdown.write(blocks)
    assert "Therapy 24 to 48 hours after a dose is common practice, not proven." in text
    assert "0.4 mg/kg × 70.00 kg (actual weight) = 28.00 mg" in text
    assert "no, switched off" not in text


def test_a_site_without_the_default_protocol_is_shown_therapy_alone() -> None:
    library = replace(
        SHIPPED, protocols=tuple(replace(p, enabled=p.id != "IV6_2PW") for p in SHIPPED.protocols)
    )
    blocks = manual.document(replace(SHIPPED_HERE, library=library))
    rows = dict(
        row[:2] for row in the_table("Panic disorder: what it is recognised and measured by", blocks).rows
    )
    assert rows["Drug course proposed"] == "`none` (default off)"
    assert len(the_table("Panic disorder: every visit of the proposed course", blocks).rows) == 12 + 4


# --- as Markdown ----------------------------------------------------------------------------------------


def test_markdown_tables_are_whole() -> None:
    widths = {}
    for n, line in enumerate(MARKDOWN.splitlines()):
        if line.startswith("|"):
            widths[n] = len(re.findall(r"(?<!\\)\|", line))
    for n, width in widths.items():
        assert widths.get(n - 1, width) == width, MARKDOWN.splitlines()[n]


def test_a_bar_in_a_cell_does_not_break_the_row() -> None:
    assert as_markdown.write([table("T", "A | B", [("x|y", "")])]).endswith("| x\\|y | – |\n")


def test_it_is_the_same_whenever_it_is_printed() -> None:
    assert manual.markdown(SHIPPED_HERE) == MARKDOWN


# --- as HTML --------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """What an accessibility reviewer counts."""

    VOID = frozenset({"meta", "wbr"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


PAGE = Page(HTML)


def test_the_page_is_well_formed_and_needs_nothing_else() -> None:
    assert not PAGE.open
    assert not [tag for tag, _ in PAGE.tags if tag in ("script", "link", "img", "iframe", "object")]
    assert not re.search(r"url\(|@import|https?://", HTML)
    assert all(str(a["href"]).startswith("#") for a in PAGE.all("a"))


def test_the_page_can_be_read_without_seeing_it() -> None:
    assert PAGE.all("html") == [{"lang": "en"}]
    assert len(PAGE.all("h1")) == len(PAGE.all("main")) == len(PAGE.all("nav")) == 1
    tables = len(PAGE.all("table"))
    assert len(PAGE.all("caption")) == tables > 40
    labels = [attrs["aria-label"] for attrs in PAGE.all("div") if attrs.get("role") == "region"]
    assert len(labels) == len(set(labels)) == tables
    assert all(attrs.get("scope") in ("col", "row") for attrs in PAGE.all("th"))
    levels = [int(tag[1]) for tag, _ in PAGE.tags if re.fullmatch("h[1-6]", tag)]
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_every_link_leads_somewhere_on_the_page() -> None:
    ids = [str(attrs["id"]) for _, attrs in PAGE.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert {str(a["href"])[1:] for a in PAGE.all("a")} <= set(ids)


def test_a_source_tag_leads_to_its_source() -> None:
    assert '<a class="tag" href="#source-F-TAY18">[F:TAY18]</a>' in HTML
    assert '<a class="tag" href="#source-F-droracle">[F:droracle, secondary]</a>' in HTML
    assert '<tr id="source-F-TAY18">' in HTML
    assert '<abbr class="tag" title="House default: no source sets this">[H]</abbr>' in HTML


def test_no_tag_of_the_tables_lacks_its_source() -> None:
    """All but the two that explain the form of a tag are links."""
    plain = re.sub(r"<a class=\"tag\".*?</a>", "", HTML)
    assert set(re.findall(r"\[[FM]:[^\]]+\]", plain)) == {"[F:KEY]", "[M:KEY]"}


def test_words_are_escaped_and_markup_is_not_nested_wrongly() -> None:
    blocks: list[Block] = [
        heading(1, "A & B"),
        heading(2, "C"),
        Text("<b>not bold</b> but `CODE_NAME` and **strong [H] <i>**"),
        table("Less < more", "A | B", [("<x>", "a & b")]),
    ]
    html = as_html.write(blocks)
    assert "&lt;b&gt;not bold&lt;/b&gt; but <code>CODE_<wbr>NAME</code>" in html
    assert "<strong>strong <abbr" in html and "&lt;i&gt;</strong>" in html
    assert "&lt;x&gt;" in html and "a &amp; b" in html and 'aria-label="Less &lt; more"' in html
    Page(html)


def test_both_forms_say_the_same() -> None:
    words = unescape(re.sub(r"<[^>]+>", "", HTML.split("<main", 1)[1]))
    for block in BLOCKS:
        if isinstance(block, Heading | Text):
            assert re.sub(r"[`*]", "", block.words) in words


# --- from the command line ------------------------------------------------------------------------------


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "ketplan.toml"
    file.write_text('[site]\nname = "Quay Clinic"\n[protocol.IV6_2PW]\nminutes = 60\n', "utf-8")
    monkeypatch.setenv("KETPLAN_CONFIG", str(file))


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize(("option", "begins"), [("--manual", "# ketplan"), ("--html", "<!doctype html>")])
def test_the_command_prints_the_sites_own_manual(option: str, begins: str) -> None:
    result = CliRunner().invoke(cli.main, ["protocols", option])
    assert result.exit_code == 0, result.output
    assert result.output.startswith(begins)
    assert "Quay Clinic" in result.output
    assert "IV6_2PW: length 60 min (shipped: 40 min)." in result.output


@pytest.mark.usefixtures("site")
def test_the_short_list_says_what_the_site_set_too() -> None:
    result = CliRunner().invoke(cli.main, ["protocols"])
    assert result.exit_code == 0
    assert "over 60 min" in result.output
    assert result.output.endswith("  IV6_2PW: length 60 min (shipped: 40 min).\n")
