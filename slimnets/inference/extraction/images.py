"""The images of an extraction: a split of a dataset, or files of a folder."""

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import tensorflow as tf

from slimnets import errors
from slimnets.config.inference import ExtractConfig, TrainedNetworkConfig
from slimnets.datasets import failures, filenames, pipeline, thumbnails
from slimnets.datasets import images as image_files
from slimnets.datasets.decoding import Decoding
from slimnets.datasets.left_out import LeftOut
from slimnets.datasets.registry import Dataset
from slimnets.inference import class_matching, label_offset
from slimnets.inference.defaults import find_dataset
from slimnets.inference.predictor import Predictor


@dataclasses.dataclass(frozen=True)
class Images:
    """Images to run.

    Attributes:
      batches: as of `pipeline.eval_batches`.
      total: how many images they should hold.
      left_out: notes which of them do not come.
      explain: makes one line of a failure of the batches, given how many images came
        before it.
      list_names: reads the images' names, in their order; it decodes none.
      class_names: by label.
      draw: makes small pictures of images, JPEG by number, from their numbers and
        the longer side in pixels; one that cannot be read is left out.
      unreadable: a line for each image that is not among them, for it is no file.
    """

    batches: tf.data.Dataset
    total: int
    left_out: LeftOut
    explain: Callable[[Exception, int], errors.InputError]
    draw: Callable[[Sequence[int], int], dict[int, bytes]]
    list_names: Callable[[], Iterable[str]]
    class_names: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()


def find(
    config: ExtractConfig,
    completed: TrainedNetworkConfig,
    checkpoint: str,
    predictor: Predictor,
    log: Callable[[str], None],
) -> Images:
    """Finds the images that an extraction is asked for.

    Args:
      config: its settings.
      completed: those of the network, with what its training says.
      checkpoint: its path.
      predictor: prepares them.
      log: gets the lines that tell how labels fit.

    Raises:
      InputError: there are none, or a setting is at fault.
    """
    upright = completed.upright is not False
    if config.images is not None:
        return _find_files(config, predictor, upright)
    dataset, offset = _match_labels(
        config, completed, checkpoint, predictor.model.num_classes, log
    )
    return _read_dataset(config, dataset, offset, predictor, upright)


def _read_dataset(
    config: ExtractConfig,
    dataset: Dataset,
    offset: int,
    predictor: Predictor,
    upright: bool,
) -> Images:
    reading = config.reading
    size = min(config.inference.batch_size, dataset.num_examples)
    batches = pipeline.eval_batches(
        dataset,
        predictor.preprocess,
        size,
        decoding=Decoding(predictor.model.channels, upright, reading.max_pixels),
        labels_offset=offset,
        skip_broken=reading.skips,
    )

    def explain(error: Exception, first: int) -> errors.InputError:
        return failures.describe(
            error,
            dataset,
            offset,
            first=first,
            most=size,
            max_pixels=reading.max_pixels,
        )

    return Images(
        batches,
        dataset.num_examples,
        LeftOut(
            range(dataset.num_examples),
            failures.describe_left_out(dataset, offset, reading.max_pixels),
            reading.max_bad_records,
        ),
        explain,
        lambda numbers, side: thumbnails.make_thumbnails(
            dataset, numbers, side, upright=upright, max_pixels=reading.max_pixels
        ),
        lambda: filenames.read(dataset),
        label_offset.list_class_names(dataset.class_names, offset),
        unreadable=dataset.left_out,
    )


def _find_files(config: ExtractConfig, predictor: Predictor, upright: bool) -> Images:
    """Returns the images of a folder; those that are broken are left out."""
    max_pixels = config.reading.max_pixels
    paths, unreadable = _list_files(Path(str(config.images)))
    batches = pipeline.image_batches(
        paths,
        predictor.preprocess,
        min(config.inference.batch_size, len(paths)),
        decoding=Decoding(predictor.model.channels, upright, max_pixels),
        skip_broken=True,
    )

    def describe(number: int) -> str:
        fault = failures.describe_broken_image(paths[number], max_pixels)
        return fault or f"{paths[number]}: could not be read at first; run it again"

    return Images(
        batches,
        len(paths),
        LeftOut(range(len(paths)), describe, None),
        lambda error, _: failures.describe_of_images(error, paths, max_pixels),
        lambda numbers, side: thumbnails.make_thumbnails_of_files(
            paths, numbers, side, upright=upright, max_pixels=max_pixels
        ),
        lambda: paths,
        unreadable=tuple(unreadable),
    )


def _list_files(path: Path) -> tuple[Sequence[str], Sequence[str]]:
    """Returns the paths of the images, and a line for each that cannot be opened."""
    files = image_files.find_images(path)
    paths = [str(file.path) for file in files if not file.fault]
    unreadable = [
        f"{errors.printable(str(file.path))}: {file.fault}"
        for file in files
        if file.fault
    ]
    if not paths:
        raise errors.InputError(unreadable[0])
    return paths, unreadable


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
