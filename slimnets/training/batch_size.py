"""--batch_size=auto: measures batch sizes before training and chooses one.

The search doubles the size until images per second no longer rise by more than 5 %, or
memory runs out. The smallest size within 5 % of the fastest is chosen: small batches
learn more from an epoch.
"""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from slimnets import errors
from slimnets.config.train import TrainConfig
from slimnets.distribution import strategies
from slimnets.training.batch_trial import OutOfMemory, Trial, measure_in_subprocess

AUTO = "auto"
_MIN_SPEEDUP = 1.05  # of a larger batch, for it to be chosen
_FIRST = 8


def resolve_auto(
    config: TrainConfig, own_flags: Mapping[str, Any], log: Callable[[str], None]
) -> TrainConfig:
    """Returns the settings with a number for --batch_size=auto; others as they are.

    A resumed run keeps the size it began with. Call it before TensorFlow uses its
    devices: from then on this process holds a GPU's memory.

    Args:
      config: all settings.
      own_flags: by name, those of the run that this one resumes; empty for a new run.
      log: gets a line for each size, and one for the choice.

    Raises:
      InputError: workers on several machines would each find another size, or not even
        the smallest fits into memory.
    """
    if config.data.batch_size != AUTO:
        return config
    if config.devices.has_workers:
        raise errors.InputError(
            "--batch_size=auto with --strategy=multi_worker: each worker would find"
            " another; give a number"
        )
    chosen = own_flags.get("batch_size")
    if chosen:
        log(f"--batch_size=auto: {chosen}, with which this run began")
        return _replace_batch_size(config, chosen)
    parts = (
        strategies.count_replicas(config.devices) * config.gradients.num_microbatches
    )
    trials = search(
        lambda size: measure_in_subprocess(_replace_batch_size(config, size)),
        generate_sizes(parts),
        log,
    )
    chosen = choose(trials)
    scaled = config.learning_rate.scale_learning_rate
    how = "is scaled with it" if scaled else "is not scaled with it"
    log(f"--batch_size=auto: {chosen}; the learning rate {how}")
    return _replace_batch_size(config, chosen)


def generate_sizes(parts: int) -> Iterator[int]:
    """Yields 8, 16, 32, ..., or the least multiple of `parts` above 8, doubled.

    Args:
      parts: into which a batch is divided evenly, by replicas and microbatches.
    """
    size = -(-_FIRST // parts) * parts
    while True:
        yield size
        size *= 2


def search(
    measure: Callable[[int], Trial], sizes: Iterable[int], log: Callable[[str], None]
) -> list[Trial]:
    """Measures sizes until a larger one is no faster or does not fit.

    Args:
      measure: measures a size; raises OutOfMemory.
      sizes: rising.
      log: gets a line for each.

    Returns:
      The trials of the sizes that fit.
    """
    trials: list[Trial] = []
    for size in sizes:
        if trials and size > trials[0].examples:
            break
        need = _foresee_shortage(trials, size)
        if need is not None:
            log(f"batch size {size}: not tried, it would take about {need:.1f} GB")
            break
        try:
            trial = measure(size)
        except OutOfMemory:
            log(f"batch size {size}: out of memory")
            break
        held = "" if trial.gigabytes is None else f", {trial.gigabytes:.2f} GB"
        log(f"batch size {size}: {trial.images_per_second:.1f} images/s{held}")
        before = max((each.images_per_second for each in trials), default=0.0)
        trials.append(trial)
        if trial.images_per_second <= _MIN_SPEEDUP * before:
            break
    return trials


def choose(trials: Sequence[Trial]) -> int:
    """Returns the smallest batch size that is within 5 % of the fastest.

    Raises:
      InputError: there are no trials.
    """
    if not trials:
        raise errors.InputError(
            "--batch_size=auto: not even the smallest batch fits into memory; give a"
            " smaller --batch_size or --image_size"
        )
    best = max(trial.images_per_second for trial in trials)
    return min(
        t.batch_size for t in trials if t.images_per_second * _MIN_SPEEDUP >= best
    )


def _foresee_shortage(trials: Sequence[Trial], size: int) -> float | None:
    """Returns the gigabytes that a size would take if that is more than there are."""
    if not trials:
        return None
    last = trials[-1]
    if last.gigabytes is None or last.available is None:
        return None
    below = trials[-2] if len(trials) > 1 else Trial(0, 0.0, 0.0, None, 0)
    grown = last.gigabytes - (below.gigabytes or 0.0)
    slope = grown / (last.batch_size - below.batch_size)
    need = last.gigabytes + slope * (size - last.batch_size)
    return need if need > last.available else None


def _replace_batch_size(config: TrainConfig, size: int) -> TrainConfig:
    data = dataclasses.replace(config.data, batch_size=size)
    return dataclasses.replace(config, data=data)
