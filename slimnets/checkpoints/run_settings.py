"""settings.json: what a run was, beside its checkpoints for those who read them."""

import dataclasses
import itertools
import json
import os
import typing
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from slimnets import errors
from slimnets.checkpoints import atomic_files
from slimnets.config import calls, dataclass_flags
from slimnets.config.train import TrainConfig
from slimnets.datasets import sources
from slimnets.datasets.registry import Dataset
from slimnets.nets import own
from slimnets.preprocessing import registry as preprocessing

FILE = "settings.json"

T = TypeVar("T")


@dataclasses.dataclass(frozen=True)
class RunSettings:
    """What evaluation needs to know of a run.

    Attributes:
      model: the network's name, or a reference to the user's own.
      num_classes: of its logits.
      image_size: height and width it was trained on, in pixels.
      class_names: by class id of the dataset.
      preprocessing_name: recipe other than the network's own, or None.
      labels_offset: subtracted from the dataset's labels.
      use_grayscale: whether it takes one channel.
      upright: whether photos were turned as their cameras noted.
      multi_label: whether any number of classes may be true of an image.
      has_sigmoid: whether a class's probability is the sigmoid of its logit; if not,
        the softmax of all makes them.
      module_folder: from which the user's own network can be imported, or None.
      dataset_dir: absolute path of the images it was trained on; None for the digits,
        'python:NAME' for a dataset that no path names.
      dataset_name: which of the folder's datasets, or None.
    """

    model: str
    num_classes: int
    image_size: int
    class_names: tuple[str, ...]
    preprocessing_name: str | None
    labels_offset: int
    use_grayscale: bool
    dataset_dir: str | None
    dataset_name: str | None
    upright: bool = True  # runs of before do not say
    multi_label: bool = False
    has_sigmoid: bool = False
    module_folder: str | None = None


def write(
    train_dir: str,
    config: TrainConfig,
    dataset: Dataset,
    *,
    num_classes: int,
    image_size: int,
) -> None:
    """Writes train_dir/settings.json: the flags, and what followed from them.

    The flags are as given, but for --batch_size=auto: there stands what was found.

    Args:
      train_dir: an existing folder.
      config: all settings of the run.
      dataset: what the network is trained on.
      num_classes: of its logits.
      image_size: height and width it is trained on, in pixels.
    """
    model, module_folder = locate(config.network)
    facts = RunSettings(
        model=model,
        module_folder=module_folder,
        num_classes=num_classes,
        image_size=image_size,
        class_names=dataset.class_names,
        preprocessing_name=_name_recipe(config),
        labels_offset=config.data.labels_offset,
        use_grayscale=config.data.use_grayscale,
        dataset_dir=(
            sources.make_absolute(config.data.dataset_dir)
            if dataset.elements is None
            else f"{sources.FROM_PYTHON}{dataset.name}"
        ),
        dataset_name=config.data.dataset_name,
        upright=config.data.upright,
        multi_label=dataset.multi_label,
        has_sigmoid=config.losses.loss.startswith("sigmoid"),
    )
    atomic_files.write_json(
        Path(train_dir) / FILE,
        {
            "run": dataclass_flags.to_dict(facts),
            "flags": dataclass_flags.to_dict(config),
        },
    )


def write_facts(folder: Path, facts: RunSettings) -> None:
    """Writes folder/settings.json where no training did: of published weights.

    Args:
      folder: an existing one, beside whose checkpoint it is to lie.
      facts: what evaluation needs to know.
    """
    content = {"run": dataclass_flags.to_dict(facts), "flags": {}}
    atomic_files.write_json(folder / FILE, content)


def note_mean(folder: Path, paths: Sequence[str], way: Mapping[str, Any]) -> None:
    """Adds to folder/settings.json, if it is there, of what its checkpoint is the mean.

    Args:
      folder: which has the settings of the newest of them.
      paths: of the checkpoints, in their order.
      way: the settings by which it was taken.
    """
    file = folder / FILE
    if file.exists():
        content = json.loads(file.read_text(encoding="utf-8"))
        mean = {"checkpoints": [os.path.abspath(path) for path in paths], **way}
        atomic_files.write_json(file, {**content, "mean_of": mean})


