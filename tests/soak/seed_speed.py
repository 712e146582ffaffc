"""Measures what a seed costs in the input of training, by turns with one that has none.

    python -m tests.soak.seed_speed --dataset_dir=data/photos --recipe=inception

Prints images per second with a seed divided by those without, the median of the turns:
by the clock, and by the processor's time, which other programs disturb less.
"""

import statistics
import time
from collections.abc import Iterator
from typing import Any

from absl import app, flags

from slimnets import startup

_DATASET_DIR = flags.DEFINE_string("dataset_dir", None, "Images; None: the digits.")
_RECIPE = flags.DEFINE_string("recipe", "inception", "How they are prepared.")
_IMAGE_SIZE = flags.DEFINE_integer("image_size", 224, "Height and width in pixels.")
_BATCH_SIZE = flags.DEFINE_integer("batch_size", 32, "Images in a batch.")
_TURNS = flags.DEFINE_integer("turns", 15, "Turns of each.", lower_bound=1)
_SECONDS = flags.DEFINE_float("seconds", 2.0, "Length of a turn.")


def start_input(seed: int | None) -> Iterator[Any]:
    """Starts the input of a training, and lets it come into its stride."""
    from slimnets.datasets import decoding, pipeline, record_order, registry
    from slimnets.preprocessing import registry as preprocessing

    recipe = preprocessing.get_preprocessing(_RECIPE.value, is_training=True)
    size = _IMAGE_SIZE.value
    batches = iter(
        pipeline.train_batches(
            registry.get_dataset(_DATASET_DIR.value, "train"),
            lambda image: recipe(image, size, size),
            _BATCH_SIZE.value,
            order=record_order.Order(seed=seed),
            decoding=decoding.Decoding(channels=3),
        )
    )
    for _ in range(3):
        next(batches)
    return batches


def measure(seed: int | None) -> tuple[float, float]:
    """Returns images per second, by the clock and by the processor's time."""
    batches, images = start_input(seed), 0
    began, used = time.perf_counter(), time.process_time()
    while time.perf_counter() - began < _SECONDS.value:
        next(batches)
        images += _BATCH_SIZE.value
    return (
        images / (time.perf_counter() - began),
        images / (time.process_time() - used),
    )


def main(argv: list[str]) -> None:
    """Measures both by turns, each first as often as the other."""
    startup.start_tensorflow()
    by_clock, by_processor = [], []
    for turn in range(_TURNS.value):
        order = (None, 1) if turn % 2 else (1, None)
        rates = {seed: measure(seed) for seed in order}
        by_clock.append(rates[1][0] / rates[None][0])
        by_processor.append(rates[1][1] / rates[None][1])
    print(
        f"with a seed: {statistics.median(by_clock):.3f} of the images per second"
        f" without, {statistics.median(by_processor):.3f} of those per second of the"
        " processor"
    )


if __name__ == "__main__":
    app.run(main)
