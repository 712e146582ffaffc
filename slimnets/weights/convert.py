"""Weights of another library or format to a TF-Slim checkpoint, or to its own."""

import dataclasses
import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from slimnets import checkpoints, errors
from slimnets.config import choices
from slimnets.nets import registry
from slimnets.weights import graphs, tflite
from slimnets.weights.keras import files as keras_files
from slimnets.weights.keras import weights as keras
from slimnets.weights.match import match_variables
from slimnets.weights.rules import Found
from slimnets.weights.torch import files as torch_files
from slimnets.weights.torch import weights as torch
from slimnets.weights.torch import writer as torch_writer

READERS: dict[str, Callable[[Path, str], Found]] = {
    "keras": keras.read,
    "torch": torch.read,
    "frozen_graph": graphs.read_frozen,
    "saved_model": graphs.read_saved_model,
    "tflite": tflite.read,
}
CHECKPOINT, KERAS, TORCH = choices.WEIGHT_TARGETS
_SUFFIXES = {KERAS: keras_files.SUFFIX, TORCH: torch_files.SUFFIX}

_CLASSES = {
    1000: "1000 classes, no background among them: where a dataset counts one,"
    " evaluate with --labels_offset=1",
    1001: "1001 classes, of which class 0 is the background",
    None: "no logits: features alone",
}


@dataclasses.dataclass(frozen=True)
class Conversion:
    """What was written.

    Attributes:
      path: the checkpoint or the file.
      report: what matched and what did not.
      notes: what the user should know besides.
      arguments: of the builder, under which its logits are those of the weights' own
        library.
    """

    path: str
    report: checkpoints.RestoreReport
    notes: tuple[str, ...]
    arguments: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def __str__(self) -> str:
        return "\n".join([str(self.report), *self.notes, f"written: {self.path}"])


def convert(
    kind: str,
    weights: str,
    network: str | None,
    output: Path,
    *,
    to: str = CHECKPOINT,
    ignore_missing: bool = False,
    allow_unused: bool = False,
    use_moving_averages: bool = False,
    variant: str | None = None,
    flip_input_channels: bool = False,
    overwrite: bool = False,
) -> Conversion:
    """Converts weights; writes nothing unless all is well.

    Args:
      kind: what `weights` is, one of `config.choices.WEIGHT_SOURCES`.
      weights: path of the file, or of the folder of a SavedModel or of checkpoints.
      network: a name of the registry; None rewrites a checkpoint whatever it is of.
      output: folder to write into; for Keras also a path that ends in .weights.h5, for
        PyTorch one that ends in .safetensors.
      to: one of `config.choices.WEIGHT_TARGETS`.
      ignore_missing: write a checkpoint without the variables that are not there.
      allow_unused: write it without what has no place in the network.
      use_moving_averages: of PyTorch's files, take the weights' moving averages where
        there are some. Of a checkpoint they are taken anyway.
      variant: of PyTorch's files, whose network they are of where the names in them
        leave that open, or whose to write: one of `config.choices.TORCH_VARIANTS`.
      flip_input_channels: reverse the order in which the network takes an image's
        channels.
      overwrite: replace what the output holds already.

    Raises:
      InputError: the weights cannot be read, do not fit, or cannot be written.
    """
    if network is None:
        if (kind, to, flip_input_channels) != (CHECKPOINT, CHECKPOINT, False):
            raise errors.InputError("name the weights' network with --model")
        return _rewrite(weights, output, overwrite)
    if variant is not None and TORCH not in (kind, to):
        raise errors.InputError(
            "--variant is for PyTorch's files: give --from=torch or --to=torch"
        )
    registry.get_row(network)
    target = _resolve_target(output, network, to, overwrite)
    source = _read(kind, weights, network, use_moving_averages, variant)
    match = match_variables(
        source.path, network, source.found, ignore_missing, allow_unused
    )
    values = _flip_input_channels(match.values) if flip_input_channels else match.values
    notes = (*match.notes, _note_classes(match.num_classes))
    path = str(target)
    if to == KERAS:
        left = len(values) - len(keras.write(target, network, values))
        notes += (f"{left} variables that Keras lacks are left out",) if left else ()
    elif to == TORCH:
        notes += tuple(torch_writer.write(target, network, values, variant))
    else:
        path = _save(target, source.step, values)
    return Conversion(path, match.report, notes, match.arguments)