def read_mean(checkpoint: str) -> tuple[str, ...]:
    """Returns the paths of the checkpoints of which one is the mean; () if of none.

    Raises:
      InputError: the settings are there but cannot be understood.
    """
    found = _understood(checkpoint, lambda c: c.get("mean_of", {"checkpoints": []}))
    return tuple(map(str, found["checkpoints"])) if found else ()


def require_same_classes(checkpoint: str, dataset: Dataset) -> None:
    """Raises an InputError if a checkpoint's run had other classes than a dataset has.

    Args:
      checkpoint: from which a run is to go on; where no settings lie beside it, nothing
        is known of its classes.
      dataset: that it is to go on with.
    """
    saved = read(checkpoint)
    if saved is None:
        return
    if saved.multi_label != dataset.multi_label:
        raise errors.InputError(
            f"{Path(checkpoint).parent} was trained on images of"
            f" {_describe_labels(saved.multi_label)}, those of {dataset.name} have"
            f" {_describe_labels(dataset.multi_label)}; give another --train_dir"
        )
    if saved.class_names == dataset.class_names:
        return
    pairs = itertools.zip_longest(saved.class_names, dataset.class_names)
    label, names = next(
        (label, names) for label, names in enumerate(pairs) if names[0] != names[1]
    )
    was, is_now = (repr(name) if name is not None else "missing" for name in names)
    raise errors.InputError(
        f"{Path(checkpoint).parent} was trained on other classes than {dataset.name}"
        f" has: class {label} was {was}, it is {is_now} now. Go on with the same ones,"
        " in the same order (`slimnets convert --labels` fixes it), or give another"
        " --train_dir, and this one as --checkpoint_path for its weights"
    )


def _describe_labels(multi_label: bool) -> str:
    return "any number of labels" if multi_label else "one label"


def _name_recipe(config: TrainConfig) -> str | None:
    """Returns the recipe that evaluation is to take, None for the network's own."""
    given = config.data.preprocessing_name
    name = preprocessing.add_resizing(given or config.network, config.resizing)
    return given if name == config.network else name


def locate(network: str) -> tuple[str, str | None]:
    """Returns a network's name as it is found from any folder, and where to search.

    Args:
      network: a name in the registry, or a reference to the user's own.
    """
    if not own.is_reference(network):
        return network, None
    reference = own.parse(network)
    arguments = calls.parse(network).arguments
    full = str(calls.Call(str(reference), arguments))
    return full, own.find_folder(reference)


def read(checkpoint: str) -> RunSettings | None:
    """Returns the settings beside a checkpoint, or None if there are none.

    Raises:
      InputError: the file is there but cannot be understood.
    """
    return _understood(checkpoint, lambda content: _facts(content["run"]))


def read_flags(checkpoint: str) -> dict[str, Any] | None:
    """Returns the flags of a checkpoint's run by name, or None if there are none.

    Raises:
      InputError: the file is there but cannot be understood.
    """
    return _understood(checkpoint, lambda content: dict(content["flags"]))


def _facts(values: dict[str, Any]) -> RunSettings:
    facts = dataclass_flags.from_dict(RunSettings, values)
    for name, kind in typing.get_type_hints(RunSettings).items():
        value = getattr(facts, name)
        if not _is_of_type(value, kind):
            raise TypeError(f"{name} is {value!r}")
    return facts


def _is_of_type(value: Any, kind: Any) -> bool:
    if typing.get_origin(kind) is tuple:
        [of_each, _] = typing.get_args(kind)
        return isinstance(value, tuple) and all(isinstance(v, of_each) for v in value)
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def _understood(checkpoint: str, part: Callable[[dict[str, Any]], T]) -> T | None:
    """Returns part of the settings beside a checkpoint, or None without any."""
    path = Path(checkpoint).parent / FILE
    if not path.exists():
        return None
    if not path.is_file():  # a pipe would be waited for
        raise errors.InputError(f"{path} is not a file; remove it")
    try:
        return part(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, LookupError, TypeError, OSError, RecursionError) as error:
        raise errors.InputError(
            f"{path} cannot be read ({error}); remove it and give --model instead"
        ) from error
