"""The page that compares runs, in Debian's chromium."""

import numpy as np
import pytest

from slimnets.report.comparison_page import page as pages
from tests.browser import browser, open_text  # noqa: F401
from tests.report.evaluation_page.made import JPEG, NASTY

pytestmark = pytest.mark.slow


def make(num_classes: int, num_runs: int = 4) -> pages.Comparison:
    """Returns a comparison of runs, with names that would run if they were no text."""
    runs = [f"runs/{NASTY}/{k}" for k in range(num_runs)]
    noise = np.random.default_rng(0)
    said = [pages.Said(run, NASTY, 0.5, run == runs[0]) for run in runs]
    return pages.Comparison(
        title=NASTY,
        rows=[["run", "top-1"], *([run, "50.00%"] for run in runs)],
        faults=[NASTY],
        class_names=[NASTY, *(f"class {k}" for k in range(1, num_classes))],
        count=np.full([num_classes], 50),
        recalls={run: noise.random(num_classes) for run in runs},
        histories={
            run: [{"step": s, "loss": 1 / s + k, "top1": None} for s in (1, 2, 3)]
            for k, run in enumerate(runs)
        },
        settings={"learning_rate": [NASTY] * num_runs},
        runs=runs,
        disagreements=[pages.Disagreement(NASTY, NASTY, said, JPEG)] * 3,
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1280])
def test_it_fits_the_screen_and_runs_no_name(open_text, width, scheme):  # noqa: F811
    size = {"width": width, "height": 800}
    text = pages.render(make(12))
    page = open_text(text, viewport=size, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.title() == NASTY and page.locator("script").count() == 1
    strokes = page.locator(".chart .line").evaluate_all(
        "lines => lines.map(line => getComputedStyle(line).stroke)"
    )
    assert len(set(strokes)) == 4 and "none" not in strokes
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (int(ground.split("(")[1].split(",")[0]) < 128) == (scheme == "dark")


def test_a_thousand_classes_sort_by_a_run(open_text):  # noqa: F811
    page = open_text(pages.render(make(1000)))
    page.locator("table.sortable").get_by_role("button").nth(1).click()
    cells = "rows => rows.map(row => Number(row.cells[1].dataset.value))"
    values = page.locator("table.sortable tbody tr").evaluate_all(cells)
    assert len(values) == 1000 and values == sorted(values, reverse=True)
