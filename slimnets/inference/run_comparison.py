"""Several runs on one held-out split: which is best, and whether that may be chance."""

import dataclasses
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from slimnets import errors
from slimnets.config import dataclass_flags
from slimnets.config.compare import CompareConfig
from slimnets.config.inference import EvalConfig
from slimnets.inference import evaluator, paired, tables
from slimnets.inference.evaluation import Evaluation
from slimnets.inference.outcomes import Outcomes
from slimnets.report.evaluation_page.measures import compute_wilson_interval


@dataclasses.dataclass(frozen=True)
class Compared:
    """What came of one run.

    Attributes:
      name: as it was given.
      evaluation: of its checkpoint; None where it could not be evaluated.
      error: why it could not, or what else went wrong; '' otherwise.
    """

    name: str
    evaluation: Evaluation | None = None
    error: str = ""

    def require(self) -> Evaluation:
        """Returns the evaluation; InputError where there is none."""
        if self.evaluation is None:
            raise errors.InputError(f"{self.name}: {self.error}")
        return self.evaluation

    @property
    def outcomes(self) -> Outcomes:
        """What the run says of each image."""
        found = self.require().outcomes
        if found is None:
            raise ValueError(f"{self.name} was evaluated without outcomes")
        return found

    @property
    def right(self) -> np.ndarray:
        """Whether it is right, bool [images]."""
        return self.outcomes.classes[:, 0] == self.outcomes.labels


def compare(
    config: CompareConfig, names: Sequence[str], log: Callable[[str], None] = print
) -> list[Compared]:
    """Evaluates runs on the same images; one at fault does not end the others.

    Args:
      config: all settings; its checkpoint_path is not read.
      names: folders of runs, or checkpoints, at least two.
      log: gets the lines that tell what is evaluated.

    Raises:
      InputError: a setting is at fault, or there are fewer than two runs.
    """
    dataclass_flags.check(config)
    if len(set(names)) < 2 or len(set(names)) < len(names):
        raise errors.InputError(
            "name two or more different runs or checkpoints to compare:"
            " slimnets compare runs/a runs/b"
        )
    found = [_evaluate(config, name, log) for name in names]
    return list(_require_same_images(found))


def list_evaluated(runs: Sequence[Compared]) -> list[Compared]:
    """Returns the runs that could be evaluated, the best first."""
    evaluated = [run for run in runs if run.evaluation]
    return sorted(evaluated, key=lambda run: -int(run.right.sum()))


def describe(runs: Sequence[Compared]) -> list[tuple[str, ...]]:
    """Returns the rows of a table, its header first, the best run next."""
    rows: list[tuple[str, ...]] = [
        ("run", "images", "top-1", "95 %", "to the best", "95 %", "p", "loss")
    ]
    evaluated = list_evaluated(runs)
    for run in evaluated:
        right, best = run.right, evaluated[0].right
        low, high = compute_wilson_interval(float(right.mean()), len(right))
        interval = f"{low:.2%} to {high:.2%}"
        one = paired.compare_right(right, best)
        apart = (f"{one.share:+.2%}", f"{one.low:+.2%} to {one.high:+.2%}")
        beside = ("", "", "") if run is evaluated[0] else (*apart, f"{one.p_value:.3g}")
        loss = f"{run.require().summary.list_scalars()['loss']:.4f}"
        share = f"{right.mean():.2%}"
        rows.append((run.name, str(len(right)), share, interval, *beside, loss))
    return rows


def format_table(runs: Sequence[Compared]) -> str:
    """Returns the table as text, with a line for each error below."""
    faults = [f"error: {run.name}: {run.error}" for run in runs if run.error]
    table = [tables.align(describe(runs))] if list_evaluated(runs) else []
    return "\n".join([*table, *faults])


def _evaluate(config: CompareConfig, name: str, log: Callable[[str], None]) -> Compared:
    trained = dataclasses.replace(config.trained, checkpoint_path=name)
    each = EvalConfig(
        trained=trained,
        reading=config.reading,
        inference=config.inference,
        views=config.views,
    )
    try:
        evaluation = evaluator.measure(each, log, most_classes=1)
    except errors.InputError as error:
        return Compared(name, error=str(error))
    if evaluation.dataset.multi_label:
        return Compared(name, error="its images have several labels each, not one")
    left_out = "; ".join(f"left out: {line}" for line in evaluation.left_out)
    return Compared(name, evaluation, left_out)


def _require_same_images(runs: Sequence[Compared]) -> Iterator[Compared]:
    """Takes out those that saw other images than the first one."""
    first = next((run for run in runs if run.evaluation), None)
    for run in runs:
        if run.evaluation is None or first is None or first.evaluation is None:
            yield run
            continue
        same = run.evaluation.dataset.files == first.evaluation.dataset.files
        if same and np.array_equal(run.outcomes.numbers, first.outcomes.numbers):
            yield run
        else:
            yield Compared(
                run.name,
                error=f"it was scored on other images than {first.name}; give all the"
                " same --dataset_dir and --dataset_split_name",
            )
