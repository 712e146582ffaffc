"""The page in Debian's chromium: photos, classes, heat maps, keyboard, errors."""

import pytest

from tests.browser import browser  # noqa: F401

pytestmark = pytest.mark.slow

NASTY = "<img src=x onerror=alert(1)>.png"
WAIT = 20_000  # milliseconds, of a loaded machine


@pytest.fixture
def page(browser, server):  # noqa: F811
    """Returns the page, which may say nothing on the console but what is refused."""
    said: list[str] = []
    page = browser.new_page(viewport={"width": 390, "height": 800})
    page.set_default_timeout(WAIT)
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.goto(server.url)
    page.get_by_text("tiny_bn, 3 classes").wait_for()
    yield page
    page.close()
    # Chromium itself logs each answer that is no success.
    assert [line for line in said if "status of 4" not in line] == []


def choose(page, *files):
    page.get_by_label("Choose photos").set_input_files(list(files))


def test_photos_get_their_classes(page, classifier, photos):
    choose(page, *map(str, photos))
    shown = page.locator("#photos > li")
    page.locator(".classes button").nth(5).wait_for()
    assert shown.count() == 3
    for item, path in zip(shown.all(), reversed(photos), strict=True):  # latest first
        [row] = classifier.predict(path)
        assert item.locator(".file").inner_text() == path.name
        lines = item.locator(".classes button").all_inner_texts()
        expected = classifier.name_top(row, 2)
        for line, (name, share) in zip(lines, expected, strict=True):
            assert line.split("\n") == [name, f"{100 * share:.1f} %"]


def test_a_class_shows_where_by_keyboard(page, photos):
    choose(page, str(photos[0]))
    page.locator(".classes button").first.wait_for()
    page.get_by_label("Choose photos").focus()
    page.keyboard.press("Tab")
    button = page.locator(".classes button").first
    assert button.evaluate("button => button === document.activeElement")
    page.keyboard.press("Enter")
    heat = page.locator("img.heat")
    heat.wait_for()
    assert "where it speaks for" in heat.get_attribute("alt")
    assert heat.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    assert button.get_attribute("aria-pressed") == "true"
    page.keyboard.press("Enter")
    page.locator("img.seen").wait_for()
    assert not heat.is_visible() and button.get_attribute("aria-pressed") == "false"


def test_names_are_shown_and_broken_ones_told(page, photos, tmp_path):
    good = {"name": NASTY, "mimeType": "image/png", "buffer": photos[0].read_bytes()}
    broken = {"name": "broken.png", "mimeType": "image/png", "buffer": b"no image"}
    large = {"name": "large.png", "mimeType": "image/png", "buffer": bytes(5000)}
    choose(page, good, broken, large)
    page.get_by_text("more than 0 MB").first.wait_for()
    large_item, broken_item, good_item = page.locator("#photos > li").all()
    assert good_item.locator(".file").inner_text() == NASTY
    assert good_item.locator(".classes button").count() == 2
    assert "not an image" in broken_item.locator(".error").inner_text()
    assert large_item.locator(".error").is_visible()
    assert "large.png" in page.get_by_role("status").inner_text()


def test_a_photo_is_dropped(page, photos):
    page.evaluate(
        """numbers => {
            const carried = new DataTransfer();
            const bytes = new Uint8Array(numbers);
            carried.items.add(new File([bytes], "dropped.png", {type: "image/png"}));
            document.body.dispatchEvent(new DragEvent(
                "drop", {dataTransfer: carried, bubbles: true, cancelable: true}));
        }""",
        list(photos[0].read_bytes()),
    )
    page.locator(".classes button").first.wait_for()
    assert page.locator(".file").inner_text() == "dropped.png"


def test_nothing_is_wider_than_a_phone(page, photos):
    choose(page, str(photos[0]))
    page.locator(".classes button").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
