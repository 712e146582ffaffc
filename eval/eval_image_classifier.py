r"""Evaluates checkpoints: exact top-1, top-5, loss, precision and recall of each class.

Example, after training:

  python -m eval.eval_image_classifier --checkpoint_path=runs/digits

A published checkpoint, which has no settings beside it:

  python -m eval.eval_image_classifier --model=mobilenet_v1_025 --image_size=128 \
    --checkpoint_path=mobilenet_v1_0.25_128.ckpt --dataset_dir=imagenet_val

A page to look at: --report=report.html. What the network says of each image:
--predictions=predictions.csv.

Several checkpoints to one table: --checkpoint_path='runs/*/model.ckpt-*', or paths
with commas between; --table=table.csv writes it.

Several sizes and crops to one table: --image_size=128,160,192 --crop_pct=0.8,0.875,1
evaluates every combination.

A dataset whose classes are each several of the network's: --class_map=map.csv.

Beside a running training, each new checkpoint: --eval_interval_secs=60. The exit status
is 1 where scores could not be written, records were left out, or one of several
checkpoints could not be evaluated.
"""

import sys

from absl import flags

from slimnets import errors, startup
from slimnets.config import dataclass_flags, several_values
from slimnets.config.inference import EvalConfig

SETTINGS = EvalConfig

dataclass_flags.define_flags(SETTINGS)
flags.DEFINE_alias("model_name", "model")
flags.DEFINE_alias("import", "import_module")
flags.DEFINE_alias("eval_image_size", "image_size")
flags.adopt_module_key_flags(dataclass_flags)

_SEVERAL = ("image_size", "crop_pct")
several_values.allow_several(_SEVERAL)


def main(argv: list[str]) -> None:
    """Evaluates as the flags say."""
    errors.refuse_arguments(argv)
    from slimnets.inference import evaluator, several_checkpoints

    given = flags.FLAGS.flag_values_dict()
    variations = several_values.list_combinations(given, _SEVERAL)
    config = dataclass_flags.from_dict(SETTINGS, given | variations[0])
    paths = several_checkpoints.list_paths(config.trained.checkpoint_path)
    if paths is not None or config.files.table or variations[0]:
        paths = paths or [config.trained.checkpoint_path]
        _evaluate_several(config, paths, variations)
        return
    faulty = False
    for evaluation in evaluator.evaluate(config):
        summary, dataset = evaluation.summary, evaluation.dataset
        print(summary.format_table(dict(enumerate(evaluation.class_names))))
        if evaluation.truth:
            print(evaluation.truth)
        print(
            f"{dataset.name} {dataset.split}: {summary.num_examples} images in"
            f" {evaluation.seconds:.1f} s"
        )
        if evaluation.eval_dir:
            print(f"results: {evaluation.eval_dir}")
        sys.stdout.flush()  # the next checkpoint may be hours away
        for line in evaluation.left_out:
            print(f"left out: {line}", file=sys.stderr)
        if evaluation.fault:
            print(f"error: {evaluation.fault}", file=sys.stderr)
        faulty = faulty or bool(evaluation.left_out or evaluation.fault)
    if faulty:
        sys.exit(1)


def _evaluate_several(
    config: EvalConfig, paths: list[str], variations: list[dict[str, float]]
) -> None:
    """Prints and writes the table of several checkpoints or settings."""
    from slimnets.inference import several_checkpoints

    if config.files.table:
        several_checkpoints.check_table(config.files.table)
    rows = [*several_checkpoints.evaluate(config, paths, print, variations)]
    print(several_checkpoints.format_table(rows))
    if config.files.table:
        several_checkpoints.write_table(config.files.table, rows)
    if any(row.error for row in rows):
        sys.exit(1)


if __name__ == "__main__":
    startup.run(main, settings=SETTINGS)
