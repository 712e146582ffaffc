"""Augmentation policies: operations, strengths, and how often each comes."""

import collections

import numpy as np
import pytest
import tensorflow as tf

from slimnets import random_numbers
from slimnets.preprocessing import color_operations, policies
from tests.preprocessing import pillow

# Of each policy at its strongest, worked by hand for an image of 61x47 pixels.
STRONGEST = {
    policies.list_ranges: {
        "shear_x": {-0.3, 0.3},
        "translate_x": {-150 / 331 * 47, 150 / 331 * 47},
        "translate_y": {-150 / 331 * 61, 150 / 331 * 61},
        "rotate": {-30, 30},
        "brightness": {0.1, 1.9},
        "posterize": {4},
        "solarize": {0},
        "equalize": {0},
    },
    policies.list_paper_ranges: {
        "rotate": {-30, 30},
        "color": {1.9},
        "posterize": {8},
        "solarize": {256},
    },
    policies.list_wide_ranges: {
        "shear_y": {-0.99, 0.99},
        "translate_x": {-32, 32},
        "rotate": {-135, 135},
        "sharpness": {0.01, 1.99},
        "posterize": {2},
    },
}


def draw(policy: policies.Policy, count: int) -> list[tuple[list[int], list[float]]]:
    """Returns the operations and levels of many images."""

    @tf.function(autograph=False)
    def draw_one(number: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with random_numbers.keyed(tf.stack([tf.constant(1, tf.int64), number])):
            return policy(tf.zeros([8, 8, 3], tf.uint8))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            policies, "apply", lambda image, places, levels, _: (places, levels)
        )
        drawn = [draw_one(tf.constant(number, tf.int64)) for number in range(count)]
    return [
        (places.numpy().tolist(), levels.numpy().tolist()) for places, levels in drawn
    ]


@pytest.mark.parametrize(
    ("ranges", "name"),
    [(ranges, name) for ranges, names in STRONGEST.items() for name in names],
)
def test_the_strongest(ranges, name):
    place, table = list(policies.OPERATIONS).index(name), ranges(61, 47)
    seen = set()
    for number in range(12):
        with random_numbers.keyed(tf.constant([1, number], tf.int64)):
            [strength] = policies.draw_strengths(
                tf.constant([place]), tf.constant([1.0]), table
            )
        seen.add(round(float(strength), 4))
    assert seen == {round(n, 4) for n in STRONGEST[ranges][name]}


def test_operations_follow_each_other():
    image = tf.constant(pillow.picture())
    names = list(policies.OPERATIONS)
    places = tf.constant([names.index("equalize"), names.index("solarize")])
    result = policies.apply(
        image, places, tf.constant([1.0, 0.5]), policies.list_ranges(61, 47)
    )
    expected = color_operations.solarize(
        color_operations.equalize(image), tf.constant(128.0)
    )
    np.testing.assert_array_equal(result, expected)


def test_randaugment_draws_each_operation_as_often():
    drawn = draw(policies.RandAugment(num_layers=2, magnitude=9), 300)
    counts = collections.Counter(place for places, _ in drawn for place in places)
    assert set(counts) == set(range(14))
    assert max(counts.values()) < 3 * min(counts.values())
    assert {level for _, levels in drawn for level in levels} == {np.float32(0.9)}


def test_a_magnitude_may_vary():
    drawn = draw(policies.RandAugment(1, magnitude=5, magnitude_std=1), 200)
    levels = [level for _, levels in drawn for level in levels]
    assert np.mean(levels) == pytest.approx(0.5, abs=0.03)
    assert np.std(levels) == pytest.approx(0.1, abs=0.02)
    cut = draw(policies.RandAugment(1, magnitude=10, magnitude_std=3), 50)
    assert max(level for _, levels in cut for level in levels) == 1


def test_autoaugment_draws_its_sub_policies():
    names = list(policies.OPERATIONS)
    drawn = draw(policies.AutoAugment(), 400)
    assert len(policies.IMAGENET_POLICY) == 25
    pairs = collections.Counter(tuple(places) for places, _ in drawn)
    # Of every one that is not drawn with certainty, one or both may be left out.
    known = {
        (names.index(first[0]) * one, names.index(second[0]) * other)
        for first, second in policies.IMAGENET_POLICY
        for one in (0, 1)
        for other in (0, 1)
    }
    assert set(pairs) <= known
    invert = names.index("invert")
    # Equalize behind invert: two of 25, of probability 0.6 and 1.
    assert pairs[invert, names.index("equalize")] / 400 == pytest.approx(
        2 / 25 * 0.6, abs=0.025
    )


def test_trivialaugment_draws_one_of_any_strength():
    drawn = draw(policies.TrivialAugment(), 300)
    levels = [level for _, [level] in drawn]
    assert min(levels) == 0 and max(levels) == 1
    assert np.mean(levels) == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize(
    ("words", "channels"),
    [
        ("randaugment", 1),
        pytest.param("randaugment", 3, marks=pytest.mark.slow),
        pytest.param("autoaugment", 3, marks=pytest.mark.slow),
        pytest.param("trivialaugment", 3, marks=pytest.mark.slow),
    ],
)
def test_a_graph_does_what_python_does(words, channels):
    policy = policies.parse(words)
    image = tf.constant(pillow.picture(channels))

    def change(number: tf.Tensor) -> tf.Tensor:
        with random_numbers.keyed(tf.stack([tf.constant(3, tf.int64), number])):
            return policy(image)

    in_graph = tf.function(change, autograph=False)
    numbers = [tf.constant(number, tf.int64) for number in range(6)]
    results = [in_graph(number).numpy() for number in numbers]
    for number, result in zip(numbers, results, strict=True):
        np.testing.assert_array_equal(result, change(number))
    assert len({result.tobytes() for result in results}) > 3
