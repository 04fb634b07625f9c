"""Every state of the widget, on a desk's screen and on a phone's, from left to right and from right to left."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Page

from tests.e2e.site import Site
from tests.e2e.states import DESK, PHONE, small_targets, states
from tests.e2e.test_accessibility import violations
from tests.e2e.widget import Widget
from tests.servers.hub import Hub

SCREENS = {
    "desk, light": {**DESK, "color_scheme": "light"},
    "desk, dark": {**DESK, "color_scheme": "dark"},
    "phone, light": {**PHONE, "color_scheme": "light"},
    "phone, dark": {**PHONE, "color_scheme": "dark"},
}


@pytest.fixture
def screen(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def browser_options(screen: str) -> dict[str, Any]:
    return SCREENS[screen]


@pytest.mark.parametrize(
    ("screen", "language"),
    [
        ("desk, light", "en"),
        ("phone, dark", "en"),
        ("phone, light", "ar"),
    ],
    indirect=["screen"],
)
async def test_each_state_is_accessible(
    widget: Widget, page: Page, site: Site, shared_hub: Hub, axe_source: str, screen: str, language: str
) -> None:
    await widget.visit(site.origin, hub=shared_hub.url, locale=language, suggestions="How do refunds work?|Is it free?")
    async for state in states(widget):
        assert await violations(page, axe_source) == [], state
        if screen.startswith("phone"):
            assert await small_targets(page) == [], state
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), state
