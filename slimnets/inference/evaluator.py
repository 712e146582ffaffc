"""Exact evaluation of checkpoints: every example once, whatever the batch size."""

import dataclasses
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import tensorflow as tf

from slimnets import checkpoints, errors
from slimnets.checkpoints import atomic_files, run_settings
from slimnets.config import dataclass_flags
from slimnets.config.inference import EvalConfig, SourceConfig
from slimnets.datasets import pipeline
from slimnets.datasets import registry as datasets
from slimnets.export import runtimes
from slimnets.inference import label_offset, metrics, predictor
from slimnets.monitoring.progress import image_bar
from slimnets.monitoring.summaries import Summaries


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """The result for one checkpoint.

    Attributes:
      report: how the checkpoint fitted.
      dataset: the split that was scored.
      summary: the numbers.
      class_names: of the logits.
      seconds: spent scoring.
      eval_dir: folder that holds the results, None where it could not be written.
    """

    report: checkpoints.Report
    dataset: datasets.Dataset
    summary: metrics.Summary
    class_names: tuple[str, ...]
    seconds: float
    eval_dir: str | None


def evaluate(
    config: EvalConfig, say: Callable[[str], None] = print
) -> Iterator[Evaluation]:
    """Evaluates a checkpoint, or each new one of a folder as it appears.

    Args:
      config: all settings.
      say: gets the lines that tell what is evaluated.

    Yields:
      The result for each checkpoint, after it was written to the eval_dir.

    Raises:
      InputError: a setting or an input is at fault.
    """
    _check(config)
    loaded = None
    for checkpoint in checkpoints.iterate(
        config.source.checkpoint_path,
        config.eval_interval_secs,
        config.timeout,
        config.max_evals,
    ):
        if loaded is None:
            completed = predictor.completed(config.source, checkpoint)
            dataset = predictor.find_dataset(completed)
            num_classes, offset = _classes(
                config.source, completed, checkpoint, dataset, say
            )
            _check_classes(num_classes, dataset, offset)
            _compare_classes(checkpoint, dataset, say)
            loaded = predictor.load(completed, num_classes, config.inference)
            function = _logits(loaded)
            batch_size = min(config.inference.batch_size, dataset.num_examples)
        report = loaded.restore(checkpoint)
        say(str(report))
        run = loaded.prepare(function, batch_size)
        began = time.monotonic()
        summary = _scored(loaded, num_classes, dataset, offset, run, batch_size)
        evaluation = Evaluation(
            report=report,
            dataset=dataset,
            summary=summary,
            class_names=label_offset.names(dataset.class_names, offset),
            seconds=time.monotonic() - began,
            eval_dir=_results_folder(config, checkpoint, dataset.split, say),
        )
        _write(evaluation)
        yield evaluation


def _check(config: EvalConfig) -> None:
    dataclass_flags.check(config)
    if not config.eval_interval_secs and (config.timeout or config.max_evals):
        raise errors.InputError(
            "--timeout and --max_evals say when to stop waiting for new checkpoints;"
            " give --eval_interval_secs too"
        )


def _classes(
    given: SourceConfig,
    completed: SourceConfig,
    checkpoint: str,
    dataset: datasets.Dataset,
    say: Callable[[str], None],
) -> tuple[int, int]:
    """Returns the number of logits, and what is subtracted from the labels.

    What the user gave holds; then what the checkpoint's shapes tell; then the settings
    beside it. Who gives the number of classes alone means the labels as they are.
    """
    num_classes = completed.num_classes or checkpoints.read_num_classes(
        checkpoint, completed.require_model()
    )
    offset = given.labels_offset
    if num_classes is None:  # of another network: restoring it says so
        return dataset.num_classes - (offset or 0), offset or 0
    if offset is None:
        default = 0 if given.num_classes else completed.labels_offset
        offset = label_offset.find_offset(num_classes, dataset, default, say)
    return num_classes, offset


