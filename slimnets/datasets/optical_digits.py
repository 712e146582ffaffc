"""The hand-written digits of the UCI repository, as scikit-learn ships them.

Of these the TFRecords in `digits/`, the default dataset, are made.
"""

import numpy as np

from slimnets import errors
from slimnets.datasets import arrays
from slimnets.datasets.image_folder import is_held_out

_TEST_FRACTION = 0.2
_BRIGHTEST = 16


def load() -> arrays.ArrayDataset:
    """Reads 1,797 gray 8x8 digits and splits them by content, a fifth for testing.

    Raises:
      InputError: scikit-learn is not installed.
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise errors.InputError(
            "the digits come with scikit-learn; install it: pip install scikit-learn"
        ) from error
    digits = load_digits()
    images = np.round(digits.images * (255 / _BRIGHTEST)).astype(np.uint8)
    images = images[..., np.newaxis]
    in_test = np.array(
        [is_held_out(arrays.hash_pixels(image), _TEST_FRACTION) for image in images]
    )
    return arrays.ArrayDataset(
        name="digits",
        classes=tuple(map(str, digits.target_names)),
        splits={
            "train": arrays.Split(images[~in_test], digits.target[~in_test]),
            "test": arrays.Split(images[in_test], digits.target[in_test]),
        },
        source="https://archive.ics.uci.edu/dataset/80/"
        "optical+recognition+of+handwritten+digits (its test part, by scikit-learn)",
        credit="E. Alpaydin, C. Kaynak: Optical Recognition of Handwritten Digits,"
        " UCI Machine Learning Repository, https://doi.org/10.24432/C50P49",
        licence="CC BY 4.0",
    )
