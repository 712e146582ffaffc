"""Feature extraction: chosen end points of a trained network over many images."""

import contextlib
import dataclasses
import fnmatch
import functools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from slimnets import checkpoints, errors
from slimnets.config import dataclass_flags
from slimnets.config.inference import ExtractConfig
from slimnets.inference.defaults import (
    complete_config,
    find_activation,
    find_num_classes,
    find_weights,
)
from slimnets.inference.extraction import (
    batches,
    end_points,
    images,
    map_pictures,
    views,
)
from slimnets.inference.extraction.map_pictures import MapPictures
from slimnets.inference.extraction.vectors import Collector, Vectors, require_match
from slimnets.inference.extraction.writers import formats
from slimnets.inference.predictor import load_predictor
from slimnets.model import Model


class Extraction(NamedTuple):
    """What was extracted.

    Attributes:
      report: how the checkpoint fitted.
      shapes: of each end point for one image, by name, as it is in the file.
      num_images: how many images were run.
      output: the file; None where none was asked for.
      left_out: a line for each image that was not: which it is, and why.
      views: the pages and pictures.
    """

    report: checkpoints.RestoreReport
    shapes: dict[str, tuple[int, ...]]
    num_images: int
    output: str | None
    left_out: tuple[str, ...] = ()
    views: tuple[str, ...] = ()


class _Plan(NamedTuple):
    """What is done with the images.

    Attributes:
      names: of the end points that were chosen.
      compared: the end point that pages show; None without pages.
    """

    names: list[str]
    compared: str | None

    def list_wanted(self, config: ExtractConfig) -> batches.Wanted:
        """Returns what is asked of the network."""
        in_file = config.output is not None
        whole = (in_file and not config.pool) or config.views.feature_maps is not None
        pooled = self.names if in_file and config.pool else []
        more = [self.compared] if self.compared not in (None, *pooled) else []
        return batches.Wanted(
            self.names if whole else [], [*pooled, *filter(None, more)]
        )


def extract(config: ExtractConfig, log: Callable[[str], None] = print) -> Extraction:
    """Runs the network and writes the chosen end points to a file, and shows them.

    A .npz holds one array [images, ...] for each end point, and 'label' (-1 where
    unknown; where any number of classes may be true, [images, classes] of 0 and 1),
    'class_name' ('' where unknown, 'a|b' of several) and 'filename'. A .tfrecord holds
    one tf.Example an image: each end point as a float list with its shape under
    '<name>/shape', and 'image/filename', 'image/class/label' and 'image/class/text'.
    A .npy holds one end point, and its .npy.csv filename, label and class_name; a
    .parquet a row an image, of these three columns and one for each end point.

    Memory holds some batches, whatever the number of images; for pages, the vectors of
    20,000 images at most.

    Args:
      config: all settings.
      log: gets the lines that tell how the checkpoint and the labels fit.

    Raises:
      InputError: a setting or an input is at fault; an end point is unknown.
    """
    _check(config)
    trained = find_weights(config.trained, log)
    config = dataclasses.replace(config, trained=trained)
    checkpoint = checkpoints.require(trained.checkpoint_path, log)
    completed = complete_config(config.trained, checkpoint)
    num_classes = find_num_classes(completed, checkpoint)
    predictor = load_predictor(completed, num_classes, config.inference, log)
    plan = _make_plan(config, predictor.model)
    report = predictor.restore(checkpoint)
    log(str(report))
    found = images.find(config, completed, checkpoint, predictor, log)
    if config.views.queries:
        require_match(found.list_names(), config.views.queries)
    run = functools.partial(
        batches.run,
        predictor,
        plan.list_wanted(config),
        found,
        find_activation(checkpoint),
    )
    shapes, num_images, drawn, vectors = _use(run, plan, config, found)
    if vectors is not None:
        facts = {
            "network": predictor.model.network.name,
            "checkpoint": checkpoint,
            "end point": f"{plan.compared}, the mean over all places",
            "images": f"{num_images:,}",
            "left out": f"{len(found.unreadable) + len(found.left_out.lines):,}",
        }
        views.write(vectors, found, config.views, predictor.model.network.name, facts)
    return Extraction(
        report,
        shapes,
        num_images,
        config.output,
        (*found.unreadable, *found.left_out.lines),
        (*views.list_pages(config.views).values(), *drawn),
    )


