"""Many checkpoints, or one in many ways, evaluated in one call, to one table."""

import csv
import dataclasses
import glob
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from slimnets import checkpoints, errors
from slimnets.checkpoints import atomic_files, file_kinds
from slimnets.checkpoints.names import UNFINISHED
from slimnets.config import dataclass_flags
from slimnets.config.inference import EvalConfig
from slimnets.inference import evaluator, tables, true_labels
from slimnets.inference.evaluation import Evaluation

_PART = re.compile(r"\.(index|data-\d+-of-\d+)$")


@dataclasses.dataclass(frozen=True)
class Row:
    """What came of one checkpoint.

    Attributes:
      checkpoint: its path, or what was given where none was found there.
      images: how many were scored.
      scores: the totals by name; none where it could not be evaluated.
      error: why it could not, or what else went wrong; '' otherwise.
      settings: those in which it was evaluated that the rows do not share.
    """

    checkpoint: str
    images: int = 0
    scores: dict[str, float] = dataclasses.field(default_factory=dict)
    error: str = ""
    settings: Mapping[str, float] = dataclasses.field(default_factory=dict)


def list_paths(given: str) -> list[str] | None:
    """Returns the checkpoints that a pattern or a list means; None if it is one path.

    Args:
      given: paths and patterns with * ? [ ], with commas between; a path that exists,
        or a URL, is never a pattern.

    Raises:
      InputError: nothing matches a pattern.
    """
    if _is_one(given):
        return None
    paths: list[str] = []
    for part in filter(None, (part.strip() for part in given.split(","))):
        paths += [part] if _is_one(part) else _match(part)
    return list(dict.fromkeys(paths))


def evaluate(
    config: EvalConfig,
    paths: Sequence[str],
    log: Callable[[str], None] = print,
    variations: Sequence[Mapping[str, float]] = ({},),
) -> Iterator[Row]:
    """Evaluates checkpoints one after the other; one at fault does not end the others.

    Args:
      config: all settings.
      paths: of the checkpoints.
      log: gets the lines that tell what is evaluated.
      variations: settings by flag, in place of those in `config`: each checkpoint is
        evaluated with each. Where there are several, no results are written beside the
        checkpoint, since each would replace those before.

    Raises:
      InputError: a setting does not go with several checkpoints, or is out of range.
    """
    if len(paths) * len(variations) > 1:
        _check(config)
    varied = [_vary(config, variation) for variation in variations]
    for path in paths:
        for each, variation in zip(varied, variations, strict=True):
            trained = dataclasses.replace(each.trained, checkpoint_path=path)
            each = dataclasses.replace(each, trained=trained)
            row = _evaluate_one(each, log, writes=len(variations) == 1)
            yield dataclasses.replace(row, settings=variation)


def _evaluate_one(config: EvalConfig, log: Callable[[str], None], writes: bool) -> Row:
    path = config.trained.checkpoint_path
    try:
        if not writes:
            return _describe(evaluator.measure(config, log))
        found = list(evaluator.evaluate(config, log))
    except errors.InputError as error:
        return Row(path, error=str(error))
    return _describe(found[0]) if found else Row(path, error="it was removed")


def _vary(config: EvalConfig, variation: Mapping[str, float]) -> EvalConfig:
    varied = dataclass_flags.from_dict(
        EvalConfig, dataclass_flags.to_dict(config) | dict(variation)
    )
    dataclass_flags.check(varied)
    return varied


def format_table(rows: Sequence[Row]) -> str:
    """Returns the table as text, with a line for each error below."""
    names, settings = _list_scores(rows), _list_settings(rows)
    lines = [("checkpoint", *settings, "images", *names)]
    for row in rows:
        varied = [f"{row.settings[name]:g}" for name in settings]
        scores = [f"{row.scores[n]:.4f}" if n in row.scores else "-" for n in names]
        lines.append((row.checkpoint, *varied, str(row.images), *scores))
    faults = [f"error: {_name(row)}: {row.error}" for row in rows if row.error]
    return "\n".join([tables.align(lines), *faults])


