"""What an evaluation found, and the files that it leaves."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import tensorflow as tf

from slimnets import checkpoints, errors
from slimnets.checkpoints import atomic_files
from slimnets.datasets.registry import Dataset
from slimnets.inference import metrics, multi_label_metrics, true_labels
from slimnets.inference.class_map import ClassMap
from slimnets.inference.outcomes import Outcomes
from slimnets.inference.true_labels import TrueScore
from slimnets.monitoring.summaries import Summaries

Summary = metrics.Summary | multi_label_metrics.Summary

# Of scalars in TensorBoard, which others read.
_TF_SLIM_NAMES = {"top1": "Accuracy", "top5": "Recall_5"}


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """The result for one checkpoint.

    Attributes:
      report: what of the checkpoint was restored.
      dataset: the split that was scored.
      summary: the metrics.
      class_names: that were scored: of the logits, or the dataset's by a class map.
      seconds: spent scoring.
      eval_dir: folder of the results; None where they could not be written.
      fault: why they could not, though they should have been; '' otherwise.
      left_out: a line for each record that was skipped: which it is, and why.
      outcomes: of each example, where a file is to tell of them.
      truth: the score by --true_labels, where they are given.
      class_map: by --class_map, where it is given.
      views: that each image was seen in, one of choices.VIEWS.
    """

    report: checkpoints.RestoreReport
    dataset: Dataset
    summary: Summary
    class_names: tuple[str, ...]
    seconds: float
    eval_dir: str | None
    fault: str = ""
    left_out: tuple[str, ...] = ()
    outcomes: Outcomes | None = None
    truth: TrueScore | None = None
    class_map: ClassMap | None = None
    views: str = "none"

    def write(self, asked_for: bool, log: Callable[[str], None]) -> "Evaluation":
        """Writes the results; where that fails, says so in what it returns.

        Args:
          asked_for: whether the user named that folder; if not, it is no fault that no
            folder can be made beside the checkpoint.
          log: gets a line where there is no folder and need not be one.
        """
        folder = Path(str(self.eval_dir))
        try:
            atomic_files.make_writable(folder)
        except OSError as error:
            reason = str(error.strerror)
            if not asked_for:
                log(f"no results are written: {folder}: {reason}; give --eval_dir")
                return dataclasses.replace(self, eval_dir=None)
            fault = f"cannot write to --eval_dir={folder}: {reason}"
            return dataclasses.replace(self, eval_dir=None, fault=fault)
        try:
            _write_results(self, folder)
        except (OSError, tf.errors.OpError) as error:
            reason = f"cannot write the results to {folder}: {errors.summarize(error)}"
            return dataclasses.replace(self, eval_dir=None, fault=reason)
        return self


def _write_results(evaluation: Evaluation, folder: Path) -> None:
    """Writes results-<step>.json and TensorBoard's scalars.

    The file of a checkpoint that training did not write has the checkpoint's name
    instead: a folder may have several published ones, all of them at step 0.
    """
    step = checkpoints.get_step(evaluation.report.path)
    summary = evaluation.summary
    content = {
        "checkpoint": evaluation.report.path,
        "global_step": step,
        "moving_averages": evaluation.report.averaged,
        "dataset": evaluation.dataset.name,
        "split": evaluation.dataset.split,
        **summary.to_json(dict(enumerate(evaluation.class_names))),
    }
    if evaluation.truth:
        content["true_labels"] = evaluation.truth._asdict()
        content[true_labels.NAME] = evaluation.truth.share
    if evaluation.class_map:
        content["class_map"] = evaluation.class_map.to_json(summary.count)
    if evaluation.views != "none":
        content["test_time_augmentation"] = evaluation.views
    if evaluation.left_out:
        content["left_out"] = evaluation.left_out
    name = Path(evaluation.report.path).name.removeprefix(f"{checkpoints.BASENAME}-")
    atomic_files.write_json(folder / f"results-{name}.json", content)
    summaries = Summaries(str(folder))
    scalars = {
        f"eval/{_TF_SLIM_NAMES.get(name, name)}": value
        for name, value in summary.list_scalars().items()
    }
    summaries.scalars(step, scalars)
    summaries.close()
