"""Every instrument ketplan knows: protocol facts 5.1, one row each. A column without a source stays empty.

What the six target disorders are judged by (maximum, response, remission) is in `clinical.scales` and taken
from there. Names of bands, where the source gives only their limits, are from memory [M].
"""

from __future__ import annotations

from ketplan.clinical import scales
from ketplan.clinical.instruments import own_words, wording
from ketplan.clinical.instruments.model import Band, Cut, Instrument, Item, Licence
from ketplan.clinical.scales import Scale
from ketplan.errors import InputError

FREE, OWN, UNSURE = Licence.FREE, Licence.OWN_WORDS, Licence.UNSURE
SCORE, LINK = Licence.SCORE_ONLY, Licence.LINK_ONLY


def _bands(words: str, *lowest: int) -> tuple[Band, ...]:
    """Bands named in order, the first from 0 on."""
    return tuple(Band(low, w) for low, w in zip((0, *lowest), words.split(", "), strict=True))


def _target(
    scale: Scale,
    number_of_items: int | None,
    licence: Licence,
    *,
    cuts: tuple[Cut, ...] = (),
    bandings: tuple[tuple[str, tuple[Band, ...]], ...] = (),
    reliable: int | None = None,
    panel: str | None = None,
    recalls: tuple[int, ...] = (),
    days_apart: int = 0,
    stem: str = "",
    items: tuple[Item, ...] = (),
) -> Instrument:
    """The row of an instrument that a target disorder is judged by."""
    return Instrument(
        scale.id,
        scale.title,
        number_of_items,
        scale.maximum,
        licence,
        scale.source,
        loinc_panel=panel,
        loinc_total=scale.loinc,
        recalls=recalls,
        days_apart=days_apart,
        stem=stem,
        items=items,
        cuts=cuts,
        bandings=bandings,
        response_pct=scale.response_pct,
        response_points=scale.response_points,
        remission_below=None if scale.remission_below is None else int(scale.remission_below),
        reliable_points=reliable,
    )


_PANIC_WORDS = "normal, borderline, slightly ill, moderately ill, markedly ill"
WITH_AGORAPHOBIA = "with agoraphobia"
PCL5_WEEK, PCL5_MONTH = 7, 30

