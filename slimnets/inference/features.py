"""Feature extraction: chosen end points of a trained network over many images."""

import dataclasses
import fnmatch
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from slimnets import checkpoints, errors
from slimnets.checkpoints import atomic_files
from slimnets.config import dataclass_flags
from slimnets.config.inference import ExtractConfig, TrainedNetworkConfig
from slimnets.datasets import failures, pipeline
from slimnets.datasets import images as image_files
from slimnets.datasets.left_out import LeftOut, require_any
from slimnets.datasets.registry import Dataset
from slimnets.inference import class_matching, label_offset
from slimnets.inference.defaults import (
    complete_config,
    find_activation,
    find_dataset,
    find_num_classes,
    find_weights,
)
from slimnets.inference.predictor import Predictor, load_predictor
from slimnets.model import Model
from slimnets.monitoring.progress import image_bar

# What builders call the probabilities of the logits.
_PREDICTIONS = frozenset({"Predictions", "predictions"})

SUFFIXES = (".npz", ".tfrecord")


class Extraction(NamedTuple):
    """What was extracted.

    Attributes:
      report: how the checkpoint fitted.
      shapes: of each end point for one image, by name.
      num_images: how many images were run.
      output: the file.
      left_out: a line for each image that was not: which it is, and why.
    """

    report: checkpoints.RestoreReport
    shapes: dict[str, tuple[int, ...]]
    num_images: int
    output: str
    left_out: tuple[str, ...] = ()


class _Images(NamedTuple):
    """Images to run.

    Attributes:
      batches: as of `pipeline.eval_batches`.
      total: how many images they should hold.
      left_out: notes which of them do not come.
      explain: makes one line of a failure of the batches, given how many images came
        before it.
      class_names: by label.
      unreadable: a line for each image that is not among them, for it is no file.
    """

    batches: tf.data.Dataset
    total: int
    left_out: LeftOut
    explain: Callable[[Exception, int], errors.InputError]
    class_names: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()


def extract(config: ExtractConfig, log: Callable[[str], None] = print) -> Extraction:
    """Runs the network and writes the chosen end points to a file.

    A .npz holds one array [images, ...] for each end point, and 'label' (-1 where
    unknown; where any number of classes may be true, [images, classes] of 0 and 1),
    'class_name' ('' where unknown, 'a|b' of several) and 'filename'. A .tfrecord holds
    one tf.Example an image: each end point as a float list with its shape under
    '<name>/shape', and 'image/filename', 'image/class/label' and 'image/class/text'.

    Args:
      config: all settings.
      log: gets the lines that tell how the checkpoint and the labels fit.

    Raises:
      InputError: a setting or an input is at fault; an end point is unknown.
    """
    output = _check_output(config)
    trained = find_weights(config.trained, log)
    config = dataclasses.replace(config, trained=trained)
    checkpoint = checkpoints.require(trained.checkpoint_path, log)
    completed = complete_config(config.trained, checkpoint)
    num_classes = find_num_classes(completed, checkpoint)
    predictor = load_predictor(completed, num_classes, config.inference)
    names = choose_end_points(config.end_points, _list_end_points(predictor.model))
    report = predictor.restore(checkpoint)
    log(str(report))
    images = _find_images(config, completed, checkpoint, predictor, log)
    rows = _generate_rows(predictor, names, images, find_activation(checkpoint))
    shapes = _write(output, rows)
    broken = images.left_out.lines
    return Extraction(
        report,
        shapes,
        images.total - len(broken),
        str(output),
        left_out=(*images.unreadable, *broken),
    )


def choose_end_points(patterns: Sequence[str], end_points: Sequence[str]) -> list[str]:
    """Returns the end points that match any of the patterns, in network order.

    Args:
      patterns: names or shell wildcards.
      end_points: all names there are.

    Raises:
      InputError: there are no patterns, or one matches nothing; lists the names.
    """
    listed = ", ".join(end_points)
    if not patterns:
        raise errors.InputError(f"name --end_points, some of: {listed}")
    for pattern in patterns:
        if not fnmatch.filter(end_points, pattern):
            raise errors.InputError(
                f"no end point matches {pattern!r}; known: {listed}"
            )
    return [
        name
        for name in end_points
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)
    ]