def _name(row: Row) -> str:
    """Returns a row's checkpoint, and what the others do not share."""
    varied = [f"--{name}={value:g}" for name, value in row.settings.items()]
    return " ".join([row.checkpoint, *varied])


def check_table(path: str) -> None:
    """Raises an InputError if a table cannot be written to a path."""
    if Path(path).suffix not in (".csv", ".json"):
        raise errors.InputError(f"--table={path}: give a name in .csv or .json")
    try:
        atomic_files.make_writable(Path(path).parent)
    except OSError as error:
        reason = f"cannot write --table={path}: {error.strerror}"
        raise errors.InputError(reason) from None


def write_table(path: str, rows: Sequence[Row]) -> None:
    """Writes the table, nothing rounded; a score that is not finite is empty or null.

    Raises:
      InputError: it cannot be written.
    """
    names = _list_scores(rows)
    records = [
        {
            "checkpoint": row.checkpoint,
            **row.settings,
            "images": row.images,
            **{name: _keep_finite(row.scores.get(name)) for name in names},
            "error": row.error,
        }
        for row in rows
    ]
    try:
        if Path(path).suffix == ".json":
            atomic_files.write_json(Path(path), {"checkpoints": records})
            return
        with atomic_files.open_text(Path(path)) as file:
            writer = csv.DictWriter(file, list(records[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(records)
    except OSError as error:
        reason = f"cannot write --table={path}: {error.strerror}"
        raise errors.InputError(reason) from None


def _is_one(given: str) -> bool:
    if Path(given).exists() or "://" in given or checkpoints.find(given):
        return True
    return not re.search(r"[*?\[,]", given)


def _match(pattern: str) -> list[str]:
    """Returns the folders and checkpoints that a pattern matches, in order."""
    expanded = str(Path(pattern).expanduser())
    found = {_PART.sub("", path) for path in glob.glob(expanded) if _may_be_one(path)}
    found |= {path.removesuffix(".index") for path in glob.glob(f"{expanded}.index")}
    found = {p for p in found if not Path(p).name.startswith(UNFINISHED)}
    if not found:
        raise errors.InputError(
            f"no checkpoint or folder matches --checkpoint_path={pattern}"
        )
    return sorted(found, key=_order)


def _order(path: str) -> tuple[str, int, str]:
    step = re.search(r"-(\d+)$", path)
    return str(Path(path).parent), int(step[1]) if step else 0, path


def _may_be_one(path: str) -> bool:
    if Path(path).is_dir():  # of a run's folders, that of its results has none
        return checkpoints.find(path) is not None
    if _PART.search(path):
        return True
    return file_kinds.recognize(path) is file_kinds.TABLE


def _check(config: EvalConfig) -> None:
    conflicts = {
        "--report": config.files.report,
        "--predictions": config.files.predictions,
        "--eval_dir": config.eval_dir,
    }
    for flag in [flag for flag, value in conflicts.items() if value]:
        raise errors.InputError(
            f"{flag} with several checkpoints or settings: each one's files would"
            " replace those of the one before; leave it out, or give one"
        )
    if config.eval_interval_secs or config.devices.has_workers:
        raise errors.InputError(
            "several checkpoints or settings go neither with --eval_interval_secs nor"
            " with --strategy=multi_worker; give one"
        )


def _describe(evaluation: Evaluation) -> Row:
    faults = [f"left out: {line}" for line in evaluation.left_out]
    faults += [evaluation.fault] if evaluation.fault else []
    scores = evaluation.summary.list_scalars()
    if evaluation.truth:
        scores[true_labels.NAME] = evaluation.truth.share
    return Row(
        evaluation.report.path,
        evaluation.summary.num_examples,
        scores,
        "; ".join(faults),
    )


def _list_settings(rows: Sequence[Row]) -> list[str]:
    return list(rows[0].settings)


def _list_scores(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row.scores))


def _keep_finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)
