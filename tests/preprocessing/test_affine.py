"""Shifts, shears and turns pick the pixels that Pillow picks."""

import pytest
import tensorflow as tf
from PIL import Image

from slimnets.preprocessing import affine
from tests.preprocessing import pillow

MOVES = {
    "shear_x": (affine.shear_x, lambda n: (1, n, 0, 0, 1, 0), (-0.3, 0.0, 0.137, 0.99)),
    "shear_y": (affine.shear_y, lambda n: (1, 0, 0, n, 1, 0), (-0.3, 0.137, 0.99)),
    "translate_x": (affine.translate_x, lambda n: (1, 0, n, 0, 1, 0), (-20.3, 5.5, 90)),
    "translate_y": (affine.translate_y, lambda n: (1, 0, 0, 0, 1, n), (-20.3, 5.5, 90)),
}


def gray(image: Image.Image) -> int | tuple[int, ...]:
    return affine.FILL if image.mode == "L" else (affine.FILL,) * 3


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    ("name", "strength"),
    [(name, strength) for name, row in MOVES.items() for strength in row[2]],
)
def test_shears_and_shifts(name, strength, channels):
    ours, coefficients, _ = MOVES[name]

    def move(image: Image.Image) -> Image.Image:
        return image.transform(
            image.size,
            Image.Transform.AFFINE,
            coefficients(strength),
            fillcolor=gray(image),
        )

    pillow.assert_same(
        lambda image: ours(image, tf.constant(float(strength))), move, channels
    )


@pytest.mark.parametrize("degrees", [-135, -30, 0, 13, 29.7, 90])
def test_turns(degrees):
    pillow.assert_same(
        lambda image: affine.rotate(image, tf.constant(float(degrees))),
        lambda image: image.rotate(degrees, fillcolor=gray(image)),
    )
