"""The mean of several checkpoints' weights, as stochastic weight averaging takes it.

Izmailov et al., arXiv:1803.05407.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from slimnets import checkpoints, errors
from slimnets.checkpoints import names, run_settings
from slimnets.config.checkpoint_files import CheckpointsConfig
from slimnets.maintenance import batch_norm, listing, output
from slimnets.maintenance.contents import choose_keys
from slimnets.maintenance.sources import Source

# What has to be the same in the settings of all for a mean to mean anything.
_FACTS = (
    "model",
    "num_classes",
    "class_names",
    "labels_offset",
    "use_grayscale",
    "preprocessing_name",
)


def average(
    paths: Sequence[str],
    config: CheckpointsConfig,
    log: Callable[[str], None] = print,
) -> str:
    """Writes the mean of several checkpoints, taken in float64.

    The optimizer's slots are left out. Of whole numbers, such as the step, the newest
    checkpoint's are taken.

    Args:
      paths: of two or more checkpoints, or of one folder whose checkpoints are taken.
      config: all settings.
      log: gets the lines that tell what was done.

    Returns:
      The path of the mean.

    Raises:
      InputError: an input is at fault, or the checkpoints are not of the same network.
    """
    folder = output.require_new(config.result.output)
    if config.statistics.update_batch_norm and config.result.moving_averages == "keep":
        raise errors.InputError(
            "--update_batch_norm with --moving_averages=keep: evaluation would take the"
            " averages of the statistics; leave one of the two out"
        )
    model = config.selection.model
    sources = [Source(path, model) for path in _list_paths(paths, config)]
    _require_several(sources)
    _require_same_run(sources)
    kinds = sources[0].list_kinds()
    keys = choose_keys(sources[0], kinds, config.result.moving_averages)
    keys.pop(checkpoints.GLOBAL_STEP, None)
    for source in sources[1:]:
        _require_same_names(sources[0], source, kinds, keys)
    newest = max(sources, key=lambda source: source.step)
    values = {name: _average_one(sources, newest, key) for name, key in keys.items()}
    if config.statistics.update_batch_norm:
        values |= batch_norm.estimate(newest, values, config.statistics, log)
    values[checkpoints.GLOBAL_STEP] = np.asarray(newest.step, np.int64)

    def add_settings(into: Path) -> None:
        output.copy_settings(newest.path, into)
        way = {
            "moving_averages": config.result.moving_averages,
            "update_batch_norm": config.statistics.update_batch_norm,
        }
        run_settings.note_mean(into, [source.path for source in sources], way)

    path = output.write(folder, newest.step, values, add_settings)
    log(f"averaged {len(sources)} checkpoints, {len(keys)} variables of each")
    if not config.statistics.update_batch_norm and _has_batch_norm(values):
        log(
            "batch norm's statistics are the means of theirs; --update_batch_norm takes"
            " them anew over the images"
        )
    return path


def _has_batch_norm(values: dict[str, np.ndarray]) -> bool:
    return any(batch_norm.is_statistic(name) for name in values)


def _list_paths(paths: Sequence[str], config: CheckpointsConfig) -> list[str]:
    """Returns the checkpoints that are meant; one folder stands for those in it."""
    if len(paths) != 1 or not Path(paths[0]).is_dir():
        if config.selection.last:
            raise errors.InputError(
                "--last is for one folder; leave it out where checkpoints are named"
            )
        return list(paths)
    whole = [item for item in listing.read(paths[0]).items if not item.damage]
    return [item.path for item in whole[-config.selection.last :]]


def _require_several(sources: Sequence[Source]) -> None:
    if len(sources) < 2:
        raise errors.InputError(
            f"a mean takes two checkpoints or more, not {len(sources)}; name them, or a"
            " folder that has several"
        )
    paths = [str(Path(source.path).resolve()) for source in sources]
    for path in paths:
        if paths.count(path) > 1:
            raise errors.InputError(f"{path} is named twice; name each once")


def _require_same_run(sources: Sequence[Source]) -> None:
    """Raises an InputError if the settings say that networks or classes differ."""
    known = [source for source in sources if source.settings is not None]
    for fact in _FACTS:
        for source in known[1:]:
            ours = getattr(known[0].settings, fact)
            theirs = getattr(source.settings, fact)
            if ours != theirs:
                raise errors.InputError(
                    f"{known[0].path} and {source.path} cannot be averaged: their"
                    f" {fact} differ, says settings.json beside them"
                )


def _require_same_names(
    first: Source,
    other: Source,
    kinds: dict[str, str],
    keys: dict[str, str],
) -> None:
    """Raises an InputError unless two checkpoints have the same variables."""
    ours, theirs = first.reader.shapes, other.reader.shapes
    wanted = set(keys.values())
    theirs_too = {
        name
        for name, kind in other.list_kinds().items()
        if kind == names.AVERAGE or (kind == names.NETWORK and name not in kinds)
    }
    averages = {name for name, kind in kinds.items() if kind == names.AVERAGE}
    lacking = sorted(wanted - theirs.keys()) or sorted(theirs_too - averages)
    if lacking:
        raise errors.InputError(
            f"{first.path} and {other.path} cannot be averaged: only one of them has"
            f" {lacking[0]}" + _count_others(lacking)
        )
    misshapen = [name for name in sorted(wanted) if ours[name] != theirs[name]]
    if misshapen:
        name = misshapen[0]
        raise errors.InputError(
            f"{first.path} and {other.path} cannot be averaged: {name} has shape"
            f" {ours[name]} and {theirs[name]}" + _count_others(misshapen)
        )


def _count_others(found: list[str]) -> str:
    return f", and {len(found) - 1} others" if len(found) > 1 else ""


def _average_one(sources: Sequence[Source], newest: Source, key: str) -> np.ndarray:
    """Returns the mean of one variable, in the type that it has."""
    total: np.ndarray | float = 0.0
    last = newest.reader.read({key: key})[key]
    if not np.issubdtype(np.asarray(last).dtype, np.floating) and not _is_short(last):
        return last
    for source in sources:
        value = source.reader.read({key: key})[key]
        output.require_finite(source.path, {key: value})
        total = total + value.astype(np.float64)
    return np.asarray(total / len(sources)).astype(last.dtype)


def _is_short(value: np.ndarray) -> bool:
    """Returns whether its type is one of those for which NumPy has no class."""
    return np.asarray(value).dtype.name.startswith("bfloat")
