"""A headless Chromium, if this machine has one."""

import os
import shutil

import pytest

CANDIDATES = ("chromium", "chromium-browser", "google-chrome", "chrome")


@pytest.fixture(scope="session")
def browser():
    """A browser that Playwright drives; its own if it has one, else that of the system."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = next(filter(None, map(shutil.which, CANDIDATES)), None)
    with api.sync_playwright() as playwright:
        own = playwright.chromium.executable_path
        path = own if os.path.exists(own) else found
        if path is None:
            pytest.skip("no Chromium: apt-get install chromium, or playwright install chromium")
        # A container's root user has no sandbox to start it in; the page is our own.
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()
