"""Telling a drug from its code and name. SAMPLE is every medication of the shared synthetic records."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketplan.clinical import ingredient_table, ingredients, ordinary_ingredients
from ketplan.clinical.ingredients import INGREDIENTS, names_in, resolve
from ketplan.clinical.record import RXNORM, Code
from ketplan.clinical.screens.interactions import INTERACTIONS, NMDA
from ketplan.clinical.screens.resistance import FIRST_LINE

NDC = "http://hl7.org/fhir/sid/ndc"
LOCAL = "https://ehr.example.org/drugs"
UNKNOWN = "99999999"

# code | display | ingredients. Among them a misspelling, bare brands, packs, and an obsolete drug.
SAMPLE = """
752899 | 0.25 ML Leuprolide Acetate 30 MG/ML Prefilled Syringe | leuprolide
1860480 | 1 ML DOCEtaxel 20 MG/ML Injection | docetaxel
1000126 | 1 ML medroxyprogesterone acetate 150 MG/ML Injection | medroxyprogesterone
1719286 | 10 ML Furosemide 10 MG/ML Injection | furosemide
1736776 | 10 ML oxaliplatin 5 MG/ML Injection | oxaliplatin
895994 | 120 ACTUAT Fluticasone propionate 0.044 MG/ACTUAT Metered Dose Inhaler | fluticasone
745679 | 200 ACTUAT Albuterol 0.09 MG/ACTUAT Metered Dose Inhaler | albuterol
1599803 | 24 HR Donepezil hydrochloride 10 MG / Memantine hydrochloride 28 MG Extended Release Oral Capsule \
| donepezil + memantine
1043563 | 24 HR metformin hydrochloride 1000 MG / saxagliptin 2.5 MG Extended Release Oral Tablet \
| metformin + saxagliptin
860975 | 24 HR Metformin hydrochloride 500 MG Extended Release Oral Tablet | metformin
866414 | 24 HR metoprolol succinate 100 MG Extended Release Oral Tablet [Toprol] | metoprolol
198031 | 24hr nicotine transdermal patch | nicotine
1860154 | Abuse-Deterrent 12 HR Oxycodone Hydrochloride 15 MG Extended Release Oral Tablet | oxycodone
282464 | Acetaminophen 160 MG Oral Tablet | acetaminophen
1043400 | Acetaminophen 21.7 MG/ML / Dextromethorphan Hydrobromide 1 MG/ML \
/ doxylamine succinate 0.417 MG/ML Oral Solution \
| acetaminophen + dextromethorphan + doxylamine
1310197 | Acetaminophen 300 MG / HYDROcodone Bitartrate 5 MG [Vicodin] | acetaminophen + hydrocodone
1049221 | Acetaminophen 325 MG / oxyCODONE Hydrochloride 5 MG Oral Tablet | acetaminophen + oxycodone
313782 | Acetaminophen 325 MG Oral Tablet | acetaminophen
856980 | Acetaminophen/Hydrocodone | acetaminophen + hydrocodone
904419 | Alendronic acid 10 MG Oral Tablet | alendronate
1804799 | Alteplase 100 MG Injection | alteplase
197361 | Amlodipine 5 MG Oral Tablet | amlodipine
562251 | Amoxicillin 250 MG / Clavulanate 125 MG Oral Tablet | amoxicillin + clavulanate
243670 | Aspirin 81 MG Oral Tablet | aspirin
197378 | Astemizole 10 MG Oral Tablet | astemizole
608139 | atomoxetine 100 MG Oral Capsule | atomoxetine
259255 | Atorvastatin 80 MG Oral Tablet | atorvastatin
993532 | bupropion hydrochloride 200 MG | bupropion
748962 | Camila 28 Day Pack | norethindrone
833036 | Captopril 25 MG Oral Tablet | captopril
309097 | Cefuroxime 250 MG Oral Tablet | cefuroxime
477045 | Chlorpheniramine Maleate 2 MG/ML Oral Solution | chlorpheniramine
1153378 | Clonazepam [Klonopin] | clonazepam
309362 | Clopidogrel 75 MG Oral Tablet | clopidogrel
563026 | Diazepam [Valium] | diazepam
197604 | Digoxin 0.125 MG Oral Tablet | digoxin
1049630 | diphenhydrAMINE Hydrochloride 25 MG Oral Tablet | diphenhydramine
831533 | Errin 28 Day Pack | norethindrone
389221 | Etonogestrel 68 MG Drug Implant | etonogestrel
997488 | Fexofenadine hydrochloride 30 MG Oral Tablet | fexofenadine
406022 | Fluoxetine 25MG | fluoxetine
310436 | Galantamine 4 MG Oral Tablet | galantamine
316049 | Hydrochlorothiazide 25 MG | hydrochlorothiazide
106258 | Hydrocortisone 10 MG/ML Topical Cream | hydrocortisone
310965 | Ibuprofen 200 MG Oral Tablet | ibuprofen
106892 | insulin human, isophane 70 UNT/ML \
/ Regular Insulin, Human 30 UNT/ML Injectable Suspension [Humulin] \
| insulin isophane + insulin, regular, human
757594 | Jolivette 28 Day Pack | norethindrone
315971 | Lasix 40mg | furosemide
1803932 | Leucovorin 100 MG Injection | leucovorin
748879 | Levora 0.15/30 28 Day Pack | ethinyl estradiol + levonorgestrel
966222 | Levothyroxine Sodium 0.075 MG Oral Tablet | levothyroxine
1605257 | Liletta 52 MG Intrauterine System | levonorgestrel
665078 | Loratadine 5 MG Chewable Tablet | loratadine
197900 | lorazepam 0.5 MG Oral Tablet | lorazepam
206821 | lorazepam 0.5 MG Oral Tablet [Ativan] | lorazepam
1091392 | Methylphenidate Hydrochloride 20 MG Oral Tablet | methylphenidate
807283 | Mirena 52 MG Intrauterine System | levonorgestrel
849574 | Naproxen sodium 220 MG Oral Tablet | naproxen
1870230 | NDA020800 0.3 ML Epinephrine 1 MG/ML Auto-Injector | epinephrine
311989 | Nitrofurantoin 5 MG/ML Oral Suspension | nitrofurantoin
705129 | Nitroglycerin 0.4 MG/ACTUAT Mucosal Spray | nitroglycerin
1367439 | NuvaRing 0.12/0.015 MG per 24HR 21 Day Vaginal Ring | ethinyl estradiol + etonogestrel
1738483 | paroxetine hydrochloride 10 MG Oral Tablet | paroxetine
834061 | Penicillin V Potassium 250 MG Oral Tablet | penicillin V
834102 | Penicillin V Potassium 500 MG Oral Tablet | penicillin V
1094107 | Phenazopyridine hydrochloride 100 MG Oral Tablet | phenazopyridine
312617 | predniSONE 5 MG Oral Tablet | prednisone
328670 | Sertraline 100MG | sertraline
312961 | Simvastatin 20 MG Oral Tablet | simvastatin
316672 | Simvistatin 10 MG | simvastatin
897718 | Verapamil Hydrochloride 40 MG | verapamil
855332 | Warfarin Sodium 5 MG Oral Tablet | warfarin
"""

# 3.2, 3.4 and 8b: the codes the rules are written in.
PAPER = """
alprazolam 596, clonazepam 2598, diazepam 3322, lorazepam 6470, midazolam 6960, temazepam 10355,
chlordiazepoxide 2356, triazolam 10767, lamotrigine 28439, phenelzine 8123, tranylcypromine 10734,
isocarboxazid 6011, selegiline 9639, linezolid 190376, amphetamine 725, dextroamphetamine 3288,
lisdexamfetamine 700810, methylphenidate 6901, dexmethylphenidate 352372, methamphetamine 6816, modafinil
30125, armodafinil 641465, morphine 7052, oxycodone 7804, hydrocodone 5489, fentanyl 4337, methadone 6813,
buprenorphine 1819, tramadol 10689, codeine 2670, zolpidem 39993, eszopiclone 461016, gabapentin 25480,
pregabalin 187832, phenobarbital 8134, naltrexone 7243, clarithromycin 21212, ritonavir 85762, ketoconazole
6135, itraconazole 28031, nefazodone 31565, ticlopidine 10594, clopidogrel 32968, rifampin 9384, carbamazepine
2002, phenytoin 8183, theophylline 10438, aminophylline 689, sertraline 36437, fluoxetine 4493, paroxetine
32937, escitalopram 321988, citalopram 2556, fluvoxamine 42355, venlafaxine 39786, desvenlafaxine 734064,
duloxetine 72625, clomipramine 2597, buspirone 1827, mirtazapine 15996, ketamine 6130, esketamine 2119365,
clobazam 21241, oxazepam 7781, estazolam 4077, flurazepam 4501, quazepam 35185, clorazepate 2353,
hydromorphone 3423, oxymorphone 7814, tapentadol 787390, meperidine 6754, hydroxyzine 5553, quetiapine 51272,
trazodone 10737, sodium oxybate 9899, clozapine 2626, haloperidol 5093, risperidone 35636
"""

NAMED = """
Ketalar 50 mg/mL injection | ketamine
esketamine 28 MG/ACTUAT Nasal Spray [Spravato] | esketamine
SPRAVATO (56 MG DOSE) 28 mg/device nasal solution | esketamine
(S)-ketamine nasal spray | esketamine
Adderall XR 20 MG 24 hr capsule | amphetamine + dextroamphetamine
dextroamphetamine-amphetamine (ADDERALL) 10 MG tablet | amphetamine + dextroamphetamine
amphetamine aspartate 5 MG / amphetamine sulfate 5 MG / dextroamphetamine saccharate 5 MG Oral Tablet \
| amphetamine + dextroamphetamine
mixed amphetamine salts | amphetamine + dextroamphetamine
Evekeo 10 mg | amphetamine
methamphetamine hydrochloride 5 MG Oral Tablet [Desoxyn] | methamphetamine
dexamfetamine sulfate 5 mg tablets | dextroamphetamine
lisdexamfetamine dimesylate 30 MG Oral Capsule [Vyvanse] | lisdexamfetamine
Concerta 36 mg ER tablet | methylphenidate
Percocet 5-325 mg tablet | acetaminophen + oxycodone
HYDROcodone-acetaminophen (NORCO) 5-325 mg per tablet | acetaminophen + hydrocodone
TYLENOL #3 300-30 mg tablet | acetaminophen + codeine
Tylenol 325 mg tablet | acetaminophen
co-codamol 8mg/500mg tablets | acetaminophen + codeine
codeine phosphate 30 MG and promethazine | codeine + promethazine
Suboxone 8 mg-2 mg sublingual film | buprenorphine + naloxone
OxyContin 10mg ER | oxycodone
pethidine hydrochloride 50 mg injection | meperidine
Ambien CR 12.5 | zolpidem
Horizant 600 MG | gabapentin
sodium oxybate 500 MG/ML Oral Solution | sodium oxybate
Xanax® XR | alprazolam
Prozac™ 20 mg | fluoxetine
Librax | chlordiazepoxide + clidinium
Symbyax 6/25 | fluoxetine + olanzapine
Paxlovid 300 MG/100 MG Dose Pack | nirmatrelvir + ritonavir
Prevpac | amoxicillin + clarithromycin + lansoprazole
Donnatal | atropine + hyoscyamine + phenobarbital + scopolamine
rifampicin 300mg capsules | rifampin
Theo-24 300 MG | theophylline
Seroxat 20mg tablets | paroxetine
Emsam 6 MG/24HR patch | selegiline
morphine sulfate liposomal 10 MG/ML Injection | morphine
clonazépam 0,5 mg | clonazepam
ＬＯＲＡＺＥＰＡＭ １ ＭＧ | lorazepam
fentanyl 50 µg/h transdermal patch | fentanyl
acetaminophen 325 MG / oxycodone hydrochloride 5 MG Oral Tablet [Nonesuch Brand] | acetaminophen + oxycodone
phenylephrine hydrochloride 10 MG Oral Tablet [Sudafed PE] | phenylephrine
sertraline 50 MG Oral Tablet [Valium] | diazepam + sertraline
Children's Tylenol | acetaminophen
Children’s Motrin | ibuprofen
lisinopril-hctz 20-12.5 mg | hydrochlorothiazide + lisinopril
Diovan HCT | hydrochlorothiazide + valsartan
atorvastatin calcium 20 MG Oral Tablet | atorvastatin
calcium 500 MG / cholecalciferol 200 UNT Oral Tablet | calcium + cholecalciferol
potassium chloride 20 MEQ Extended Release Oral Tablet | potassium chloride
lithium carbonate 300 MG Oral Capsule | lithium
vitamin B12 1000 mcg | vitamin B12
vitamin D3 (cholecalciferol) 1,000 unit tablet | cholecalciferol
fluticasone-salmeterol (ADVAIR DISKUS) 250-50 MCG/DOSE | fluticasone + salmeterol
"""

UNTOLD = (
    "",
    "   ",
    "500 MG Oral Tablet",
    "potassium",
    "Zyzzyvaxil 5 MG Oral Tablet",
    "[Zyzzyvaxil]",
    "acetaminophen 300 MG / zyzzyvaxil 5 MG Oral Tablet",
    "sertraline zyzzyvaxil",
    "sertraline + LY2140023",
    # A longer word that holds a known one.
    "arketamine 50 MG",
    "R-ketamine 25 MG",
    "ketamines",
    "ket\u200bamine 50 MG",
    "dextro-amphetamine 5 MG",
    "levoamphetamine 5 MG",
    # Kin of drugs the rules name one by one: not in the rules, so not to be waved through.
    "dihydrocodeine bitartrate 30 MG",
    "co-dydramol 10/500",
    "acetaminophen 325 MG / benzhydrocodone 6 MG Oral Tablet [Apadaz]",
    "acetaminophen 325 MG / butalbital 50 MG / caffeine 40 MG Oral Tablet [Fioricet]",
    "butorphanol 10 MG/ML Nasal Spray",
    "lormetazepam 1 mg tablets",
    "zopiclone 7.5 mg",
    "primidone 50 MG",
    "phentermine 37.5 MG",
    "rasagiline 1 MG",
    "moclobemide 150 mg",
    "voriconazole 200 MG",
    "fosphenytoin 50 MG/ML",
    "rifabutin 150 MG",
    "olanzapine 10 MG / samidorphan 10 MG [Lybalvi]",
)


def rows(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]


def named(keys: frozenset[str] | None) -> str | None:
    return None if keys is None else " + ".join(sorted(INGREDIENTS[key].name for key in keys))


def rxnorm(code: str, display: str = "") -> tuple[Code, ...]:
    return (Code(RXNORM, code, display),)


@pytest.mark.parametrize(("code", "display", "expected"), rows(SAMPLE))
def test_every_sample_medication_is_told(code: str, display: str, expected: str) -> None:
    assert named(resolve(rxnorm(code, display), display)) == expected
    assert named(resolve(rxnorm(UNKNOWN, display), "")) == expected, "by its name alone"
    assert named(resolve(rxnorm(UNKNOWN), display)) == expected, "by the entry's text alone"


@pytest.mark.parametrize(("name", "code"), [row.rsplit(maxsplit=1) for row in PAPER.split(",")])
def test_the_codes_of_the_rules_are_the_papers(name: str, code: str) -> None:
    assert INGREDIENTS[code].name == " ".join(name.split())
    assert INGREDIENTS[code].source != ingredient_table.SOURCES["U"]
    assert resolve(rxnorm(code), "") == resolve(rxnorm(UNKNOWN, name.upper()), "") == {code}


def test_every_ingredient_a_rule_asks_for_is_in_the_table() -> None:
    asked = {key for row in INTERACTIONS for key in row.ingredients} | NMDA | FIRST_LINE.keys()
    assert asked <= INGREDIENTS.keys()


@pytest.mark.parametrize(("name", "expected"), rows(NAMED))
def test_names_are_read_word_by_word(name: str, expected: str) -> None:
    assert named(resolve(rxnorm(UNKNOWN, name), "")) == expected


@pytest.mark.parametrize("name", UNTOLD)
def test_a_name_with_a_strange_word_is_not_told(name: str) -> None:
    assert resolve(rxnorm(UNKNOWN, name), "") is None
    assert resolve((Code(LOCAL, "1", name),), "") is None


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("202472", "diazepam"),  # Valium
        ("84815", "amphetamine + dextroamphetamine"),  # Adderall
        ("42844", "acetaminophen + oxycodone"),  # Percocet
        ("352364", "buprenorphine + naloxone"),
        ("3287", "dextroamphetamine"),  # its sulfate
        ("2387302", "sodium oxybate"),  # oxybate
        ("2119382", "esketamine"),  # Spravato
        ("6129", "ketamine"),  # Ketalar
        ("831533", "norethindrone"),  # a pack of Errin
        ("316672", "simvastatin"),  # a component with its strength
    ],
)
def test_brand_salt_and_product_codes_need_no_name(code: str, expected: str) -> None:
    assert named(resolve(rxnorm(code), "")) == expected


@pytest.mark.parametrize("text", ["lorazepam 1 mg", "ketamine", ""])
def test_text_alone_is_never_told(text: str) -> None:
    assert resolve((), text) is None
    assert resolve((Code("", "", text),), text) is None
    assert resolve((Code(RXNORM, "", "lorazepam"),), text) is None
    absent = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
    assert resolve((Code(absent, "unknown", "lorazepam"),), text) is None


def test_a_coding_of_another_system_is_told_by_its_name() -> None:
    assert named(resolve((Code(NDC, "0555-0159", "Diazepam 5 MG Tablet"),), "")) == "diazepam"
    assert named(resolve((Code(NDC, "0555-0159"),), "Diazepam 5 MG Tablet")) == "diazepam"
    assert named(resolve((Code(NDC, "0555-0159"), Code(LOCAL, "7", "Valium")), "")) == "diazepam"
    assert resolve((Code(NDC, "0555-0159"),), "") is None
    assert resolve((Code(NDC, "3322"),), "") is None, "an ingredient's number means nothing in another system"


def test_a_display_that_cannot_be_read_is_not_replaced_by_the_text() -> None:
    assert resolve(rxnorm(UNKNOWN, "Zyzzyvaxil"), "lorazepam 1 mg") is None
    assert resolve((Code(LOCAL, "1", "Zyzzyvaxil"),), "lorazepam 1 mg") is None


def test_a_contradiction_counts_for_both_drugs() -> None:
    assert named(resolve(rxnorm("596", "sertraline 50 MG Oral Tablet"), "")) == "alprazolam + sertraline"
    assert named(resolve(rxnorm("596", "sertraline, as labelled"), "")) == "alprazolam + sertraline"
    assert named(resolve(rxnorm("596"), "sertraline 50 mg")) == "alprazolam + sertraline"
    both = (*rxnorm(UNKNOWN, "sertraline 50 MG"), Code(NDC, "1", "Ketalar"))
    assert named(resolve(both, "")) == "ketamine + sertraline"


def test_prose_in_the_text_adds_no_drug() -> None:
    assert named(resolve(rxnorm("36437"), "Sertraline, replaces fluoxetine")) == "sertraline"


def test_rxnorm_codings_are_parts_that_must_all_be_told() -> None:
    told = Code(RXNORM, "161", "acetaminophen")
    assert resolve((told, Code(RXNORM, "19860", "butalbital")), "") is None
    assert resolve((told, Code(RXNORM, UNKNOWN)), "") is None
    assert named(resolve((told, Code(RXNORM, "2670")), "")) == "acetaminophen + codeine"


def test_rxnorm_decides_over_a_name_in_another_system() -> None:
    local = Code(LOCAL, "1", "LORAZ TAB UD (Zyzzyva)")
    assert named(resolve((*rxnorm("6470", "lorazepam"), local), "")) == "lorazepam"


def test_names_in_free_text_are_hints_however_strange_the_rest() -> None:
    assert names_in("Rash after Ketalar at a dentist; not esketamine") == {"6130", "2119365"}
    assert names_in("ESKETAMINE (Spravato)") == {"2119365"}
    assert names_in("anaphylaxis [KETAMINE, 2019]") == {"6130"}
    assert names_in("dihydrocodeine, levoamphetamine") == frozenset()
    assert names_in("") == frozenset()


HOSTILE = (
    "metoprolol " * 10_000,
    "sodium " * 20_000,
    "zyzzyva " * 20_000,
    "a" * 40_000,
    "1." * 60_000,
    "[" * 60_000,
    "[a" * 40_000,
    "[]" * 40_000,
    "(" * 60_000,
    "e\u0301\u0327" * 20_000,
    "e" + "\u0301\u0327" * 20_000,
    "'" * 60_000,
    "\x00\ud800" * 20_000,
    "ﷺ" * 10_000,
)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_huge_name_takes_no_more_than_its_length(text: str) -> None:
    expected = "metoprolol" if "metoprolol" in text else None
    assert named(resolve(rxnorm(UNKNOWN, text), text)) == expected
    assert len(names_in(text)) == bool(expected)


@given(st.text())
def test_any_text_gives_known_ingredients_or_none(text: str) -> None:
    keys = resolve(rxnorm(UNKNOWN, text), text)
    assert keys is None or (keys and keys <= INGREDIENTS.keys())
    assert names_in(text) <= INGREDIENTS.keys()


@given(st.sampled_from(sorted(i.name for i in INGREDIENTS.values())), st.text("bqxz", min_size=4))
def test_one_strange_word_is_enough(name: str, strange: str) -> None:
    for text in (f"{name} {strange}", f"{strange} {name} 5 MG", f"{name} / {strange} Oral Tablet"):
        assert resolve(rxnorm(UNKNOWN, text), "") is None
    assert resolve(rxnorm(UNKNOWN, f"{name}{strange}"), "") is None


def test_the_table_says_each_thing_once_and_whence() -> None:
    assert len(INGREDIENTS) >= 350
    assert len(ingredients._SINGLE) == len(INGREDIENTS) == len({i.name for i in INGREDIENTS.values()})
    for key, ingredient in INGREDIENTS.items():
        assert key == ingredient.key
        assert key.isdigit() or key == f"name:{ingredient.name}"
        assert ingredient.source in ingredient_table.SOURCES.values()
        assert key.isdigit() or ingredient.source == ingredient_table.SOURCES["U"]


def test_every_other_name_of_the_table_is_told() -> None:
    tables = ingredient_table.LISTED + ordinary_ingredients.ORDINARY + ingredient_table.PRODUCTS
    others = [pair for _, pairs in ingredients._rows(tables) for pair in pairs]
    assert len(others) > 800
    for name, code in others:
        by_name = resolve(rxnorm(UNKNOWN, name), "") if name else None
        by_code = resolve(rxnorm(code), "") if code else None
        assert by_name or by_code
        assert by_name is None or by_code is None or by_name == by_code


def test_a_plain_word_is_no_drugs_whole_name() -> None:
    assert not [word for word in ingredients._PLAIN if names_in(word)]


def test_a_table_that_contradicts_itself_is_refused() -> None:
    a, b = frozenset({"1"}), frozenset({"2"})
    with pytest.raises(ValueError, match="two meanings"):
        ingredients._index([(a, [("Twice", "")]), (b, [("twice", "")])])
    with pytest.raises(ValueError, match="two meanings"):
        ingredients._index([(a, [("", "7")]), (b, [("", "7")])])
