"""Debian's chromium, for tests that are marked slow.

`make test-all` installs the browser and what drives it; without them these tests fail.
"""

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome")  # by distribution


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Returns playwright's browser, without a window."""
    from playwright import sync_api

    path = next(filter(None, map(shutil.which, _NAMES)), None)
    assert path, "apt-get install chromium: `make test-all` does so"
    with sync_api.sync_playwright() as playwright:
        # Root, as in a container, has no sandbox, and there little shared memory.
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()
