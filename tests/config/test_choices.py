"""Each word that a setting takes stands for something."""

import pytest

from slimnets.config import choices
from slimnets.export import formats, post_training, runtimes
from slimnets.training import loss_functions, optimizers, schedules
from slimnets.weights import convert


@pytest.mark.parametrize(
    ("words", "table"),
    [
        (choices.OPTIMIZERS, optimizers.OPTIMIZERS),
        (choices.SCHEDULES, schedules.SCHEDULES),
        (choices.LOSSES, loss_functions.LOSSES),
        (choices.RUNTIMES, runtimes.RUNTIMES),
        (choices.FORMATS, formats.FORMATS),
        (choices.POST_TRAINING_KINDS, post_training.KINDS),
        (choices.WEIGHT_SOURCES, (*convert.READERS, convert.CHECKPOINT)),
    ],
    ids=[
        "optimizers",
        "schedules",
        "losses",
        "runtimes",
        "formats",
        "kinds",
        "weights",
    ],
)
def test_words_are_the_names_of_the_table(words, table):
    assert words == tuple(table)