def _flip_input_channels(values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Reverses the input channels of the first kernel, which takes the image."""
    name, kernel = next(iter(values.items()))
    if kernel.ndim != 4 or kernel.shape[2] != 3:
        raise errors.InputError(
            f"--flip_input_channels has no colours to flip in {name}, whose shape is"
            f" {list(kernel.shape)}"
        )
    return {**values, name: np.ascontiguousarray(kernel[:, :, ::-1])}


class _Source(NamedTuple):
    """What was read, from where, after how many steps of training."""

    found: Found
    path: str
    step: int = 0


def _read(
    kind: str, weights: str, network: str, moving_averages: bool, variant: str | None
) -> _Source:
    if kind == CHECKPOINT:
        return _read_checkpoint(weights, network)
    if not Path(weights).exists():
        is_checkpoint = checkpoints.find(weights) is not None
        raise errors.InputError(
            f"{weights} is a checkpoint: give --from={CHECKPOINT}"
            if is_checkpoint
            else f"there is no {weights}; --weights says what to convert"
        )
    found = read_file(kind, Path(weights), network, moving_averages, variant)
    return _Source(found, weights)


def read_file(
    kind: str,
    path: Path,
    network: str,
    moving_averages: bool = False,
    variant: str | None = None,
) -> Found:
    """Reads a file of weights that is no checkpoint.

    Args:
      kind: a key of READERS.
      path: of the file, or of a SavedModel's folder.
      network: a name of the registry.
      moving_averages: of PyTorch's files, take the weights' averages.
      variant: of PyTorch's files, as `convert`.

    Raises:
      InputError: it cannot be read.
    """
    read = READERS[kind]
    if kind == "torch":
        read = functools.partial(
            torch.read, moving_averages=moving_averages, variant=variant
        )
    try:
        return read(path, network)
    except errors.InputError:
        raise
    # A damaged file, or another network's, may fail in any way.
    except Exception as error:
        raise errors.InputError(
            f"{path} cannot be read as weights of {network}: {errors.summarize(error)}"
        ) from error


def _read_checkpoint(weights: str, network: str) -> _Source:
    """Reads a checkpoint; moving averages take the place of what they are of."""
    path = checkpoints.require(weights)
    reader = checkpoints.Reader(path)
    if reader.has_objects:
        known = checkpoints.get_variable_shapes(network, 2)
        if known.keys().isdisjoint(reader.shapes):
            raise checkpoints.describe_objects(path)
    values = reader.read()
    step = _find_step(values, path)
    values.pop(checkpoints.GLOBAL_STEP, None)
    averages = {
        name.removesuffix(checkpoints.AVERAGE_SUFFIX): values.pop(name)
        for name in list(values)
        if name.endswith(checkpoints.AVERAGE_SUFFIX)
    }
    notes = [f"{len(averages)} of its variables as moving averages"] if averages else []
    return _Source(Found(values | averages, [], notes), path, step)


def _find_step(values: Mapping[str, np.ndarray], path: str) -> int:
    """Returns the step that a checkpoint holds, or else that of its name."""
    step = values.get(checkpoints.GLOBAL_STEP)
    if step is None or step.ndim or step.dtype.kind not in "iu":
        return checkpoints.get_step(path)
    return int(step)


def _rewrite(weights: str, output: Path, overwrite: bool) -> Conversion:
    """Writes a checkpoint of either format anew, in today's, all that it holds."""
    target = _resolve_target(output, "", CHECKPOINT, overwrite)
    path = checkpoints.require(weights)
    values = checkpoints.read(path)
    step = _find_step(values, path)
    report = checkpoints.RestoreReport(
        path,
        *(tuple(values), (), (), ()),
        not_finite=checkpoints.list_not_finite(values),
        verb="converted",
    )
    return Conversion(_save(target, step, values), report, ())


def _resolve_target(output: Path, network: str, to: str, overwrite: bool) -> Path:
    """Returns the folder or file to write; InputError if it holds something already."""
    if suffix := _SUFFIXES.get(to):
        is_file = output.name.endswith(suffix)
        output = output if is_file else output / f"{network}{suffix}"
        taken = str(output) if output.exists() else None
    else:
        taken = checkpoints.find(output) if output.is_dir() else None
    if taken and not overwrite:
        raise errors.InputError(
            f"{taken} exists; give another --output, or --overwrite to replace it"
        )
    return output


def _save(folder: Path, step: int, values: Mapping[str, np.ndarray]) -> str:
    # TF-Slim's programs restore the step with the rest.
    values = {checkpoints.GLOBAL_STEP: np.asarray(step, np.int64), **values}
    return checkpoints.save(folder, step, values, keep=0)


def _note_classes(num_classes: int | None) -> str:
    return _CLASSES.get(num_classes, f"{num_classes} classes")
