"""What an export says of some images, beside what the checkpoint says."""

from typing import NamedTuple

import numpy as np


class Comparison(NamedTuple):
    """The outputs of one signature of an export, beside the checkpoint's.

    Attributes:
      signature: its name.
      images: how many were run.
      agreeing: how many of them have the same top-1 class.
      difference: the largest between two logits, as a fraction of the largest logit.
    """

    signature: str
    images: int
    agreeing: int
    difference: float

    def __str__(self) -> str:
        return (
            f"{self.signature}: {self.agreeing} of {self.images} images of the same"
            f" class, largest difference {self.difference:.1e} of the largest logit"
        )


def compare(signature: str, logits: np.ndarray, expected: np.ndarray) -> Comparison:
    """Compares logits [images, classes] with the checkpoint's."""
    scale = np.abs(expected).max() or 1.0
    return Comparison(
        signature=signature,
        images=len(expected),
        agreeing=int((logits.argmax(axis=1) == expected.argmax(axis=1)).sum()),
        difference=float(np.abs(logits - expected).max() / scale),
    )
