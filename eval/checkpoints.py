r"""Looks after checkpoints: list, inspect, diff, average, unfold, rename and more.

Examples:

  python -m eval.checkpoints list runs/photos
  python -m eval.checkpoints inspect runs/photos --variables='*Logits*'
  python -m eval.checkpoints diff runs/photos runs/other
  python -m eval.checkpoints average runs/photos --last=5 --output=runs/mean \
    --update_batch_norm
  python -m eval.checkpoints unfold mobilenet_v2.ckpt --model=mobilenet_v2 \
    --dataset_dir=data/photos --output=unfolded
  python -m eval.checkpoints rename old.ckpt --output=renamed --pattern='^net/' \
    --replacement=MobilenetV1/
  python -m eval.checkpoints strip runs/photos --output=published --license=cc-by-4.0
  python -m eval.checkpoints clean runs/photos --keep=2 --yes

list shows steps, dates, sizes, the latest and the best checkpoint, the run's settings
and what failed saves left. diff ends with status 1 where something differs. unfold
makes weights whose batch norm was folded into them ready for training. average, unfold,
rename and strip write a new folder, with settings.json, so that `slimnets eval` takes
it; strip adds README.md, a model card. clean shows what it would remove, and removes it
with --yes: never the newest or the best, nor anything while a training runs there.
"""

import dataclasses
import sys
from collections.abc import Sequence

from absl import flags

from slimnets import errors, startup
from slimnets.config import dataclass_flags, network_name
from slimnets.config.checkpoint_files import CheckpointsConfig

SETTINGS = CheckpointsConfig

# How many paths each command takes, at least and at most, and its flags.
_NUMBERS = {
    "list": (1, 1),
    "inspect": (1, 1),
    "diff": (2, 2),
    "average": (1, None),
    "unfold": (1, 1),
    "rename": (1, 1),
    "strip": (1, 1),
    "clean": (1, 1),
}
_IMAGES = (
    "dataset_dir",
    "dataset_name",
    "dataset_split_name",
    "num_images",
    "image_size",
    "batch_size",
)
_NETWORK = ("output", "moving_averages", "model", "import_module")
_FLAGS: dict[str, tuple[str, ...]] = {
    "list": (),
    "inspect": ("variables",),
    "diff": ("variables",),
    "average": ("last", "update_batch_norm", *_NETWORK, *_IMAGES),
    "unfold": (*_NETWORK, *_IMAGES),
    "rename": ("output", "pattern", "replacement", "map"),
    "strip": ("global_step", "license", *_NETWORK),
    "clean": ("keep", "yes"),
}

dataclass_flags.define_flags(SETTINGS)
flags.DEFINE_alias("model_name", "model")
flags.DEFINE_alias("import", "import_module")
flags.adopt_module_key_flags(dataclass_flags)


def main(argv: list[str]) -> None:
    """Does what the first word says."""
    command, paths = _read_words(argv[1:])
    config = dataclass_flags.from_flags(SETTINGS)
    dataclass_flags.check(config)
    _refuse_other_flags(command)
    if command in ("list", "inspect", "diff", "clean"):
        _show(command, paths, config)
    else:
        _write(command, paths, _name_network(config))


def _read_words(words: Sequence[str]) -> tuple[str, list[str]]:
    """Returns the command and the paths behind it."""
    if not words:
        raise errors.InputError(f"say what to do: {', '.join(_NUMBERS)}; see --help")
    command, *paths = words
    if command not in _NUMBERS:
        raise errors.unknown("word", command, _NUMBERS)
    least, most = _NUMBERS[command]
    if len(paths) < least or (most is not None and len(paths) > most):
        number = f"{least} or more" if most is None else f"{least}"
        raise errors.InputError(
            f"{command} takes {number} checkpoints or folders, not {len(paths)}"
        )
    return command, paths


def _refuse_other_flags(command: str) -> None:
    """Raises an InputError for a flag of another command, which would be ignored."""
    for name in dataclass_flags.to_dict(SETTINGS()):
        if flags.FLAGS[name].present and name not in _FLAGS[command]:
            raise errors.InputError(
                f"{command} does not take --{name}; leave it out (see --help)"
            )


def _name_network(config: CheckpointsConfig) -> CheckpointsConfig:
    """Puts the network's full name in the place of --model and --import."""
    selection = config.selection
    if selection.model is None:
        return config
    name = network_name.name_network(selection.model, selection.import_module)
    selection = dataclasses.replace(selection, model=name)
    return dataclasses.replace(config, selection=selection)


def _show(command: str, paths: Sequence[str], config: CheckpointsConfig) -> None:
    from slimnets.maintenance import cleaning, difference, inspection, listing

    wanted = config.selection.variables
    if command == "list":
        print(listing.describe(listing.read(paths[0])))
    elif command == "inspect":
        print(inspection.inspect(paths[0], wanted))
    elif command == "clean":
        print(cleaning.clean(paths[0], config.cleaning))
    else:
        found = difference.compare(paths[0], paths[1], wanted)
        print(found)
        if not found.is_none:
            sys.exit(1)


def _write(command: str, paths: Sequence[str], config: CheckpointsConfig) -> None:
    from slimnets.maintenance import averaging, renaming, stripping, unfolding

    if command == "average":
        made = averaging.average(paths, config)
    elif command == "unfold":
        made = unfolding.unfold(paths[0], config)
    elif command == "rename":
        made = renaming.rename(paths[0], config)
    else:
        made = stripping.strip(paths[0], config)
    print(f"checkpoint: {made}")


if __name__ == "__main__":
    startup.run(main, settings=SETTINGS)