def _check_output(config: ExtractConfig) -> Path:
    dataclass_flags.check(config)
    if not config.output or Path(config.output).suffix not in SUFFIXES:
        raise errors.InputError(
            f"--output={config.output} must be a file that ends in"
            f" {' or '.join(SUFFIXES)}"
        )
    if config.images and config.trained.dataset_dir:
        raise errors.InputError(
            "--images and --dataset_dir both say which images to run; give one"
        )
    output = Path(config.output)
    try:
        atomic_files.make_writable(output.parent)
    except OSError as error:
        raise errors.InputError(
            f"cannot write --output={output}: {error.strerror}"
        ) from error
    return output


def _list_end_points(model: Model) -> list[str]:
    """Returns the names of the end points that have a row for each image."""
    shape = [2, model.image_size, model.image_size, model.channels]
    outputs = (
        tf.function(lambda images: model(images)[1], autograph=False)
        .get_concrete_function(tf.TensorSpec(shape))
        .structured_outputs
    )
    return [name for name, spec in outputs.items() if spec.shape[:1] == shape[:1]]


def _find_images(
    config: ExtractConfig,
    completed: TrainedNetworkConfig,
    checkpoint: str,
    predictor: Predictor,
    log: Callable[[str], None],
) -> _Images:
    upright = completed.upright is not False
    if config.images is not None:
        return _find_image_files(config, predictor, upright)
    dataset, offset = _match_labels(
        config, completed, checkpoint, predictor.model.num_classes, log
    )
    reading = config.reading
    size = min(config.inference.batch_size, dataset.num_examples)
    left_out = LeftOut(
        range(dataset.num_examples),
        failures.describe_left_out(dataset, offset, reading.max_pixels),
        reading.max_bad_records,
    )
    return _Images(
        pipeline.eval_batches(
            dataset,
            predictor.preprocess,
            size,
            channels=predictor.model.channels,
            upright=upright,
            max_pixels=reading.max_pixels,
            skip_broken=reading.skips,
            labels_offset=offset,
        ),
        dataset.num_examples,
        left_out,
        lambda error, first: failures.describe(
            error,
            dataset,
            offset,
            first=first,
            most=size,
            max_pixels=reading.max_pixels,
        ),
        label_offset.list_class_names(dataset.class_names, offset),
        unreadable=dataset.left_out,
    )


def _find_image_files(
    config: ExtractConfig, predictor: Predictor, upright: bool
) -> _Images:
    """Returns the images of a folder; those that are broken are left out."""
    max_pixels = config.reading.max_pixels
    files = image_files.find_images(Path(str(config.images)))
    paths = [str(file.path) for file in files if not file.fault]
    unreadable = [
        f"{errors.printable(str(file.path))}: {file.fault}"
        for file in files
        if file.fault
    ]
    if not paths:
        raise errors.InputError(unreadable[0])

    def describe(number: int) -> str:
        fault = failures.describe_broken_image(paths[number], max_pixels)
        return fault or f"{paths[number]}: could not be read at first; run it again"

    return _Images(
        pipeline.image_batches(
            paths,
            predictor.preprocess,
            min(config.inference.batch_size, len(paths)),
            channels=predictor.model.channels,
            upright=upright,
            max_pixels=max_pixels,
            skip_broken=True,
        ),
        len(paths),
        LeftOut(range(len(paths)), describe, None),
        lambda error, _: failures.describe_of_images(error, paths, max_pixels),
        unreadable=tuple(unreadable),
    )


def _match_labels(
    config: ExtractConfig,
    completed: TrainedNetworkConfig,
    checkpoint: str,
    num_classes: int | None,
    log: Callable[[str], None],
) -> tuple[Dataset, int]:
    """Returns the split to run, and what is subtracted from its labels.

    They become classes of the network where these have the same names; a dataset with
    classes of its own keeps its labels.
    """
    given = config.trained
    dataset = find_dataset(
        completed,
        log,
        skips=config.reading.skips,
        max_pixels=config.reading.max_pixels,
    )
    offset = completed.labels_offset or 0
    if not num_classes:  # labels are no classes of the network
        return dataset, offset
    trained = class_matching.choose_names(given, checkpoint, num_classes, dataset)
    if trained is None:
        if given.labels_offset is None:
            offset = label_offset.choose_offset(num_classes, dataset, offset, log)
        return dataset, offset
    unknown = class_matching.list_unknown(dataset, trained)
    if unknown:
        log(
            f"labels are those of {dataset.name}, not the network's classes: it was not"
            f" trained on {class_matching.format_some(unknown)}"
        )
        return dataset, 0
    return class_matching.renumber(dataset, trained, log), 0


