"""MediaPipe's own classifier says of a photo what the network says."""

import zipfile

import numpy as np
import pytest
import tensorflow as tf

from slimnets import errors
from slimnets.export import classifier_metadata, lite, post_training
from slimnets.preprocessing import registry as preprocessing
from tests import extras
from tests.export.conftest import NAMES, SIZE

# The recipe's central crop, of which MediaPipe knows nothing.
CROP = (0.0625, 0.0625, 0.9375, 0.9375)


def with_recipe(network, name):
    recipe = preprocessing.get_preprocessing(name)
    return network._replace(preprocess=lambda image: recipe(image, SIZE, SIZE))


@pytest.mark.parametrize(
    ("recipe", "mean", "std"),
    [
        ("inception", [127.5] * 3, [127.5] * 3),
        ("vgg", [123.68, 116.779, 103.939], [1.0] * 3),
        (
            "standard",
            [123.675, 116.28, 103.53],
            [58.395, 57.12, 57.375],
        ),
    ],
)
def test_normalization_is_read_off_the_recipe(network, recipe, mean, std):
    found = classifier_metadata.find_normalization(with_recipe(network, recipe))
    np.testing.assert_allclose(found.mean, mean, 1e-3)
    np.testing.assert_allclose(found.std, std, 1e-3)


@pytest.mark.parametrize("swap", [True, False])
def test_a_recipe_that_does_more_is_refused(network, swap):
    def otherwise(image):
        prepared = network.preprocess(image)
        return prepared[..., ::-1] * [1.0, 2.0, 3.0] if swap else prepared**3

    with pytest.raises(errors.InputError, match="does otherwise: leave it out"):
        classifier_metadata.find_normalization(network._replace(preprocess=otherwise))
    with pytest.raises(errors.InputError, match="does otherwise: leave it out"):
        classifier_metadata.find_normalization(with_recipe(network, "cifarnet"))


def test_gray_images_are_refused(network):
    with pytest.raises(errors.InputError, match="takes photos in colour"):
        classifier_metadata.find_normalization(network._replace(channels=1))


@extras.needs("metadata")
@pytest.mark.parametrize("kind", [None, "int8"])
def test_mediapipe_reads_it(network, images, tmp_path, kind):
    import mediapipe
    from mediapipe.tasks.python import BaseOptions, vision
    from mediapipe.tasks.python.components.containers import rect
    from mediapipe.tasks.python.vision.core import image_processing_options

    if kind is None:
        lite.write(tmp_path, network)
    else:
        post_training.write(tmp_path, network, kind, images)
    classifier_metadata.write(tmp_path, network)
    file = tmp_path / classifier_metadata.FILE
    with zipfile.ZipFile(file) as archive:
        assert archive.read("labels.txt").decode().splitlines() == list(NAMES)
    coarse = np.random.default_rng(2).uniform(0, 255, [5, 5, 3])
    photo = tf.cast(tf.image.resize(coarse, [120, 96]), tf.uint8).numpy()
    prepared = network.preprocess(photo)[tf.newaxis]
    expected = tf.nn.softmax(network.logits(prepared)).numpy()[0]
    options = vision.ImageClassifierOptions(
        base_options=BaseOptions(model_asset_path=str(file))
    )
    with vision.ImageClassifier.create_from_options(options) as classifier:
        result = classifier.classify(
            mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=photo),
            image_processing_options.ImageProcessingOptions(
                region_of_interest=rect.RectF(*CROP)
            ),
        )
    [head] = result.classifications
    found = {one.category_name: one.score for one in head.categories}
    assert head.head_name == "probabilities" and found.keys() == set(NAMES)
    assert max(found, key=found.get) == NAMES[expected.argmax()]
    for name, probability in zip(NAMES, expected, strict=True):
        assert found[name] == pytest.approx(probability, abs=0.03)


@extras.needs("metadata")
def test_the_metadata_by_mediapipes_reader(network, tmp_path):
    schema = classifier_metadata.require()
    normalization = classifier_metadata.find_normalization(network)
    content = classifier_metadata._make_metadata(network, normalization)
    model = schema.ModelMetadataT.InitFromObj(
        schema.ModelMetadata.GetRootAsModelMetadata(content, 0)
    )
    [graph] = model.subgraphMetadata
    [image], [scores] = graph.inputTensorMetadata, graph.outputTensorMetadata
    [unit] = image.processUnits
    assert list(unit.options.mean) == pytest.approx([127.5] * 3)
    assert image.content.contentProperties.defaultSize.width == SIZE
    assert [one.name for one in scores.associatedFiles] == [b"labels.txt"]


@extras.needs("metadata")
def test_a_file_that_differs_is_refused(network, tmp_path, monkeypatch):
    lite.write(tmp_path, network)
    half = classifier_metadata._keep_scores_alone

    def spoil(model):
        half(model)
        held = [one for one in model.buffers if one.data is not None]
        largest = max(held, key=lambda one: len(one.data))
        largest.data = np.zeros(len(largest.data), np.uint8)

    monkeypatch.setattr(classifier_metadata, "_keep_scores_alone", spoil)
    with pytest.raises(errors.InputError, match="differs from model"):
        classifier_metadata.write(tmp_path, network)
