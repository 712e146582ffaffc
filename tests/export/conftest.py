"""A small network that stands for any: batch norm, a preprocessing, class names."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets.export.exportable import Exportable
from slimnets.inference.folded_model import FoldedModel
from slimnets.model import Model
from slimnets.preprocessing import registry as preprocessing
from tests.goldens import fill

SIZE = 32
NAMES = ("tench", "église", "gas pump")


@pytest.fixture(scope="session")
def model() -> Model:
    """Returns a MobileNet with random weights and averages."""
    model = Model("mobilenet_v1_025", len(NAMES), image_size=SIZE)
    for key, variable in model.variables_by_name.items():
        variable.assign(fill.weight(key, variable.shape.as_list()))
    return model


@pytest.fixture(scope="session")
def network(model: Model) -> Exportable:
    """Returns the same, folded, as it is exported."""
    folded = FoldedModel(model)
    recipe = preprocessing.get_preprocessing("inception")
    return Exportable(
        logits=lambda images: folded(images)[0],
        image_size=SIZE,
        channels=3,
        preprocess=lambda image: recipe(image, SIZE, SIZE),
        class_names=NAMES,
    )


@pytest.fixture(scope="session")
def encoded() -> list[bytes]:
    """Returns two JPEG files and a gray PNG, each of another size."""
    random = np.random.default_rng(0)

    def smooth(height: int, width: int, channels: int) -> tf.Tensor:
        coarse = random.uniform(0, 255, [5, 5, channels])
        return tf.cast(tf.image.resize(coarse, [height, width]), tf.uint8)

    return [
        tf.io.encode_jpeg(smooth(40, 50, 3)).numpy(),
        tf.io.encode_jpeg(smooth(61, 33, 3)).numpy(),
        tf.io.encode_png(smooth(20, 45, 1)).numpy(),
    ]


@pytest.fixture(scope="session")
def images(network: Exportable, encoded: list[bytes]) -> np.ndarray:
    """Returns the same, preprocessed."""
    prepared = [network.preprocess(network.decode(one)) for one in encoded]
    return np.stack(prepared)


@pytest.fixture(scope="session")
def logits(model: Model, images: np.ndarray) -> np.ndarray:
    """Returns what the network itself, unfolded, says of them."""
    return model(tf.constant(images))[0].numpy()
