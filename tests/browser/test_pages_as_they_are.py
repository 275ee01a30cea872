"""Every page and state in both themes: accessible, light, steady, and laid out as it was agreed.

One walk over a launch, a signed course and the ways things go wrong. Each page is looked at once per theme;
what is measured there is measured for all.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.browser.accessibility import barriers
from tests.browser.charted import chart_a_course, put, visit
from tests.browser.journeys import launch_in_tab, sign

PATIENT, FAMILY_NAME = "gad-ready", "Samplewood"
LAYOUT = Path(__file__).parent / "layout.json"
HEAVIEST = 150_000
# CLS that is called good is 0.1; nothing here moves by itself, so next to nothing is allowed.
LARGEST_SHIFT = 0.01
LOOKS = [("light", 1280), ("dark", 320)]
SHIFTS = """() => new Promise(done => {
  let sum = 0;
  new PerformanceObserver(list => list.getEntries().forEach(e => sum += e.hadRecentInput ? 0 : e.value))
    .observe({type: "layout-shift", buffered: true});
  requestAnimationFrame(() => setTimeout(() => done(sum), 50));
})"""
SIZES = """() => performance.getEntriesByType("resource").concat(performance.getEntriesByType("navigation"))
  .map(e => [new URL(e.name).pathname.replace(/\\/l\\/[^/]+/, "/l"), e.decodedBodySize])"""

# The page below the launch's address, and what says that it is there.
BEFORE = (
    *("", "intake", "preview", "words", "unsent", "sessions"),
    *("instruments", "instruments/GAD-7", "instruments/Y-BOCS", "instruments/C-SSRS"),
)
AFTER = (
    *("", "written", "review", "course", "differences", "unsettled", "replan", "revise", "take-away"),
    *("adverse-events", "sessions", "instruments/PHQ-9"),
    *(f"sessions/infusion-3/{part}" for part in ("before", "during", "leaving", "close")),
)
OPEN_CARD = "document.querySelector('.card:popover-open')"
Look = Callable[[str], None]


@pytest.fixture(scope="module")
def signed(browser: Any, clinic: Any) -> None:
    page = browser.new_page()
    launch_in_tab(page, clinic, PATIENT, FAMILY_NAME)
    sign(page)
    page.close()
    chart_a_course(clinic, PATIENT)
    last = visit(clinic, PATIENT, "cbt-14")  # somebody gives it another hour in the EHR
    hour = timedelta(hours=1)
    later = {at: (datetime.fromisoformat(last[at]) + hour).isoformat() for at in ("start", "end")}
    put(clinic, last, **later)


@pytest.fixture(params=LOOKS, ids=lambda look: f"{look[0]}-{look[1]}")
def look(request: Any, page: Any) -> Iterator[Look]:
    """Looks at the page that is open, and says at the end all that was wrong with any."""
    theme, width = request.param
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 900})
    wrong: list[str] = []
    loud: list[str] = []
    page.on("pageerror", lambda error: loud.append(str(error)))

    def judge(name: str) -> None:
        page.wait_for_load_state()
        if "unfolded" not in name and (moved := page.evaluate(SHIFTS)) > LARGEST_SHIFT:
            wrong.append(f"{name}: shifted by {moved:.3f}")
        weight = sum(size for _, size in page.evaluate(SIZES))
        if not 0 < weight <= HEAVIEST:
            wrong.append(f"{name}: {weight} bytes")
        wrong.extend(barriers(page, name))

    yield judge
    assert not wrong + loud, "\n".join(wrong + loud)


def home(page: Any) -> str:
    return str(page.url).partition("#")[0].partition("?")[0]


def test_the_pages_before_a_signature(page: Any, clinic: Any, look: Look) -> None:
    launch_in_tab(page, clinic, "ocd-erp", "")
    base = home(page)
    for address in BEFORE:
        page.goto(base + address)
        look(address or "plan")


def test_the_pages_of_a_course_under_way(page: Any, clinic: Any, signed: None, look: Look) -> None:
    launch_in_tab(page, clinic, PATIENT, FAMILY_NAME)
    base = home(page)
    for address in AFTER:
        page.goto(base + address)
        look(address or "signed plan")


@pytest.mark.parametrize("patient", ["suicide-risk", "ketamine-allergy", "two-diagnoses"])
def test_plans_that_cannot_be_signed_as_they_are(page: Any, clinic: Any, look: Look, patient: str) -> None:
    launch_in_tab(page, clinic, patient, "")
    look(patient)
    page.evaluate("document.querySelectorAll('main details').forEach(fold => fold.open = true)")
    look(f"{patient}, unfolded")


def test_the_ways_things_go_wrong_are_pages_too(page: Any, clinic: Any, look: Look) -> None:
    page.goto(clinic.app_url)
    look("home")
    page.goto(f"{clinic.app_url}/nothing")
    look("no such page")
    page.goto(f"{clinic.app_url}/l/ended/")
    look("ended session")
    page.goto(f"{clinic.app_url}/callback?error=access_denied&state=x")
    look("refused launch")
    launch_in_tab(page, clinic, "age-70", "")
    base = home(page)
    page.goto(f"{base}instruments/NONE")
    look("no such scale")
    page.goto(f"{base}sessions/infusion-1")
    look("no such visit")


def test_the_patients_own_pages(page: Any, clinic: Any, look: Look) -> None:
    launch_in_tab(page, clinic, "sad-pounds", "")
    page.goto(f"{home(page)}instruments/PHQ-9")
    page.get_by_text("Let the patient fill it in").click()
    page.get_by_label("Your number").fill("2580")
    look("handing over")
    page.get_by_role("button", name="Hand over").click()
    page.get_by_role("heading", name="Questions for").wait_for()
    look("questions")
    page.get_by_role("button", name="Send my answers").click()
    page.get_by_text("left open").first.wait_for()
    look("left open")
    for group in page.locator("fieldset.ask").all():
        group.get_by_role("radio").nth(1).check()
    page.get_by_role("button", name="Send my answers").click()
    page.get_by_role("heading", name="Thank you").wait_for()
    look("thanks")


def test_a_word_opens_its_card_by_keyboard_and_closes_again(page: Any, clinic: Any) -> None:
    launch_in_tab(page, clinic, "ocd-erp", "")
    word = page.locator("button.term:visible").first
    word.focus()
    page.keyboard.press("Enter")
    page.wait_for_function(f"() => {OPEN_CARD}")
    assert page.evaluate(f"{OPEN_CARD}.getBoundingClientRect().right <= innerWidth")
    page.keyboard.press("Escape")
    page.wait_for_function(f"() => !{OPEN_CARD}")


# --- what it looks like -------------------------------------------------------------------------------------

# The landmarks whose order and share of the page are agreed; words, dates and fonts may change within them.
BOXES = """() => [...document.querySelectorAll("main section, main nav, main aside, .bar, header.top")]
  .filter(box => box.checkVisibility() && !box.closest("section section"))
  .map(box => { const r = box.getBoundingClientRect(), w = innerWidth;
    const name = box.getAttribute("aria-labelledby") || box.getAttribute("aria-label") || box.className;
    return [name || "section", Math.round(20 * r.left / w), Math.round(20 * r.width / w)]; })"""
PAGES = {"plan": "", "preview": "preview", "scales": "instruments", "intake": "intake"}


@pytest.mark.parametrize("width", [1280, 768, 320])
def test_landmarks_stand_where_they_were_agreed_to(page: Any, clinic: Any, width: int) -> None:
    """Columns and order, in twentieths of the page's width: what a screenshot would flake on is left out."""
    page.set_viewport_size({"width": width, "height": 900})
    launch_in_tab(page, clinic, "lorazepam", "")
    base = home(page)
    found = {}
    for name, address in PAGES.items():
        page.goto(base + address)
        page.wait_for_load_state()
        found[f"{name} {width}"] = page.evaluate(BOXES)
    agreed = json.loads(LAYOUT.read_text("utf-8"))
    changed = {name: boxes for name, boxes in found.items() if boxes != agreed.get(name)}
    assert not changed, f"look at it; if it is better, say so in layout.json: {json.dumps(changed)}"