def _use(
    run: Callable[..., Iterator[batches.Batch]],
    plan: _Plan,
    config: ExtractConfig,
    found: images.Images,
) -> tuple[dict[str, tuple[int, ...]], int, list[str], Vectors | None]:
    """Gives each batch to all that takes it; returns shapes, images, and the latter's.

    Where pictures of the first images are all that is asked for, no others are run.
    """
    shown = config.views
    shapes: dict[str, tuple[int, ...]] = {}
    num_images = 0
    with contextlib.ExitStack() as stack:
        takers: list[Callable[[batches.Batch], None]] = []
        if config.output is not None:
            file = formats.open_file(Path(config.output), config.pool)
            takers.append(stack.enter_context(file))
        collector = pictures = None
        if plan.compared is not None:
            collector = Collector(plan.compared, found.total, shown.queries)
            takers.append(collector.add)
        if shown.feature_maps is not None:
            folder = Path(shown.feature_maps)
            pictures = MapPictures(folder, shown.num_mapped, found)
            takers.append(pictures.add)
        alone = pictures is not None and len(takers) == 1
        for batch in run(most=shown.num_mapped if alone else None):
            for take in takers:
                take(batch)
            values = batch.pooled if config.pool else batch.whole
            if config.output is not None:
                shapes = {name: value.shape[1:] for name, value in values.items()}
            num_images += len(batch.numbers)
    drawn = [] if pictures is None else pictures.paths
    vectors = None if collector is None else collector.collect()
    return shapes, num_images, drawn, vectors


def _make_plan(config: ExtractConfig, model: Model) -> _Plan:
    shapes, last_map = end_points.survey(model)
    names: list[str] = []
    if config.end_points or config.output or config.views.feature_maps:
        names = choose_end_points(config.end_points, [*shapes])
    if config.output is not None:
        formats.check(Path(config.output), names)
    if config.views.feature_maps is not None:
        map_pictures.require_maps(shapes, names)
    if not views.list_pages(config.views):
        return _Plan(names, None)
    if not names and last_map is None:
        raise errors.InputError(
            f"{model.network.name} has no map of features: name one of its"
            f" --end_points, {', '.join(shapes)}"
        )
    if len(names) > 1:
        raise errors.InputError(
            f"pages compare one end point, and --end_points names {len(names)}:"
            f" {', '.join(names)}; choose one"
        )
    return _Plan(names, names[0] if names else last_map)


def choose_end_points(patterns: Sequence[str], known: Sequence[str]) -> list[str]:
    """Returns the end points that match any of the patterns, in network order.

    Args:
      patterns: names or shell wildcards.
      known: all names there are.

    Raises:
      InputError: there are no patterns, or one matches nothing; lists the names.
    """
    listed = ", ".join(known)
    if not patterns:
        raise errors.InputError(f"name --end_points, some of: {listed}")
    for pattern in patterns:
        if not fnmatch.filter(known, pattern):
            raise errors.InputError(
                f"no end point matches {pattern!r}; known: {listed}"
            )
    return [
        name
        for name in known
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)
    ]


def _check(config: ExtractConfig) -> None:
    dataclass_flags.check(config)
    shown = config.views
    if config.output is not None or not (
        views.list_pages(shown) or shown.feature_maps is not None
    ):
        output = Path(config.output or "")
        formats.check(output)
        views.require_folder("output", str(output), output.parent)
    if config.images and config.trained.dataset_dir:
        raise errors.InputError(
            "--images and --dataset_dir both say which images to run; give one"
        )
    views.check(shown)
    if shown.feature_maps is not None:
        folder = shown.feature_maps
        views.require_folder("feature_maps", folder, Path(folder))
