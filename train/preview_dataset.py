r"""Draws what a network gets to see in training: a contact sheet with the labels.

Example:

  python -m train.preview_dataset --model=mobilenet_v2 --dataset_dir=photos \
    --augment='randaugment(magnitude=9)' --mixup_alpha=0.2 --output=preview.png

It takes training's flags. Images are shown after augmentation and mixing, with the
scaling of values taken back; of mixed ones the labels have their shares.
"""

from absl import flags

from slimnets import errors, startup
from slimnets.config import dataclass_flags
from slimnets.config.preview import PreviewConfig

SETTINGS = PreviewConfig

dataclass_flags.define_flags(SETTINGS)
flags.DEFINE_alias("model_name", "model")
flags.DEFINE_alias("import", "import_module")
flags.DEFINE_alias("train_image_size", "image_size")
flags.adopt_module_key_flags(dataclass_flags)


def main(argv: list[str]) -> None:
    """Draws what the flags name."""
    errors.refuse_arguments(argv)
    from slimnets.training import preview

    path = preview.draw(dataclass_flags.from_flags(SETTINGS))
    print(f"contact sheet: {path}")


if __name__ == "__main__":
    startup.run(main)
