"""A network whose weights are known, for the files that are made of it."""

from typing import NamedTuple

import numpy as np
import pytest

import slimnets
from tests.goldens import fill

NETWORK = "mobilenet_v1_025"
CLASSES = 5
SIZE = 64  # of 32 one pixel remains, whose convolutions are other ops


class Filled(NamedTuple):
    """A network with random weights.

    Attributes:
      model: the network.
      images: float32 [2, SIZE, SIZE, 3].
      logits: of these.
      values: of its variables, by name.
    """

    model: slimnets.Model
    images: np.ndarray
    logits: np.ndarray
    values: dict[str, np.ndarray]

    def error(self, values: dict[str, np.ndarray]) -> float:
        """Returns how far other weights' logits are off, relative to the largest."""
        other = slimnets.Model(NETWORK, CLASSES, image_size=SIZE)
        assert values.keys() == other.variables_by_name.keys()
        for name, variable in other.variables_by_name.items():
            variable.assign(np.reshape(values[name], variable.shape))
        difference = other(self.images)[0].numpy() - self.logits
        return np.abs(difference).max() / np.abs(self.logits).max()


@pytest.fixture(scope="session")
def filled() -> Filled:
    """Returns the smallest MobileNet v1, with logits of CLASSES classes."""
    model = slimnets.Model(NETWORK, CLASSES, image_size=SIZE)
    values = {}
    for name, variable in model.variables_by_name.items():
        values[name] = fill.weight(name, variable.shape.as_list())
        variable.assign(values[name])
    images = fill.images(2, SIZE, SIZE)
    return Filled(model, images, model(images)[0].numpy(), values)
