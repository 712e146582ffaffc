"""Scoring a split: every example once, whatever the batch size."""

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from slimnets import errors
from slimnets.config.reading import ReadingConfig
from slimnets.datasets import failures, pipeline
from slimnets.datasets.decoding import Decoding
from slimnets.datasets.left_out import LeftOut, require_any, require_few
from slimnets.datasets.registry import Dataset
from slimnets.distribution import workers
from slimnets.export import runtimes
from slimnets.inference import metrics, multi_label_metrics
from slimnets.inference.class_map import ClassMap
from slimnets.inference.evaluation import Summary
from slimnets.inference.outcomes import Collector
from slimnets.inference.predictor import Predictor, to_numpy
from slimnets.monitoring.progress import image_bar


class Setup(NamedTuple):
    """What all checkpoints of one evaluation share.

    Attributes:
      predictor: the network, whose weights change with the checkpoint.
      num_classes: that are scored: of its logits, or the dataset's by a class map.
      dataset: the split to score.
      offset: subtracted from its labels.
      logits: a tf.function from images to {"logits": [batch, classes]}.
      batch_size: of every batch.
      upright: whether photos are turned as their cameras noted.
      reading: what happens at bad records.
      strategy: over the devices that share the work.
      most: examples to score, the first ones; None for all.
      class_map: from the classes of its logits to the dataset's; None where these are
        the same.
    """

    predictor: Predictor
    num_classes: int
    dataset: Dataset
    offset: int
    logits: Any
    batch_size: int
    upright: bool
    reading: ReadingConfig
    strategy: tf.distribute.Strategy
    most: int | None = None
    class_map: ClassMap | None = None

    @property
    def num_examples(self) -> int:
        """How many examples are scored."""
        return min(self.dataset.num_examples, self.most or self.dataset.num_examples)


_score_one = tf.function(metrics.score, autograph=False)
_score_several = tf.function(multi_label_metrics.score, autograph=False)


def _choose_scoring(setup: Setup, share: tuple[int, int]) -> tuple[Any, Any]:
    """Returns the function that scores a batch, and what counts the scores."""
    if setup.dataset.multi_label:
        return _score_several, multi_label_metrics.Counts(setup.num_classes, share)
    score = setup.class_map.score if setup.class_map else _score_one
    return score, metrics.Counts(setup.num_classes)


def score_split(
    setup: Setup, run: runtimes.Run, collector: Collector | None
) -> tuple[Summary, dict[int, str]]:
    """Scores every example of the split; several workers have to call this together.

    Args:
      setup: the network and the split.
      run: takes a batch of images, and returns {"logits": [batch, classes]}.
      collector: gets what came of each example; None where nobody asks for it.

    Returns:
      The metrics, and the line of each example that was left out, by its number.

    Raises:
      InputError: the dataset is at fault.
    """
    dataset, reading = setup.dataset, setup.reading
    index, workers_count = share = workers.get_share(setup.strategy)
    numbers = range(index, setup.num_examples, workers_count)
    describe = failures.describe_left_out(dataset, setup.offset, reading.max_pixels)
    most = reading.max_bad_records if reading.skips else None
    left_out = LeftOut(numbers, describe, most)
    score, counts = _choose_scoring(setup, share)
    scored = 0  # padding included
    with image_bar(len(numbers), leave=False) as bar:
        try:
            for batch in _read(setup, share):
                logits = run(batch["image"])["logits"]
                if setup.class_map:
                    logits = setup.class_map.sum(logits)
                scores = to_numpy(score(logits, batch["label"]))
                mask = batch["mask"].numpy()
                left_out.note(batch["number"].numpy()[mask > 0])
                counts.add(batch["label"].numpy(), scores, mask)
                if collector:
                    collector.add(batch, logits)
                bar.update(int(mask.sum()))
                scored += setup.batch_size
        except failures.FAILURES as error:
            raise failures.describe(
                error,
                dataset,
                setup.offset,
                first=scored * workers_count,
                most=setup.batch_size * workers_count,
                max_pixels=reading.max_pixels,
            ) from error
    left_out.finish()
    if left_out.lines and not reading.skips:
        raise errors.InputError(left_out.lines[0])
    counts.merge(functools.partial(workers.sum_over, setup.strategy))
    lines = dict(zip(left_out.numbers, left_out.lines, strict=True))
    if workers_count > 1:
        lines = _gather_left_out(setup, left_out.numbers, describe, most)
    require_any([*lines.values()], setup.num_examples)
    return counts.summarize(setup.num_examples - len(lines)), lines


def _read(setup: Setup, share: tuple[int, int]) -> tf.data.Dataset:
    """Returns this worker's batches, each of the same size, the last one padded."""
    model, reading = setup.predictor.model, setup.reading
    return pipeline.eval_batches(
        setup.dataset,
        setup.predictor.see,
        setup.batch_size,
        shard=share,
        decoding=Decoding(model.channels, setup.upright, reading.max_pixels),
        labels_offset=setup.offset,
        skip_broken=reading.skips,
        most=setup.most,
    )


def _gather_left_out(
    setup: Setup,
    numbers: Sequence[int],
    describe: Callable[[int], str],
    most: int | None,
) -> dict[int, str]:
    """Returns the line of each example that any worker left out, by its number."""
    missing = np.zeros([setup.num_examples], np.int32)
    missing[list(numbers)] = 1
    [missing] = workers.sum_over(setup.strategy, missing)
    found = [int(number) for number in np.flatnonzero(missing)]
    if found:
        require_few(len(found), describe(found[0]), most)
    return {number: describe(number) for number in found}
