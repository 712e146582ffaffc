"""The pages of features in Debian's chromium: pointer, keyboard, screens, size."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets.report.feature_pages import neighbours, picture
from slimnets.report.feature_pages.findings import Picture, Query, Shown
from tests.browser import browser, open_text  # noqa: F401
from tests.report.evaluation_page.made import NASTY
from tests.report.feature_pages.test_pages import make_neighbours

pytestmark = pytest.mark.slow

FOCUSED = "document.activeElement.getAttribute('aria-label')"
JPEG = tf.io.encode_jpeg(tf.zeros([60, 80, 3], tf.uint8)).numpy()


def make_cross() -> Picture:
    """Returns a point in the middle and one on each side."""
    places = np.array([[0, 0], [-1, 0], [1, 0], [0, 1], [0, -1]])
    names = ["middle", "left", "right", "up", "down"]
    images = [Shown(name, f"{NASTY} {k % 2}", JPEG) for k, name in enumerate(names)]
    return Picture(NASTY, "said", places, images, {})


def test_keys_go_from_point_to_point_and_show_images(open_text):  # noqa: F811
    page = open_text(picture.render(make_cross()))
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.classList.contains('point')"):
            break
    peek = page.locator(".peek")
    ways = ("Up", "Down", "Down", "Up", "Left", "Right", "Right")
    names = ("up", "middle", "down", "middle", "left", "middle", "right")
    for way, name in zip(ways, names, strict=True):
        page.keyboard.press(f"Arrow{way}")
        assert page.evaluate(FOCUSED).startswith(f"{name}: {NASTY}")
        assert peek.is_visible() and peek.locator("img").count() == 1
        assert peek.inner_text().startswith(f"{name}: {NASTY}")
    page.keyboard.press("Escape")
    assert not peek.is_visible()


def test_the_pointer_shows_images_and_buttons_hide_classes(open_text):  # noqa: F811
    page = open_text(picture.render(make_cross()))
    points, peek = page.locator(".point"), page.locator(".peek")
    points.nth(1).hover()
    assert peek.inner_text().startswith("left: ")
    page.get_by_role("heading", level=1).hover()
    assert not peek.is_visible()
    button = page.get_by_role("button", name=f"{NASTY} 1")
    button.click()
    assert button.get_attribute("aria-pressed") == "false"
    assert [points.nth(k).is_visible() for k in range(3)] == [True, False, True]
    points.nth(0).focus()
    page.keyboard.press("ArrowLeft")
    assert page.evaluate(FOCUSED).startswith("middle: ")  # left is hidden
    button.click()
    assert points.nth(1).is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1280])
@pytest.mark.parametrize("name", ["neighbours", "picture"])
def test_they_fit_the_screen_in_its_colours(open_text, name, width, scheme):  # noqa: F811
    texts = {
        "neighbours": lambda: neighbours.render(make_neighbours(queries=[])),
        "picture": lambda: picture.render(make_cross()),
    }
    size = {"width": width, "height": 800}
    page = open_text(texts[name](), viewport=size, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    is_dark = int(ground.split("(")[1].split(",")[0]) < 128
    assert is_dark == (scheme == "dark")


def test_as_many_images_as_pages_have(open_text):  # noqa: F811
    noise = np.random.default_rng(0)
    images = [Shown(f"{k}.jpg", f"class {k % 40}", JPEG) for k in range(2000)]
    page = open_text(
        picture.render(Picture("t", "s", noise.random([2000, 2]), images, {}))
    )
    ready = page.evaluate("performance.getEntriesByType('navigation')[0].domComplete")
    assert 0 < ready < 6000  # milliseconds; 300 to 900 on two cores
    page.locator(".point").first.focus()
    page.keyboard.press("ArrowRight")
    assert page.locator(".peek").is_visible()
    nearest = [(image, 0.5) for image in images[:8]]
    queries = [Query(image, nearest) for image in images[:60]]
    page = open_text(neighbours.render(make_neighbours(queries=queries)))
    assert page.locator("img").count() == 540
    assert page.evaluate("[...document.images].every(i => i.naturalWidth == 80)")
