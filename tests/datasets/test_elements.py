"""A tf.data.Dataset of one's own: what it may hold, and what is refused."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets import errors
from slimnets.datasets import elements, failures, pipeline
from slimnets.datasets.decoding import Decoding
from slimnets.datasets.label_counts import count_labels
from slimnets.datasets.record_order import Order

NAMES = ("a", "b", "c")


def pairs(images, labels):
    return tf.data.Dataset.from_tensor_slices((images, labels))


@pytest.fixture
def images():
    """Returns 5 images, uint8; image k is all k."""
    index = np.arange(5, dtype=np.uint8)
    return np.broadcast_to(index[:, None, None, None], (5, 4, 4, 3))


def read(dataset, channels=3):
    """Returns images and labels of an evaluation's batches of 2, without padding."""
    batches = pipeline.eval_batches(dataset, crop, 2, decoding=Decoding(channels))
    rows = [
        (batch["image"].numpy()[k, 0, 0], batch["label"].numpy()[k])
        for batch in batches
        for k in np.flatnonzero(batch["mask"])
    ]
    return [list(column) for column in zip(*rows, strict=True)]


def crop(image):
    whole = image if isinstance(image, tf.Tensor) else image.whole()
    return tf.ensure_shape(tf.cast(whole, tf.float32)[:4, :4], [4, 4, whole.shape[2]])


def as_files(images):
    return [tf.io.encode_png(image).numpy() for image in images]


@pytest.mark.parametrize("kind", ["uint8", "float", "files", "gray"])
def test_every_kind_of_image(images, kind):
    given = {
        "uint8": images,
        "float": images.astype(np.float32) / 255,
        "files": as_files(images),
        "gray": images[..., :1],
    }[kind]
    dataset = elements.make_dataset(pairs(given, [0, 1, 2, 0, 1]), NAMES)
    assert (dataset.num_examples, dataset.num_classes) == (5, 3)
    assert dataset.channels == (1 if kind == "gray" else 3)
    found, labels = read(dataset)
    np.testing.assert_array_equal(found, np.arange(5)[:, None] * np.ones(3))
    assert labels == [0, 1, 2, 0, 1]
    gray, _ = read(dataset, channels=1)
    np.testing.assert_array_equal(gray, np.arange(5)[:, None])


def test_any_number_of_labels(images):
    labels = np.array([[1, 0, 1], [0, 0, 0], [0, 1, 0], [1, 1, 1], [0, 0, 1]])
    dataset = elements.make_dataset(pairs(images, labels), NAMES)
    assert dataset.multi_label
    np.testing.assert_array_equal(read(dataset)[1], labels)
    assert count_labels(dataset) == (2, 2, 3)
    np.testing.assert_array_equal(
        read(elements.make_dataset(pairs(images, labels == 1), NAMES))[1], labels
    )


def test_training_keeps_the_order_and_takes_it_up_again(images):
    dataset = elements.make_dataset(pairs(images, [0, 1, 2, 0, 1]), NAMES)

    def first(taken=0, shard=(0, 1), count=4):
        batches = pipeline.train_batches(dataset, crop, 2, order=Order(1, taken, shard))
        return [int(k) for batch, _ in batches.take(count) for k in batch[:, 0, 0, 0]]

    assert first() == [0, 1, 2, 3, 4, 0, 1, 2]
    assert first(taken=6) == [1, 2, 3, 4, 0, 1, 2, 3]
    assert first(shard=(0, 2), count=2) == [0, 1, 4, 0]
    assert first(shard=(1, 2), count=2) == [2, 3, 1, 2]


def test_a_generator_is_counted(images):
    signature = (tf.TensorSpec([None, None, 3], tf.uint8), tf.TensorSpec([], tf.int32))
    generated = tf.data.Dataset.from_generator(
        lambda: ((image, 0) for image in images), output_signature=signature
    )
    assert elements.make_dataset(generated, NAMES).num_examples == 5
    with pytest.raises(errors.InputError, match="no end; give num_examples"):
        elements.make_dataset(generated.repeat(), NAMES)
    endless = elements.make_dataset(generated.repeat(), NAMES, 7)
    assert endless.num_examples == 7


@pytest.mark.parametrize(
    ("made", "line"),
    [
        ([1, 2], "dataset is a list, not a tf.data.Dataset; an element is"),
        (tf.data.Dataset.range(3), "here it is one Tensor; map it so"),
        (
            pairs([1], [1]).map(lambda x, y: {"image": x, "label": y}),
            "a dict of image, ",
        ),
        (pairs(np.zeros([1, 4, 4, 3], np.int32), [0]), "images are int32 [4, 4, 3]"),
        (pairs(np.zeros([1, 4, 4, 2], np.uint8), [0]), "images are uint8 [4, 4, 2]"),
        (
            pairs(np.zeros([5, 4, 4, 3], np.uint8), [0] * 5).batch(2),
            "it is batched: unbatch() it",
        ),
        (pairs(["x"], ["cat"]), "labels are string []; they have to be integers"),
        (pairs(["x"], [[1, 0]]), "or [3] of 0 and 1, where 3 classes are named"),
        (pairs(["x"], [0.5]), "labels are float32 []"),
        (pairs(["x"], [0]).take(0), "the dataset own has no elements"),
    ],
    ids=lambda made: made[:20] if isinstance(made, str) else "",
)
def test_what_is_refused_at_once(made, line):
    with pytest.raises(errors.InputError) as caught:
        elements.make_dataset(made, NAMES)
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("make", "line"),
    [
        (lambda i: pairs(i, [0, 1, 3, 0, 1]), "element 2 (the first is 0) of own: its"),
        (lambda i: pairs(i / 3, [0] * 5), "its float image has values outside [0, 1]"),
        (
            lambda i: pairs([*as_files(i[:3]), b"text", b""], [0] * 5),
            "element 3 (the first is 0) of own: not an image",
        ),
        (lambda i: pairs(i, [[0, 2, 0]] * 5), "its labels are not all 0 or 1"),
        (
            lambda i: pairs(i, [0] * 5).map(
                lambda image, label: (tf.ensure_shape(image, [4, 4, 3]), label // 0)
            ),
            "element 0 (the first is 0) of own:",
        ),
    ],
    ids=["label", "float", "file", "labels", "map"],
)
def test_a_bad_element_is_named(images, make, line, ended_pipelines):
    dataset = elements.make_dataset(make(images), NAMES, 5)
    with pytest.raises(failures.FAILURES) as caught:
        read(dataset)
    told = str(failures.describe(caught.value, dataset))
    assert line in told
    assert "\n" not in told