def _check_classes(num_classes: int, dataset: datasets.Dataset, offset: int) -> None:
    """Raises an InputError if some labels have no logit."""
    if num_classes < dataset.num_classes - offset:
        raise errors.InputError(
            f"the network has {num_classes} classes, the dataset {dataset.name} has"
            f" {dataset.num_classes - offset}"
            + (f" with --labels_offset={offset}" if offset else "")
            + "; evaluate on images of the classes it was trained on, or give another"
            " --labels_offset: 1 if only the dataset counts a background class"
        )


def _compare_classes(
    checkpoint: str, dataset: datasets.Dataset, say: Callable[[str], None]
) -> None:
    """Says so if a class has another name than in training: ids are all that counts."""
    saved = run_settings.read(checkpoint)
    trained_on = saved.class_names if saved else dataset.class_names
    for k, names in enumerate(zip(trained_on, dataset.class_names, strict=False)):
        if names[0] != names[1]:
            say(
                f"class {k} was {names[0]!r} in training, in {dataset.name} it is"
                f" {names[1]!r}: are these the images of another problem?"
            )
            return


def _logits(loaded: predictor.Source) -> Callable[[tf.Tensor], dict[str, tf.Tensor]]:
    @tf.function(autograph=False)
    def logits(images: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"logits": loaded.network(images)[0]}

    return logits


_score = tf.function(metrics.score, autograph=False)


def _scored(
    loaded: predictor.Source,
    num_classes: int,
    dataset: datasets.Dataset,
    offset: int,
    run: runtimes.Run,
    batch_size: int,
) -> metrics.Summary:
    """Scores every example of a split."""
    counts = metrics.Counts(num_classes)
    batches = pipeline.eval_batches(
        dataset,
        loaded.preprocess,
        batch_size,
        channels=loaded.model.channels,
        labels_offset=offset,
    )
    with image_bar(dataset.num_examples, leave=False) as bar:
        try:
            for batch in batches:
                logits = run(batch["image"])["logits"]
                scores = predictor.as_numpy(_score(logits, batch["label"]))
                mask = batch["mask"].numpy()
                counts.add(batch["label"].numpy(), scores, mask)
                bar.update(int(mask.sum()))
        except tf.errors.OpError as error:
            raise pipeline.describe_failure(error, dataset, offset) from error
    return counts.finish(dataset.num_examples)


def _results_folder(
    config: EvalConfig, checkpoint: str, split: str, say: Callable[[str], None]
) -> str | None:
    """Makes the folder for results; only one that was asked for has to be writable."""
    folder = Path(config.eval_dir or Path(checkpoint).parent / f"eval_{split}")
    try:
        atomic_files.make_writable(folder)
    except OSError as error:
        if config.eval_dir:
            raise errors.InputError(
                f"cannot write to --eval_dir={folder}: {error.strerror}"
            ) from error
        say(f"no results are written: {folder}: {error.strerror}; give --eval_dir")
        return None
    return str(folder)


def _write(evaluation: Evaluation) -> None:
    """Writes results-<step>.json and TensorBoard's scalars.

    The results of a checkpoint that is not training's bear its name: published ones
    lie several in a folder, and all of them are at step 0.
    """
    if evaluation.eval_dir is None:
        return
    step = checkpoints.step_of(evaluation.report.path)
    summary = evaluation.summary
    content = {
        "checkpoint": evaluation.report.path,
        "global_step": step,
        "moving_averages": evaluation.report.averaged,
        "dataset": evaluation.dataset.name,
        "split": evaluation.dataset.split,
        **summary.as_json(dict(enumerate(evaluation.class_names))),
    }
    name = Path(evaluation.report.path).name.removeprefix(f"{checkpoints.BASENAME}-")
    atomic_files.write_json(Path(evaluation.eval_dir) / f"results-{name}.json", content)
    summaries = Summaries(evaluation.eval_dir)
    summaries.scalars(
        step,
        {
            "eval/Accuracy": summary.top1,
            "eval/Recall_5": summary.top5,
            "eval/loss": summary.loss,
        },
    )
    summaries.close()
