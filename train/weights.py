r"""Lists published weights, fetches them, and looks after their cache.

Examples:

  python -m train.weights list --model=mobilenet_v2
  python -m train.weights fetch imagenet --model=mobilenet_v2
  python -m train.weights verify
  python -m train.weights clean

list shows which weights a network has: their names, published accuracy, licence and
where they come from. fetch downloads and converts some, and prints the checkpoint's
path. verify compares everything in the cache with its hashes; the exit status is 1
where something differs. clean removes downloads, datasets that were made of photos for
--dataset_dir, and what killed processes left; with --all the checkpoints too.

The cache is SLIMNETS_HOME, or slimnets in your cache folder. SLIMNETS_WEIGHTS names a
catalogue of more weights, or of mirrors: see docs/weights.md.
"""

import sys

from absl import flags

from slimnets import errors, startup
from slimnets.config import network_name

_MODEL = flags.DEFINE_string("model", None, network_name.MODEL_HELP)
_IMPORT = flags.DEFINE_string("import", None, network_name.IMPORT_HELP)
_ALL = flags.DEFINE_bool("all", False, "clean: remove the checkpoints as well.")
flags.DEFINE_alias("model_name", "model")

COMMANDS = ("list", "fetch", "verify", "clean")


def main(argv: list[str]) -> None:
    """Does what the first word says."""
    command, *words = argv[1:] or ["list"]
    if command not in COMMANDS:
        raise errors.unknown("word", command, COMMANDS)
    if len(words) != (command == "fetch"):
        raise errors.InputError(
            "fetch takes one name, such as imagenet; list, verify and clean take none"
        )
    from slimnets.weights.published import housekeeping, listing

    model = None
    if _MODEL.value is not None:
        model = network_name.name_network(_MODEL.value, _IMPORT.value)
    if command == "list":
        print(listing.format_weights(model))
    elif command == "fetch":
        print(housekeeping.fetch(words[0], model))
    elif command == "clean":
        print(housekeeping.clean(everything=_ALL.value))
    else:
        _verify(housekeeping.verify())


def _verify(report: "tuple[int, list[str]]") -> None:
    count, faults = report
    print(f"{count} files are as they were published and made")
    for fault in faults:
        print(fault, file=sys.stderr)
    if faults:
        sys.exit(1)


if __name__ == "__main__":
    startup.run(main)
