"""The page in Debian's chromium: what it shows, sorting, keyboard, errors, speed."""

import numpy as np
import pytest

from slimnets.report.evaluation_page import page as pages
from tests.browser import browser, open_text  # noqa: F401
from tests.report.evaluation_page.made import NASTY, make_findings

pytestmark = pytest.mark.slow

NAMES = ("b10", NASTY, "a", "b9")
RECALL = np.array([0.5, 0.25, np.nan, 1.0])
FIRST_CELLS = "rows => rows.map(row => row.cells[0].textContent)"


@pytest.fixture
def show(open_text):  # noqa: F811
    """Returns what opens the page of findings."""
    return lambda findings, **options: open_text(pages.render(findings), **options)


def make_four(**changes):
    """Returns findings of four classes with names and recalls to sort."""
    columns = {"recall": RECALL, "images": np.array([4, 10, 0, 9])}
    return make_findings(4, class_names=NAMES, class_columns=columns, **changes)


def list_names(page) -> list[str]:
    return page.locator("table.sortable tbody tr").evaluate_all(FIRST_CELLS)


def get_sort(page, name: str) -> str:
    header = page.get_by_role("columnheader", name=name)
    return header.get_attribute("aria-sort")


def test_a_click_sorts_by_a_column(show):
    page = show(make_four())
    table = page.locator("table.sortable")
    assert list_names(page) == list(NAMES)
    table.get_by_role("button", name="recall").click()
    assert list_names(page) == ["b9", "b10", NASTY, "a"]
    assert get_sort(table, "recall") == "descending"
    table.get_by_role("button", name="recall").click()
    assert list_names(page) == ["a", NASTY, "b10", "b9"]
    assert get_sort(table, "recall") == "ascending"
    table.get_by_role("button", name="images").click()
    assert list_names(page) == [NASTY, "b9", "b10", "a"]
    assert get_sort(table, "recall") == "none"


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_keys_sort_too(show, key):
    page = show(make_four())
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "class":
            break
    width = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
    assert width == "3px"  # who goes by keyboard sees where he is
    page.keyboard.press(key)
    by_name = list_names(page)
    assert [name for name in by_name if name != NASTY] == ["a", "b9", "b10"]
    assert get_sort(page.locator("table.sortable"), "class") == "ascending"


def test_the_first_key_leads_to_the_result(show):
    page = show(make_four())
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.url.endswith("#main")


def test_names_are_shown_and_not_run(show):
    page = show(make_four(title=NASTY))
    assert page.title() == NASTY
    assert page.get_by_role("heading", level=1).inner_text() == NASTY
    assert page.locator("script").count() == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1280])
def test_it_fits_the_screen_in_its_colours(show, width, scheme):
    size = {"width": width, "height": 800}
    page = show(make_findings(30), viewport=size, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    is_dark = int(ground.split("(")[1].split(",")[0]) < 128
    assert is_dark == (scheme == "dark")


def test_a_thousand_classes_are_there_in_three_seconds(show):
    findings = make_findings(1000, per_class=50)
    page = show(findings)
    ready = page.evaluate("performance.getEntriesByType('navigation')[0].domComplete")
    assert 0 < ready < 3000  # milliseconds; 300 to 700 on two busy cores
    page.locator("table.sortable").get_by_role("button", name="recall").click()
    assert get_sort(page.locator("table.sortable"), "recall") == "descending"
    names = list_names(page)
    assert len(names) == 1000
    recall = dict(
        zip(findings.class_names, findings.class_columns["recall"], strict=True)
    )
    values = [recall[name] for name in names]
    assert values == sorted(values, reverse=True)
