r"""Trains a network on images; checkpoints bear TF-Slim's variable names.

Example, with the handwritten digits that come with slimnets:

  python -m train.train_image_classifier --model=alexnet_v2 --train_dir=runs/digits

Your own photos, from published weights:

  python -m train.train_image_classifier --model=mobilenet_v2 --dataset_dir=photos \
    --checkpoint_path=imagenet --num_epochs=20 --eval_every=1ep \
    --train_dir=runs/photos

photos holds a folder of images for each class, or train/ and validation/ of these; it
may also be a list, labels.csv, or a folder of TFRecords.

The same command resumes from the last checkpoint of train_dir. Flags can stand in a
file: --flagfile=train/recipes/NAME.flags.
"""

import signal
import sys
from pathlib import Path

from absl import flags

from slimnets import errors, startup
from slimnets.config import dataclass_flags
from slimnets.config.train import TrainConfig

SETTINGS = TrainConfig

dataclass_flags.define_flags(SETTINGS)
flags.DEFINE_alias("model_name", "model")
flags.DEFINE_alias("import", "import_module")
flags.DEFINE_alias("train_image_size", "image_size")
flags.adopt_module_key_flags(dataclass_flags)

# For the digits; the networks' own preprocessing is made for photos.
DIGITS_RECIPE = Path(__file__).parent / "recipes" / "digits.flags"


def main(argv: list[str]) -> None:
    """Trains as the flags say."""
    errors.refuse_arguments(argv)
    from slimnets.training import interruption, trainer

    if flags.FLAGS.dataset_dir is None:
        length = ["num_epochs"] if flags.FLAGS.max_number_of_steps else []
        applied = dataclass_flags.apply_recipe(DIGITS_RECIPE, without=length)
        print(f"no --dataset_dir: handwritten digits, with {' '.join(applied)}")
    try:
        outcome = trainer.train(dataclass_flags.from_flags(SETTINGS))
    except interruption.Stopped:
        print("interrupted by SIGTERM before the first step: there is nothing to save")
        raise
    for line in outcome.left_out:
        print(f"left out: {line}", file=sys.stderr)
    if outcome.interrupted:
        print(
            f"interrupted by {outcome.interrupted}; saved {outcome.checkpoint}."
            " The same command resumes from there"
        )
        sys.exit(128 + signal.Signals[outcome.interrupted])
    if outcome.stopped_early and outcome.best is not None:
        print(f"ended early: no better evaluation since step {outcome.best.step}")
    if outcome.loss is not None:
        print(
            f"trained to step {outcome.step} in {outcome.seconds:.0f} s, loss"
            f" {outcome.loss:.4f}; saved {outcome.checkpoint}"
        )
    if outcome.best is not None:
        print(f"best: {outcome.best}; {outcome.best_checkpoint}")
    if outcome.left_out:
        sys.exit(1)


if __name__ == "__main__":
    startup.run(main, settings=SETTINGS)
