r"""Measures what augmentation costs a training, by turns with one that has none.

    python -m benchmarks.augmentation_speed --dataset_dir=data/flowers \
        --model=mobilenet_v1_025 --image_size=128 --mixup_alpha=0.2 \
        --augment='randaugment(num_layers=2, magnitude=9)'

Both take whole training steps in one process, each first as often as the other. Prints
the processor's name, each turn's images per second and how busy the machine is, and the
median of the turns' ratios: by the clock, and by the processor's time, which other
programs disturb less.
"""

import dataclasses
import os
import statistics
import time
from collections.abc import Callable

from absl import flags

from benchmarks import hardware
from slimnets import startup
from slimnets.config import dataclass_flags
from slimnets.config.augmentation import AugmentationConfig
from slimnets.config.train import TrainConfig

dataclass_flags.define_flags(TrainConfig)
flags.adopt_module_key_flags(dataclass_flags)
_TURNS = flags.DEFINE_integer("turns", 9, "Turns of each.", lower_bound=1)
_SECONDS = flags.DEFINE_float("seconds", 8.0, "Length of a turn.")
_WARMUP = 10  # steps before the first turn
_PAUSE = 1.0  # seconds in which the other training's input fills its buffers


def prepare(config: TrainConfig) -> Callable[[], tuple[float, float]]:
    """Builds a training; returns what trains for one turn.

    That gives images per second, by the clock and by the processor's time.
    """
    import tensorflow as tf

    from slimnets.distribution import strategies
    from slimnets.training.batches import TrainingBatches
    from slimnets.training.resources import find_resources
    from slimnets.training.state import TrainState
    from slimnets.training.step import make_step

    resources = find_resources(config)
    strategy: tf.distribute.Strategy = strategies.get_strategy(config.devices)
    with strategy.scope():
        state = TrainState(config, resources.num_classes)
    step = make_step(strategy, config, state, resources.dataset.num_examples, None)
    batches = TrainingBatches(strategy, config, resources.dataset, state.model, 0)
    for _ in range(_WARMUP):
        float(step(next(batches)).losses.total)

    def train() -> tuple[float, float]:
        time.sleep(_PAUSE)
        began, used, images = time.perf_counter(), time.process_time(), 0
        while time.perf_counter() - began < _SECONDS.value:
            float(step(next(batches)).losses.total)
            images += config.data.known_batch_size
        return (
            images / (time.perf_counter() - began),
            images / (time.process_time() - used),
        )

    return train


def main(argv: list[str]) -> None:
    """Measures both by turns."""
    with_it = dataclass_flags.from_flags(TrainConfig)
    without = dataclasses.replace(with_it, augmentation=AugmentationConfig())
    trainings = {"without": prepare(without), "with": prepare(with_it)}
    print(hardware.processor())
    by_clock, by_processor = [], []
    for turn in range(_TURNS.value):
        order = sorted(trainings, reverse=bool(turn % 2))
        rates = {name: trainings[name]() for name in order}
        by_clock.append(rates["with"][0] / rates["without"][0])
        by_processor.append(rates["with"][1] / rates["without"][1])
        print(
            f"turn {turn}: {rates['without'][0]:.0f} images/s without,"
            f" {rates['with'][0]:.0f} with: {by_clock[-1]:.3f}, by the processor's time"
            f" {by_processor[-1]:.3f}; load {os.getloadavg()[0]:.1f}",
            flush=True,
        )
    print(
        f"with augmentation: {statistics.median(by_clock):.3f} of the images per second"
        f" without, {statistics.median(by_processor):.3f} of those per second of the"
        " processor"
    )


if __name__ == "__main__":
    startup.run(main)
