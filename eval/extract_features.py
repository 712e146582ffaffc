r"""Writes chosen end points of a trained network for each image to a file.

Example, the features before the logits of all images of a folder:

  python -m eval.extract_features --model=mobilenet_v1_025 --images=photos \
    --checkpoint_path=mobilenet_v1_0.25_224.ckpt --end_points=AvgPool_1a \
    --output=features.npz

Without a file, a page of nearest neighbours and one of all images in a plane:

  python -m eval.extract_features --checkpoint_path=runs/photos \
    --neighbours=neighbours.html --picture=picture.html

--end_points takes shell wildcards; a name that matches nothing lists them all. --pool
writes means over height and width. Images of a folder that cannot be used are left out
and listed, with exit status 1.
"""

import sys

from absl import flags

from slimnets import errors, startup
from slimnets.config import dataclass_flags
from slimnets.config.inference import ExtractConfig

SETTINGS = ExtractConfig

dataclass_flags.define_flags(SETTINGS)
flags.DEFINE_alias("model_name", "model")
flags.DEFINE_alias("import", "import_module")
flags.DEFINE_alias("eval_image_size", "image_size")
flags.adopt_module_key_flags(dataclass_flags)


def main(argv: list[str]) -> None:
    """Extracts as the flags say."""
    errors.refuse_arguments(argv)
    from slimnets.inference import features

    extraction = features.extract(dataclass_flags.from_flags(SETTINGS))
    for name, shape in extraction.shapes.items():
        print(f"{name}: {extraction.num_images} x {'x'.join(map(str, shape))}")
    if extraction.output is not None:
        print(f"features: {extraction.output}")
    for path in extraction.views:
        print(f"wrote {path}")
    for line in extraction.left_out:
        print(f"left out: {line}", file=sys.stderr)
    if extraction.left_out:
        sys.exit(1)


if __name__ == "__main__":
    startup.run(main, settings=SETTINGS)
