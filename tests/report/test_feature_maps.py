"""Maps and filters as pictures: what zero is, what is drawn, how large it is."""

import numpy as np
import tensorflow as tf

from slimnets.report import contact_sheet, feature_maps


def capture(monkeypatch) -> dict:
    """Returns what will be given to the contact sheet."""
    given: dict = {}

    def note(pictures, captions, columns):
        given.update(pictures=pictures, captions=captions)
        return b""

    monkeypatch.setattr(contact_sheet, "draw", note)
    return given


def test_maps_behind_a_relu_are_black_at_zero_and_white_at_their_largest(monkeypatch):
    given = capture(monkeypatch)
    maps = np.zeros([2, 2, 3], np.float32)
    maps[0, 0] = [4, 0.5, 0]
    maps[1, 1] = [1, 0.5, 0]
    feature_maps.draw_maps(maps, "a.jpg", np.zeros([9, 9, 3], np.uint8))
    image, first, second, dead = given["pictures"]
    assert image.shape == (9, 9, 3)
    assert first[..., 0].tolist() == [[255, 0], [0, 64]]
    assert second[..., 0].tolist() == [[255, 0], [0, 255]]
    assert not dead.any()
    assert given["captions"] == [
        "a.jpg\nall 3 channels, 2 x 2",
        *("0: 0 to 4", "1: 0 to 0.5", "2: 0 to 0"),
    ]


def test_maps_of_both_signs_are_white_at_zero(monkeypatch):
    given = capture(monkeypatch)
    feature_maps.draw_maps(np.float32([[[0.0], [2.0], [-2.0], [-1.0]]]), "t")
    [picture] = given["pictures"]
    zero, most, least, half = picture[0].astype(int)
    assert zero.tolist() == [255, 255, 255]
    assert most[0] > most[2] and least[2] > least[0]
    np.testing.assert_allclose(half, (zero + least) / 2, atol=1)


def test_of_many_channels_the_most_varied_are_drawn_in_order(monkeypatch):
    given = capture(monkeypatch)
    maps = np.zeros([2, 1, 100], np.float32)
    maps[0] = np.arange(100)
    feature_maps.draw_maps(maps, "t")
    assert len(given["pictures"]) == 64
    assert given["captions"][0] == "t\n64 of 100 channels, 2 x 1\n36: 0 to 36"
    assert given["captions"][-1] == "99: 0 to 99"


def test_filters_are_gray_at_zero_and_scaled_each_by_itself(monkeypatch):
    given = capture(monkeypatch)
    filters = np.zeros([1, 2, 3, 3], np.float32)
    filters[0, 0, :, 0] = [4, -4, 2]
    filters[0, 1, 1, 1] = -0.5
    feature_maps.draw_filters(filters)
    first, second, none = given["pictures"]
    assert first[0].tolist() == [[255, 0, 191], [128, 128, 128]]
    assert second[0].tolist() == [[128, 128, 128], [128, 0, 128]]
    assert np.all(none == 128)
    assert given["captions"] == ["0: ±4", "1: ±0.5", "2: ±0"]


def test_filters_of_gray_images_and_of_videos(monkeypatch):
    given = capture(monkeypatch)
    shapes = {
        (5, 5, 1, 6): (5, 5, 1),
        (2, 3, 3, 3, 6): (3, 6, 3),
        (3, 3, 4, 6): (3, 12, 1),
    }
    for shape, drawn in shapes.items():
        feature_maps.draw_filters(np.ones(shape))
        assert [each.shape for each in given["pictures"]] == [drawn] * 6


def test_it_is_a_png():
    picture = tf.io.decode_png(feature_maps.draw_filters(np.ones([5, 5, 3, 2])))
    assert picture.shape == (8 + 125 + 15 + 8, 8 + 2 * (125 + 8), 4)
