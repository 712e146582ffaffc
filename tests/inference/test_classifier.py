"""A trained network that classifies photos."""

import os
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import slimnets
from slimnets import errors
from slimnets.inference.classifier import Classifier
from slimnets.training import trainer
from tests.tiny_runs import silent, toy_split

IMAGES = toy_split(5, seed=3).images


@pytest.fixture(scope="module")
def photos(tmp_path_factory) -> list[str]:
    """Returns the paths of five PNG files."""
    folder = tmp_path_factory.mktemp("photos")
    for number, image in enumerate(IMAGES):
        (folder / f"{number}.png").write_bytes(tf.io.encode_png(image).numpy())
    return [str(path) for path in sorted(folder.iterdir())]


@pytest.fixture(scope="module")
def classifier(trained) -> Classifier:
    """Returns the trained network."""
    return slimnets.load(trained, log=silent)


@pytest.fixture(scope="module")
def expected(trained) -> np.ndarray:
    """Returns the probabilities by the model itself."""
    model = slimnets.Model("tiny_bn", 3)
    model.restore(str(trained / "model.ckpt-2"))
    logits, _ = model(tf.constant(IMAGES, tf.float32) / 127.5 - 1)
    return tf.nn.softmax(logits).numpy()


def test_files_and_arrays_have_the_models_probabilities(classifier, photos, expected):
    assert classifier.class_names == ("red", "green", "blue")
    for images in (photos, [Path(p) for p in photos], IMAGES, [*IMAGES]):
        found = classifier.predict(images)
        assert found.dtype == np.float32 and found.shape == (5, 3)
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_what_files_hold_is_classified_as_the_files(classifier, photos, expected):
    contents = [Path(path).read_bytes() for path in photos]
    np.testing.assert_allclose(classifier.predict(contents), expected, atol=1e-5)
    np.testing.assert_allclose(
        classifier.predict(contents[2]), expected[2:3], atol=1e-5
    )
    for part, other in zip(
        classifier.explain(contents[0]), classifier.explain(photos[0]), strict=True
    ):
        np.testing.assert_array_equal(part, other)
    with pytest.raises(errors.InputError, match=r"cannot be used: not an image"):
        classifier.predict([contents[0], b"no image"])
    with pytest.raises(errors.InputError, match=r"one kind.*type str"):
        classifier.predict([contents[0], photos[0]])


def test_a_name_of_several_classes_is_refused(classifier):
    twins = Classifier(classifier.predictor, ("a", "b", "a"), "")
    with pytest.raises(errors.InputError, match="several classes are called 'a'"):
        twins.explain(IMAGES[0], "a")


def test_one_image_is_a_batch_of_one(classifier, photos, expected):
    for image in (photos[1], Path(photos[1]), IMAGES[1]):
        np.testing.assert_allclose(classifier.predict(image), expected[1:2], atol=1e-5)


def test_more_than_a_batch(trained, photos, expected):
    made = slimnets.load(trained, log=silent)
    small = Classifier(made.predictor, made.class_names, "", batch_size=2)
    for images in (photos, IMAGES):
        np.testing.assert_allclose(small.predict(images), expected, atol=1e-5)


def test_the_most_probable_come_first(classifier):
    row = np.array([0.2, 0.5, 0.3], np.float32)
    (first, green), (second, blue) = classifier.name_top(row, 2)
    assert (first, second) == ("green", "blue")
    assert (green, blue) == pytest.approx((0.5, 0.3))
    assert len(classifier.name_top(row, 9)) == 3
    twins = Classifier(classifier.predictor, ("a", "crane", "crane"), "")
    assert [name for name, _ in twins.name_top(row)] == ["crane", "crane", "a"]


def test_broken_files_come_in_their_order(classifier, photos, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no image")
    missing = str(tmp_path / "missing.png")
    paths = [str(broken), photos[0], missing, str(broken), photos[1], missing]
    found = list(classifier.classify(paths))
    assert [one.path for one in found] == paths
    assert [bool(one.fault) for one in found] == [True, False, True, True, False, True]
    assert found[0].fault == f"{broken}: not an image" and "No such" in found[2].fault
    assert found[4].probabilities.shape == (3,)
    assert [bool(one.fault) for one in classifier.classify([missing])] == [True]


def test_a_pipe_is_not_waited_for(classifier, photos, tmp_path):
    pipe, folder = tmp_path / "pipe.png", tmp_path / "folder.png"
    os.mkfifo(pipe)
    folder.mkdir()
    found = list(classifier.classify([str(pipe), photos[0], str(folder)]))
    assert [bool(one.fault) for one in found] == [True, False, True]
    said = "not a file but a folder, a pipe, a socket or a device"
    for one in (found[0], found[2]):
        assert one.fault == f"{one.path}: {said}"


def test_probabilities_of_classes_that_exclude_none(config, tmp_path, photos):
    trainer.train(config(loss="sigmoid"), silent)
    found = slimnets.load(tmp_path / "run", log=silent).predict(photos)
    model = slimnets.Model("tiny", 3)
    model.restore(str(tmp_path / "run" / "model.ckpt-2"))
    logits, _ = model(tf.constant(IMAGES, tf.float32) / 127.5 - 1)
    np.testing.assert_allclose(found, tf.nn.sigmoid(logits), atol=1e-5)


def test_where_an_image_speaks_for_a_class(classifier, photos):
    image, heat = classifier.explain(photos[0])
    np.testing.assert_array_equal(image, IMAGES[0])
    assert heat.shape == (8, 8)
    of_blue = classifier.explain(IMAGES[0], "blue")[1]
    assert not np.array_equal(of_blue, classifier.explain(IMAGES[0], "red")[1])
    with pytest.raises(errors.InputError, match="unknown class 'bleu'; did you mean"):
        classifier.explain(photos[0], "bleu")
    with pytest.raises(errors.InputError, match="cannot be read: No such file"):
        classifier.explain("missing.png")


@pytest.mark.parametrize(
    ("images", "reason"),
    [
        ([], "no image to classify: the list is empty"),
        (["missing.png"], "missing.png: cannot be read: No such file"),
        ([IMAGES[0], "a.png"], "one kind at once; got an image of the type str"),
        (["a.png", IMAGES[0]], "one kind at once; got an image of the type ndarray"),
        ([tf.constant(IMAGES[0])], "got an image of the type EagerTensor"),
        (IMAGES[0].astype(np.float32), "has to be uint8 [height, width, 3]; got float"),
        (IMAGES[0][..., :1], "has to be uint8 [height, width, 3]; got uint8 [8, 8, 1]"),
        ([IMAGES], "got uint8 [5, 8, 8, 3]"),
    ],
)
def test_bad_input(classifier, images, reason):
    with pytest.raises(errors.InputError) as caught:
        classifier.predict(images)
    assert reason in str(caught.value) and "\n" not in str(caught.value)


def test_no_checkpoint(tmp_path):
    with pytest.raises(errors.InputError, match="no checkpoint in the folder"):
        slimnets.load(tmp_path, model="tiny", log=silent)
