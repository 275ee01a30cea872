"""What a clinician does, in words: the steps that the journeys are made of."""

from typing import Any

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


def launch_in_chart(page: Any, clinic: Any, patient: str, family_name: str) -> Any:
    page.goto(f"{clinic.chart(patient)}/app")
    frame = page.frame_locator("iframe")
    sign_in(frame)
    workspace(frame, family_name)
    return frame


def sign(where: Any) -> None:
    """Preview, sign, and wait until nothing is being written any more."""
    where.get_by_role("link", name="Preview and sign").click()
    where.get_by_role("button", name="Sign and write").click()
    where.get_by_role("heading", level=1, name="Written for").wait_for(timeout=60_000)
