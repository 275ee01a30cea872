"""What a clinician does, in words: the steps that the journeys are made of. `where` is a tab or a frame."""

import re
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

PSYCHIATRIST, COORDINATOR = "halvorsen", "nandakumar"


def sign_in(where: Any, user: str = PSYCHIATRIST) -> None:
    """On the EHR's own sign-in page, in a tab or inside the chart's frame."""
    where.locator(f"input[name=user][value={user}]").check()
    where.get_by_role("button", name="Sign in and open the app").click()


def workspace(where: Any, family_name: str) -> None:
    """Wait until the record has been read and the plan stands on the page."""
    where.locator("h2", has_text="Ready?").wait_for()
    where.get_by_text(family_name).first.wait_for()


def launch_in_tab(page: Any, clinic: Any, patient: str, family_name: str, user: str = PSYCHIATRIST) -> None:
    page.goto(f"{clinic.chart(patient)}/launch")
    sign_in(page, user)
    workspace(page, family_name)


def launch_in_chart(page: Any, clinic: Any, patient: str, family_name: str, user: str = PSYCHIATRIST) -> Any:
    page.goto(f"{clinic.chart(patient)}/app")
    frame = page.frame_locator("iframe")
    sign_in(frame, user)
    workspace(frame, family_name)
    return frame


def sign(where: Any) -> None:
    """Preview, sign, and wait until nothing is being written any more."""
    where.get_by_role("link", name="Preview and sign").click()
    where.get_by_role("button", name="Sign and write").click()
    wait_until_written(where)


def wait_until_written(where: Any) -> None:
    """All of it: the preview's own heading has these words inside."""
    where.get_by_role("heading", level=1, name=re.compile("^Written for")).wait_for(timeout=60_000)


def leaving(where: Any, button: Any) -> None:
    """Press what sends a form, and wait for the page that answers."""
    where.locator("html").evaluate("page => { page.dataset.before = '' }")
    button.click()
    where.locator("html:not([data-before])").wait_for()


def accept_findings(where: Any) -> None:
    """Give a reason wherever the plan asks for one."""
    while (boxes := where.locator("textarea[name=reason]")).count():
        box = boxes.first
        box.evaluate("b => b.closest('details').open = true")
        box.fill("Seen and accepted.")
        leaving(where, box.locator("xpath=ancestor::form").get_by_role("button", name="Resolve"))


def to_course(where: Any) -> None:
    where.get_by_role("link", name="The course: who decided what, and what can be decided").click()
    where.get_by_role("heading", level=1, name="The course of").wait_for()


def to_review(where: Any) -> None:
    where.get_by_role("link", name="Progress review").click()
    where.get_by_role("heading", level=1, name="Progress review for").wait_for()


# --- the day of a dose --------------------------------------------------------------------------------------

NO = ("cssrs_change", "alcohol_24h", "cannabis_24h", "new_medication", "febrile", "new_urinary_symptoms")
NO += ("nausea_before", "antihypertensive_prescribed")
YES = ("escort", "consent_reaffirmed", "contraindications_attested")


def ago(minutes: int) -> str:
    """So long ago at the site, as the page's own clock has it."""
    zone = ZoneInfo("America/New_York")
    return f"{datetime.now(zone) - timedelta(minutes=minutes):%Y-%m-%dT%H:%M}"


def fill(where: Any, **typed: str) -> None:
    for name, value in typed.items():
        where.locator(f"[name={name}]").fill(value)


def choose(where: Any, **chosen: str) -> None:
    for name, value in chosen.items():
        where.locator(f"input[name={name}][value='{value}']").check()


def press(where: Any, name: str) -> None:
    """Send a form and wait for the page that answers."""
    leaving(where, where.get_by_role("button", name=name, exact=True))


def to_step(where: Any, name: str) -> None:
    where.get_by_role("navigation", name="Steps of the session").get_by_role("link", name=name).click()


# --- a review -----------------------------------------------------------------------------------------------


def answer_group(where: Any, title: str) -> Any:
    """The proposal of this title, unfolded where it was answered before."""
    group = where.get_by_role("group", name=title).first
    again = group.get_by_text("Answer it again")
    if again.count():
        again.click()
    return group


def confirm(where: Any) -> None:
    where.get_by_role("button", name="See what this changes").click()
    where.get_by_role("button", name="Confirm and write").click()
    where.get_by_text("WRITTEN", exact=True).wait_for()
    where.get_by_role("link", name="Back to the review").click()
    where.get_by_role("heading", level=1, name="Progress review for").wait_for()
