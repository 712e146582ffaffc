"""Debian's chromium, for tests that are marked slow.

`make test-all` installs the browser and what drives it; without them these tests fail.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
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


@pytest.fixture
def open_text(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Returns what opens the text of a page, which may say and load nothing."""
    said: list[str] = []
    opened = []

    def open_page(text: str, **options: Any) -> Any:
        file = tmp_path / "page.html"
        file.write_text(text, encoding="utf-8")
        page = browser.new_page(**options)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("dialog", lambda dialog: said.append(dialog.message))
        page.on("request", lambda request: note(request.url))
        page.goto(file.as_uri())
        opened.append(page)
        return page

    def note(url: str) -> None:
        if not url.startswith(("file:", "data:")):
            said.append(url)

    yield open_page
    for page in opened:
        page.close()
    assert said == []
