"""--report of a comparison: gathers what the page shows, and writes it."""

import collections
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from slimnets import errors
from slimnets.checkpoints import atomic_files, run_settings
from slimnets.config.compare import CompareConfig
from slimnets.datasets.thumbnails import make_thumbnails
from slimnets.inference import evaluation_report
from slimnets.inference.evaluation import Evaluation
from slimnets.inference.run_comparison import Compared, describe, list_evaluated
from slimnets.report.comparison_page import page

_PHOTOS = 24
_SIDE = 160  # pixels of a thumbnail
_OWN = frozenset({"train_dir"})  # settings that every run has its own of


def check(path: str) -> None:
    """Raises an InputError, before the work, if the page cannot be written."""
    evaluation_report.check(path)
    try:
        atomic_files.make_writable(Path(path).parent)
    except OSError as error:
        raise errors.InputError(
            f"--report={path} cannot be written: {error.strerror}"
        ) from None


def write(path: str, runs: Sequence[Compared], config: CompareConfig) -> None:
    """Writes the page, atomically.

    Args:
      path: of the file.
      runs: as `run_comparison.compare` returned them, one evaluated at least.
      config: its settings.

    Raises:
      InputError: it cannot be written, or a run's learning curve cannot be read.
    """
    evaluated = list_evaluated(runs)
    best = evaluated[0].require()
    names = best.class_names
    comparison = page.Comparison(
        title=f"{len(evaluated)} runs on {best.dataset.name} {best.dataset.split}",
        rows=describe(runs),
        faults=[f"{run.name}: {run.error}" for run in runs if run.error],
        class_names=names,
        count=best.summary.count.astype(np.int64),
        recalls={run.name: _list_recalls(run.require(), names) for run in evaluated},
        histories={
            run.name: evaluation_report.read_history(run.require().report.path)
            for run in evaluated
        },
        settings=_list_differing(evaluated),
        runs=[run.name for run in evaluated],
        disagreements=_show_disagreements(evaluated, config),
    )
    try:
        atomic_files.write_text(Path(path), page.render(comparison))
    except OSError as error:
        reason = f"cannot write --report={path}: {error.strerror}"
        raise errors.InputError(reason) from None


def choose_disagreements(right: np.ndarray) -> np.ndarray:
    """Returns the places of images that some have right, the most divided first.

    Args:
      right: bool [runs, images].
    """
    count = right.sum(axis=0)
    divided = np.flatnonzero((count > 0) & (count < len(right)))
    uneven = np.abs(2 * count[divided] - len(right))
    return divided[np.argsort(uneven, kind="stable")][:_PHOTOS]


def _list_recalls(evaluation: Evaluation, names: Sequence[str]) -> np.ndarray:
    """Returns a run's recall of each class, in the order of another's names."""
    summary = evaluation.summary
    recall = np.where(summary.count > 0, summary.recall, np.nan)
    if tuple(names) == evaluation.class_names:
        return recall
    times = collections.Counter(evaluation.class_names)
    by_name = {
        name: share
        for name, share in zip(evaluation.class_names, recall, strict=True)
        if times[name] == 1
    }
    return np.array([by_name.get(name, np.nan) for name in names])


def _list_differing(runs: Sequence[Compared]) -> dict[str, list[str]]:
    """Returns the training settings that runs do not share, by flag."""
    flags = [run_settings.read_flags(run.require().report.path) or {} for run in runs]
    names = dict.fromkeys(name for one in flags for name in one)
    rows = {name: [_as_text(one.get(name)) for one in flags] for name in names}
    return {
        name: values
        for name, values in rows.items()
        if len(set(values)) > 1 and name not in _OWN
    }


def _as_text(value: object) -> str:
    return "" if value is None else str(value)


def _show_disagreements(
    runs: Sequence[Compared], config: CompareConfig
) -> list[page.Disagreement]:
    places = choose_disagreements(np.stack([run.right for run in runs]))
    best = runs[0].outcomes
    numbers = [int(best.numbers[place]) for place in places]
    pictures = make_thumbnails(
        runs[0].require().dataset,
        numbers,
        _SIDE,
        upright=evaluation_report.are_upright(
            config.trained, runs[0].require().report.path
        ),
        max_pixels=config.reading.max_pixels,
    )
    names = runs[0].require().class_names
    return [
        page.Disagreement(
            best.files[place],
            names[int(best.labels[place])],
            [_say(run, int(place)) for run in runs],
            pictures.get(number),
        )
        for place, number in zip(places, numbers, strict=True)
    ]


def _say(run: Compared, place: int) -> page.Said:
    found = int(run.outcomes.classes[place, 0])
    name = run.require().class_names[found] if found >= 0 else "not a number"
    share = float(run.outcomes.probabilities[place, 0])
    return page.Said(run.name, name, share, bool(run.right[place]))
