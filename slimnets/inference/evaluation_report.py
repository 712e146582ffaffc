"""--report: gathers what the page of an evaluation shows, and writes it."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from slimnets import checkpoints, errors
from slimnets.checkpoints import atomic_files, run_settings
from slimnets.config import dataclass_flags
from slimnets.config.inference import EvalConfig, TrainedNetworkConfig
from slimnets.datasets.thumbnails import make_thumbnails
from slimnets.inference import metrics
from slimnets.inference.evaluation import Evaluation, Summary
from slimnets.inference.outcomes import Outcomes
from slimnets.report.evaluation_page import TOP, page
from slimnets.report.evaluation_page.findings import Findings, Photo

_SUFFIXES = (".html", ".htm")
_HISTORY = "metrics.jsonl"  # beside the checkpoints of a run
_BEST = "best"  # the folder in a run of its best checkpoint
_PHOTOS = 24  # of each kind
_SIDE = 160  # pixels of a thumbnail


def check(path: str) -> None:
    """Raises an InputError for a file of another kind."""
    if Path(path).suffix not in _SUFFIXES:
        raise errors.InputError(f"--report={path} has to end in .html")


def write(
    path: str, evaluation: Evaluation, outcomes: Outcomes, config: EvalConfig
) -> None:
    """Writes the page, atomically.

    Args:
      path: of the file.
      evaluation: the result.
      outcomes: of its examples.
      config: its settings.

    Raises:
      OSError: it cannot be written; nothing is left then.
    """
    checkpoint, dataset = evaluation.report.path, evaluation.dataset
    summary = evaluation.summary
    mistakes, least_sure = choose_examples(outcomes)
    photos = _show_photos(evaluation, outcomes, [*mistakes, *least_sure], config)
    findings = Findings(
        title=f"{_name_network(config, checkpoint)} on {dataset.name} {dataset.split}",
        class_names=evaluation.class_names,
        totals=summary.list_scalars(),
        class_columns=_list_columns(summary),
        confusion_matrix=(
            summary.confusion_matrix if isinstance(summary, metrics.Summary) else None
        ),
        labels=outcomes.labels,
        classes=outcomes.classes,
        probabilities=outcomes.probabilities,
        mistakes=photos[: len(mistakes)],
        least_sure=photos[len(mistakes) :],
        history=read_history(checkpoint),
        tables=_list_facts(evaluation, config),
    )
    atomic_files.write_text(Path(path), page.render(findings))


def choose_examples(outcomes: Outcomes) -> tuple[np.ndarray, np.ndarray]:
    """Returns the places of the worst mistakes and of the least sure hits, in order.

    A mistake is the worse the surer the network is of it. Where an image may have
    several labels, it is the worse the less probable one of them is; nothing is a hit.
    """
    surest = outcomes.probabilities[:, 0]
    defined = np.flatnonzero(outcomes.classes[:, 0] >= 0)
    if outcomes.labels.ndim == 2:
        missed = defined[outcomes.of_label[defined] < 1 / 2]
        worst = missed[np.argsort(outcomes.of_label[missed], kind="stable")]
        return worst[:_PHOTOS], worst[:0]
    is_right = outcomes.classes[defined, 0] == outcomes.labels[defined]
    wrong, right = defined[~is_right], defined[is_right]
    worst = wrong[np.argsort(-surest[wrong], kind="stable")]
    least_sure = right[np.argsort(surest[right], kind="stable")]
    return worst[:_PHOTOS], least_sure[:_PHOTOS]


def read_history(checkpoint: str) -> list[dict[str, Any]]:
    """Returns the evaluations inside training; none where they are not known.

    They lie beside the checkpoint, or above it where it is the best one of a run.
    """
    folder = Path(checkpoint).parent
    path = (folder.parent if folder.name == _BEST else folder) / _HISTORY
    return _parse_lines(path) if path.is_file() else []


def _parse_lines(path: Path) -> list[dict[str, Any]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        rows = [json.loads(line) for line in lines]
    except (OSError, ValueError, RecursionError) as error:
        raise errors.InputError(
            f"{path} cannot be read ({error}); --report shows it: move it elsewhere"
        ) from error
    if not all(
        isinstance(row, dict) and isinstance(row.get("step"), int) for row in rows
    ):
        raise errors.InputError(f"{path} has a line without a step; move it elsewhere")
    return rows


def _name_network(config: EvalConfig, checkpoint: str) -> str:
    saved = run_settings.read(checkpoint)
    return saved.model if saved else config.trained.require_model()


def _list_columns(summary: Summary) -> dict[str, np.ndarray]:
    """Returns what the page has of each class; NaN where there is no such share."""
    if isinstance(summary, metrics.Summary):
        has_any, predicted = summary.count > 0, summary.confusion_matrix.sum(axis=0)
        right = np.diag(summary.confusion_matrix)
        f1 = 2 * right / np.maximum(predicted + summary.count, 1)
        return {
            "precision": np.where(predicted > 0, summary.precision, np.nan),
            "recall": np.where(has_any, summary.recall, np.nan),
            "F1": np.where(has_any, f1, np.nan),
            "images": summary.count.astype(np.int64),
        }
    has_any = summary.count > 0
    return {
        "average precision": summary.average_precision,
        "precision": np.where(has_any, summary.precision, np.nan),
        "recall": np.where(has_any, summary.recall, np.nan),
        "F1": np.where(has_any, summary.f1, np.nan),
        "images": summary.count.astype(np.int64),
    }


def _show_photos(
    evaluation: Evaluation,
    outcomes: Outcomes,
    places: Sequence[int],
    config: EvalConfig,
) -> list[Photo]:
    numbers = [int(outcomes.numbers[place]) for place in places]
    pictures = make_thumbnails(
        evaluation.dataset,
        numbers,
        _SIDE,
        upright=are_upright(config.trained, evaluation.report.path),
        max_pixels=config.reading.max_pixels,
    )
    names = evaluation.class_names
    return [
        Photo(
            outcomes.files[place],
            _name_label(outcomes.labels[place], names),
            [
                (names[int(k)], float(share))
                for k, share in zip(
                    outcomes.classes[place, :TOP],
                    outcomes.probabilities[place, :TOP],
                    strict=True,
                )
            ],
            pictures.get(number),
        )
        for place, number in zip(places, numbers, strict=True)
    ]


def are_upright(given: TrainedNetworkConfig, checkpoint: str) -> bool:
    """Returns whether photos are turned as their cameras noted."""
    if given.upright is not None:
        return given.upright
    saved = run_settings.read(checkpoint)
    return saved is None or saved.upright


def _name_label(label: np.ndarray, class_names: Sequence[str]) -> str:
    if label.ndim == 0:
        return class_names[int(label)]
    return ", ".join(class_names[int(k)] for k in np.flatnonzero(label))


def _list_facts(
    evaluation: Evaluation, config: EvalConfig
) -> Mapping[str, Mapping[str, str]]:
    dataset, report = evaluation.dataset, evaluation.report
    tables = {
        "Data": {
            "dataset": dataset.name,
            "split": dataset.split,
            "images": f"{evaluation.summary.num_examples}",
            "left out": f"{len(evaluation.left_out)}",
            "classes": f"{dataset.num_classes}",
            "labels an image": "any number" if dataset.multi_label else "one",
            "channels": f"{dataset.channels}",
            "files": ", ".join(Path(file).name for file in dataset.files[:3])
            + (f" and {len(dataset.files) - 3} more" if len(dataset.files) > 3 else ""),
        },
        "Checkpoint": {
            "path": report.path,
            "step": f"{checkpoints.get_step(report.path)}",
            "weights": "moving averages" if report.averaged else "as trained",
            "scored in": f"{evaluation.seconds:.1f} s",
        },
        "Settings of the evaluation": _as_text(dataclass_flags.to_dict(config)),
    }
    flags = run_settings.read_flags(report.path)
    if flags:
        tables["Settings of the training"] = _as_text(flags)
    return tables


def _as_text(values: Mapping[str, Any]) -> dict[str, str]:
    return {name: "" if value is None else str(value) for name, value in values.items()}
