"""Whether everybody can use a page: axe's rules for WCAG 2.2 AA, and nothing beside the window."""

from __future__ import annotations

from functools import cache
from typing import Any

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


@cache
def _axe() -> Any:
    from axe_playwright_python.sync_playwright import Axe

    return Axe()


def barriers(page: Any, name: str = "page") -> list[str]:
    """What is in somebody's way on the page that is open, in words."""
    page.wait_for_load_state()
    width = page.viewport_size["width"]
    found = []
    if page.evaluate("document.documentElement.scrollWidth") > width:
        found.append(f"{name}: wider than {width} px")
    # What the bar at the foot lies over is reached by scrolling: it is judged where it covers nothing.
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    for rule in _axe().run(page, options=RULES).response["violations"]:
        found.append(f"{name}: {rule['id']} at {[node['html'][:150] for node in rule['nodes']]}")
    return found


def require_accessible(page: Any, name: str = "page") -> None:
    found = barriers(page, name)
    assert not found, "\n".join(found)