class _Row(NamedTuple):
    """One image.

    Attributes:
      features: its end points.
      label: integer [], -1 if unknown; or [classes] of 0 and 1, where any number of
        classes may be true.
      class_names: of the classes that are.
      filename: of its file.
    """

    features: dict[str, np.ndarray]
    label: np.ndarray
    class_names: tuple[str, ...]
    filename: bytes

    @property
    def labels(self) -> list[int]:
        """The classes that are true, by id."""
        true = np.flatnonzero(self.label) if self.label.ndim else self.label[None]
        return [*map(int, true)]


def _generate_rows(
    predictor: Predictor,
    names: Sequence[str],
    images: _Images,
    activation: Callable[[tf.Tensor], tf.Tensor],
) -> Iterator[_Row]:
    """Yields the rows of all images; padding is left out."""

    @tf.function(autograph=False)
    def chosen(batch: tf.Tensor) -> dict[str, tf.Tensor]:
        logits, end_points = predictor.network(batch)
        if activation is not tf.nn.softmax:  # which is what builders have
            end_points |= {
                name: activation(logits) for name in _PREDICTIONS & end_points.keys()
            }
        return {name: tf.cast(end_points[name], tf.float32) for name in names}

    batch_size = images.batches.element_spec["image"].shape[0]
    run = predictor.prepare(chosen, batch_size)
    came = 0
    with image_bar(images.total) as bar:
        try:
            for batch in images.batches:
                features = run(batch["image"])
                sound = np.flatnonzero(batch["mask"].numpy())
                images.left_out.note(batch["number"].numpy()[sound])
                for i in sound:
                    yield _make_row(
                        {name: features[name][i] for name in names},
                        batch["label"][i].numpy(),
                        batch["filename"][i].numpy(),
                        images.class_names,
                    )
                    bar.update()
                came += len(sound)
        except failures.FAILURES as error:
            raise images.explain(error, came) from error
    images.left_out.finish()
    require_any(images.left_out.lines, images.total)


def _make_row(
    features: dict[str, np.ndarray],
    label: np.ndarray,
    filename: bytes,
    class_names: Sequence[str],
) -> _Row:
    row = _Row(features, np.asarray(label, np.int64), (), filename)
    names = tuple(class_names[k] if k >= 0 else "" for k in row.labels)
    return row._replace(class_names=names)


def _write(output: Path, rows: Iterator[_Row]) -> dict[str, tuple[int, ...]]:
    """Writes the file, whole or not at all; returns the shapes."""
    unfinished = output.with_name("unfinished-" + output.name)
    write = _write_npz if output.suffix == ".npz" else _write_tfrecord
    try:
        shapes = write(unfinished, rows)
        unfinished.replace(output)
    except (OSError, tf.errors.OpError) as error:
        raise errors.InputError(
            f"cannot write --output={output}: {errors.summarize(error)}"
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)
    return shapes


def _write_npz(path: Path, rows: Iterator[_Row]) -> dict[str, tuple[int, ...]]:
    held = list(rows)
    arrays: dict[str, Any] = {
        name: np.stack([row.features[name] for row in held])
        for name in held[0].features
    }
    np.savez(
        path,
        label=np.array([row.label for row in held]),
        class_name=np.array(["|".join(row.class_names) for row in held]),
        filename=np.array([os.fsdecode(row.filename) for row in held]),
        **arrays,
    )
    return {name: array.shape[1:] for name, array in arrays.items()}


def _write_tfrecord(path: Path, rows: Iterator[_Row]) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    with tf.io.TFRecordWriter(os.fsencode(path)) as writer:
        for row in rows:
            shapes = {name: value.shape for name, value in row.features.items()}
            writer.write(_make_example(row))
    return shapes


def _make_example(row: _Row) -> bytes:
    def integers(values: Sequence[int]) -> tf.train.Feature:
        return tf.train.Feature(int64_list=tf.train.Int64List(value=values))

    def texts(*values: bytes) -> tf.train.Feature:
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))

    features = {
        "image/class/label": integers(row.labels),
        "image/class/text": texts(*map(os.fsencode, row.class_names)),
        "image/filename": texts(row.filename),
    }
    for name, value in row.features.items():
        features[name] = tf.train.Feature(
            float_list=tf.train.FloatList(value=value.ravel())
        )
        features[f"{name}/shape"] = integers(value.shape)
    return tf.train.Example(
        features=tf.train.Features(feature=features)
    ).SerializeToString()