INSTRUMENTS: tuple[Instrument, ...] = (
    _target(
        scales.GAD7,
        7,
        FREE,
        cuts=(Cut(10),),
        bandings=(("", _bands("minimal, mild, moderate, severe", 5, 10, 15)),),
        reliable=4,
        panel="69737-5",
        recalls=(14,),
        days_apart=14,  # 8b
        stem=wording.TWO_WEEKS,
        items=wording.GAD7_ITEMS,
    ),
    Instrument(
        "PHQ-9",
        "PHQ-9",
        9,
        27,
        FREE,
        "5.1 [F:PHQ-C]; change 5 points, remission below 5 [M:LOW04]",
        loinc_panel="44249-1",
        loinc_total="44261-6",
        recalls=(14,),
        stem=wording.TWO_WEEKS,
        items=wording.PHQ9_ITEMS,
        cuts=(Cut(10),),
        remission_below=5,
        reliable_points=5,
    ),
    Instrument(
        "PHQ-2",
        "PHQ-2",
        2,
        6,
        FREE,
        "5.1 [F:PHQ-C]; cut [M]",
        loinc_panel="55757-9",
        loinc_total="55758-7",
        recalls=(14,),
        stem=wording.TWO_WEEKS,
        items=wording.PHQ2_ITEMS,
        cuts=(Cut(3),),
    ),
    Instrument(
        "PSWQ",
        "Penn State Worry Questionnaire",
        16,
        80,
        FREE,
        "5.1: author confirmed public domain [F:CAMCOPS]",
        minimum=16,
    ),
    Instrument(
        "HAM-A",
        "Hamilton Anxiety Rating Scale (clinician)",
        14,
        56,
        FREE,
        "5.1 [F:CAMCOPS]; entry above 20 [F:ANZ-GLUE]",
        cuts=(Cut(21),),
        response_pct=50,
    ),
    _target(
        scales.PDSS,
        7,
        SCORE,
        bandings=(
            ("", _bands(_PANIC_WORDS, 2, 6, 10, 14)),
            (WITH_AGORAPHOBIA, _bands(_PANIC_WORDS, 3, 8, 11, 16)),
        ),
    ),
    # "About 30 / 60" [M]: two cuts, for social anxiety and for its generalized form.
    _target(scales.LSAS, 48, SCORE, cuts=(Cut(30), Cut(60, "generalized"))),
    Instrument(
        "SPIN",
        "Social Phobia Inventory",
        17,
        68,
        SCORE,
        "5.1: 79 % accuracy at 19 [F:SPIN]; response [M]",
        cuts=(Cut(19),),
        response_pct=50,
    ),
    _target(scales.PHOBIA, 10, SCORE),
    Instrument("FQ", "Fear Questionnaire", 15, 120, UNSURE, "5.1 [F:FQ, weak]"),
    _target(
        scales.YBOCS,
        10,
        SCORE,
        cuts=(Cut(16),),
        bandings=(("", _bands("subclinical, mild, moderate, severe, extreme", 8, 16, 24, 32)),),
    ),
    _target(
        scales.PCL5,
        20,
        FREE,
        cuts=(Cut(31),),
        reliable=15,
        panel="101697-1",
        recalls=(PCL5_MONTH, PCL5_WEEK),
        stem=wording.PCL5_MONTH,
        items=wording.PCL5_ITEMS,
    ),
    Instrument(
        "C-SSRS",
        "Columbia Suicide Severity Rating Scale, screener",
        7,
        None,
        LINK,
        "5.1 [F:CSSRS]",
        loinc_panel="93373-9",
        summed=False,
        link="https://cssrs.columbia.edu/",
    ),
    Instrument("CADSS", "CADSS", 23, 92, SCORE, "5.1; above 4 is dissociation [M:CADSS4]", cuts=(Cut(5),)),
    Instrument("CADSS-6", "CADSS-6", 6, 24, SCORE, "5.1 [F:CADSS6]"),
    Instrument(
        "MOAAS",
        "MOAA/S, in our words",
        1,
        5,
        OWN,
        "5.1: 5 to leave; wording [H]",
        items=own_words.MOAAS_ITEMS,
        cuts=(Cut(5, below=True),),
        higher_is_worse=False,
    ),
    Instrument("WHODAS-12", "WHODAS 2.0, 12 items", 12, 48, SCORE, "5.1 [M]"),
    Instrument("WSAS", "Work and Social Adjustment Scale", 5, 40, SCORE, "5.1 [F:CAMCOPS]"),
    Instrument(
        "CGI-S",
        "Clinical Global Impression, severity",
        1,
        7,
        FREE,
        "5.1 [F:CAMCOPS]",
        minimum=1,
        items=own_words.CGI_S_ITEMS,
    ),
    Instrument(
        "CGI-I",
        "Clinical Global Impression, improvement",
        1,
        7,
        FREE,
        "5.1 [F:CAMCOPS]",
        minimum=1,
        items=own_words.CGI_I_ITEMS,
    ),
    Instrument("BSI", "Brief Symptom Inventory", 53, None, SCORE, "5.1 [M]"),
    Instrument(
        "MoCA",
        "Montreal Cognitive Assessment",
        None,
        30,
        SCORE,
        "5.1 [F:CAMCOPS]",
        loinc_panel="72133-2",
        loinc_total="72172-0",
        cuts=(Cut(26, below=True),),
        higher_is_worse=False,
    ),
    Instrument(
        "SLUMS",
        "SLUMS cognition screen",
        None,
        30,
        FREE,
        "5.1 [F:CAMCOPS]",
        cuts=(Cut(27, "high school", below=True), Cut(25, "less than high school", below=True)),
        higher_is_worse=False,
    ),
    Instrument("BPIC-SS", "BPIC-SS", 8, 38, SCORE, "5.1 [F:HUM12]; cut [M:HUM12]", cuts=(Cut(19),)),
    Instrument(
        "LUTS",
        "Four questions on passing urine",
        4,
        4,
        OWN,
        "5.1 [H]",
        stem=own_words.LUTS_STEM,
        items=own_words.LUTS_ITEMS,
        cuts=(Cut(1),),
    ),
    Instrument(
        "AUDIT-C",
        "AUDIT-C",
        3,
        12,
        FREE,
        "5.1 [F:USCORE]; cut [F:LOINC-AUDITC]",
        loinc_panel="72109-2",
        loinc_total=scales.AUDIT_C,
        items=wording.AUDIT_C_ITEMS,
        cuts=(Cut(4, "men"), Cut(3, "women")),
    ),
    Instrument(
        "DAST-10",
        "DAST-10",
        10,
        10,
        SCORE,
        "5.1 [F:CAMCOPS]; cut [M]",
        loinc_panel="82666-9",
        loinc_total=scales.DAST_10,
        cuts=(Cut(3),),
    ),
    Instrument(
        "TWO-ITEM",
        "Mood and anxiety, two questions",
        2,
        20,
        OWN,
        "5.2 and 8b; wording [H]",
        stem=own_words.TWO_ITEM_STEM,
        items=own_words.TWO_ITEM_ITEMS,
    ),
    Instrument("VAS", "Anxiety on a line", 1, 100, OWN, "5.2 and 8b; wording [H]", items=own_words.VAS_ITEMS),
)
BY_ID = {i.id: i for i in INSTRUMENTS}


def instrument(id: str) -> Instrument:
    """The row with this id. Raises InputError when there is none."""
    if id not in BY_ID:
        raise InputError("There is no such instrument.")
    return BY_ID[id]
