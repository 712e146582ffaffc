r"""Classifies photos: the most probable classes of each.

Example, with published weights:

  python -m eval.classify_images photo.jpg --model=mobilenet_v2 \
    --checkpoint_path=imagenet

A whole folder, with a network of your own training:

  python -m eval.classify_images photos --checkpoint_path=runs/photos --format=csv

`-` reads paths from standard input, one a line. A file that is no image is told of, the
rest goes on, and the exit status is 1.
"""

import sys

from absl import flags

from slimnets import errors, startup
from slimnets.config import dataclass_flags
from slimnets.config.inference import ClassifyConfig

SETTINGS = ClassifyConfig

dataclass_flags.define_flags(SETTINGS)
flags.DEFINE_alias("model_name", "model")
flags.DEFINE_alias("import", "import_module")
flags.adopt_module_key_flags(dataclass_flags)


def main(argv: list[str]) -> None:
    """Classifies what the words name as the flags say."""
    from slimnets.inference import classification

    config = dataclass_flags.from_flags(SETTINGS)
    broken = 0
    for one in classification.classify(config, argv[1:], sys.stdin.buffer, sys.stdout):
        if one.fault:
            print(f"left out: {errors.printable(one.fault)}", file=sys.stderr)
            broken += 1
    if broken:
        sys.exit(1)


if __name__ == "__main__":
    startup.run(main, settings=SETTINGS)
