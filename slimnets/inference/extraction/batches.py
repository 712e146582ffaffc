"""Batches of features: images through the network, as many in memory as a batch has."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from slimnets.datasets import failures
from slimnets.datasets.left_out import require_any
from slimnets.inference.extraction.images import Images
from slimnets.inference.predictor import Predictor
from slimnets.monitoring.progress import image_bar

# What builders call the probabilities of the logits.
_PREDICTIONS = frozenset({"Predictions", "predictions"})
_WHOLE, _POOLED = "whole", "pooled"


class Wanted(NamedTuple):
    """What is asked of each image.

    Attributes:
      whole: end points as they are.
      pooled: end points of which the mean over height and width is asked for.
    """

    whole: Sequence[str] = ()
    pooled: Sequence[str] = ()


class Batch(NamedTuple):
    """Some images.

    Attributes:
      whole: end points, float32 [images, ...], by name.
      pooled: their means over all places, float32 [images, channels], by name.
      numbers: int64 [images], of the images in their order, from 0.
      labels: int64 [images], -1 if unknown; or [images, classes] of 0 and 1, where any
        number of classes may be true.
      class_names: of the classes that are true of each image.
      filenames: of their files.
    """

    whole: Mapping[str, np.ndarray]
    pooled: Mapping[str, np.ndarray]
    numbers: np.ndarray
    labels: np.ndarray
    class_names: Sequence[tuple[str, ...]]
    filenames: Sequence[bytes]


def list_true(label: np.ndarray) -> list[int]:
    """Returns the classes of an image, by id, from one of `Batch.labels`."""
    return [*map(int, np.flatnonzero(label) if label.ndim else label[None])]


def run(
    predictor: Predictor,
    wanted: Wanted,
    images: Images,
    activation: Callable[[tf.Tensor], tf.Tensor],
    most: int | None = None,
) -> Iterator[Batch]:
    """Yields what is wanted of all images; padding is left out.

    Args:
      predictor: the network with its weights.
      wanted: what is asked of it.
      images: to run. Those that do not come are noted there, as far as was read.
      activation: makes probabilities of logits.
      most: ends behind the batch with this many images; None runs all.

    Raises:
      InputError: an image is at fault.
    """
    batch_size = images.batches.element_spec["image"].shape[0]
    function = _choose_outputs(predictor, wanted, activation)
    compute = predictor.prepare(function, batch_size)
    came = 0
    with image_bar(images.total) as bar:
        try:
            for batch in images.batches:
                sound = np.flatnonzero(batch["mask"].numpy())
                images.left_out.note(batch["number"].numpy()[sound])
                outputs = compute(batch["image"])
                yield _make_batch(batch, outputs, sound, wanted, images)
                bar.update(len(sound))
                came += len(sound)
                if most is not None and came >= most:
                    return
        except failures.FAILURES as error:
            raise images.explain(error, came) from error
    images.left_out.finish()
    require_any(images.left_out.lines, images.total)


def _choose_outputs(
    predictor: Predictor, wanted: Wanted, activation: Callable[[tf.Tensor], tf.Tensor]
) -> tf.types.experimental.PolymorphicFunction:
    @tf.function(autograph=False)
    def choose(batch: tf.Tensor) -> dict[str, tf.Tensor]:
        logits, end_points = predictor.network(batch)
        if activation is not tf.nn.softmax:  # which is what builders have
            end_points |= {
                name: activation(logits) for name in _PREDICTIONS & end_points.keys()
            }
        values = {
            name: tf.cast(end_points[name], tf.float32) for name in set().union(*wanted)
        }
        whole = {f"{_WHOLE}/{name}": values[name] for name in wanted.whole}
        pooled = {f"{_POOLED}/{name}": _pool(values[name]) for name in wanted.pooled}
        return whole | pooled

    return choose


def _pool(values: tf.Tensor) -> tf.Tensor:
    """Returns [images, channels], the mean over all places; vectors as they are."""
    places = [*range(1, values.shape.rank - 1)]
    return tf.reduce_mean(values, places) if places else values


def _make_batch(
    batch: Mapping[str, tf.Tensor],
    outputs: Mapping[str, np.ndarray],
    sound: np.ndarray,
    wanted: Wanted,
    images: Images,
) -> Batch:
    labels = batch["label"].numpy()[sound].astype(np.int64)
    return Batch(
        {name: outputs[f"{_WHOLE}/{name}"][sound] for name in wanted.whole},
        {name: outputs[f"{_POOLED}/{name}"][sound] for name in wanted.pooled},
        batch["number"].numpy()[sound],
        labels,
        [_name_classes(label, images.class_names) for label in labels],
        [*batch["filename"].numpy()[sound]],
    )


def _name_classes(label: np.ndarray, names: Sequence[str]) -> tuple[str, ...]:
    return tuple(names[k] if k >= 0 else "" for k in list_true(label))
