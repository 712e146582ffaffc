r"""Measures `slimnets classify` against `slimnets eval`, by turns, over one split.

    python -m benchmarks.classify_speed --dataset_dir=data/flowers \
        --dataset_split_name=validation --checkpoint_path=runs/flowers

Both run one network in one process, each first as often as the other: eval reads the
split's records, classify a folder with a file for each, and writes its lines. Prints
the processor's name, each turn's images per second and how busy the machine is, and the
median of the turns' ratios: by the clock, and by the processor's time, which other
programs disturb less. Loading and the first turn of each, in which the network is
traced, are not counted.
"""

import dataclasses
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from absl import flags

from benchmarks import hardware
from slimnets import errors, startup
from slimnets.config import dataclass_flags
from slimnets.config.inference import ClassifyConfig, EvalConfig

if TYPE_CHECKING:
    from slimnets.datasets.registry import Dataset

dataclass_flags.define_flags(EvalConfig)
flags.adopt_module_key_flags(dataclass_flags)
_TURNS = flags.DEFINE_integer(
    "turns",
    6,
    "Turns of each; an even number, for either to be first as often.",
    lower_bound=2,
)


def silent(line: str) -> None:
    """Says nothing."""


def prepare_eval(config: EvalConfig) -> tuple[Callable[[], None], "Dataset"]:
    """Returns what evaluates once, and the split."""
    from slimnets import checkpoints
    from slimnets.distribution import strategies
    from slimnets.inference.defaults import find_weights
    from slimnets.inference.evaluator import Evaluator

    trained = find_weights(config.trained, silent)
    config = dataclasses.replace(config, trained=trained)
    strategy = strategies.get_strategy(config.devices)
    evaluator = Evaluator(config, strategy, silent)
    checkpoint = checkpoints.require(trained.checkpoint_path, silent)
    report = evaluator.restore(checkpoint)

    def evaluate() -> None:
        evaluator.score(report)

    return evaluate, evaluator.score(report).dataset


def prepare_classify(
    config: EvalConfig, paths: list[str], output: Path
) -> Callable[[], None]:
    """Returns what classifies the photos once, and writes the lines."""
    from slimnets.inference import classification
    from slimnets.inference.classifier import load_classifier

    settings = ClassifyConfig(config.trained, config.inference)
    classifier = load_classifier(config.trained, config.inference, log=silent)

    def classify() -> None:
        with output.open("w") as stream:
            for one in classification.classify_with(
                classifier, settings, paths, stream
            ):
                if one.fault:
                    raise errors.InputError(one.fault)

    classify()
    return classify


def write_photos(dataset: "Dataset", folder: Path) -> list[str]:
    """Writes each record's image as a file; returns their paths."""
    from slimnets.datasets import record_order, tfrecord

    paths = []
    for number, record in record_order.read_once(dataset, False):
        [encoded] = tfrecord.parse_example(record, ("encoded",)).values()
        path = folder / f"{int(number):06}"
        path.write_bytes(encoded.numpy())
        paths.append(str(path))
    return paths


def measure(run: Callable[[], None], count: int) -> tuple[float, float]:
    """Returns images per second, by the clock and by the processor's time."""
    began, used = time.perf_counter(), time.process_time()
    run()
    return (
        count / (time.perf_counter() - began),
        count / (time.process_time() - used),
    )


def compare(programs: dict[str, Callable[[], None]], count: int) -> None:
    """Lets both run by turns, and prints what came of it."""
    by_clock, by_processor = [], []
    for turn in range(_TURNS.value):
        order = sorted(programs, reverse=bool(turn % 2))
        rates = {name: measure(programs[name], count) for name in order}
        by_clock.append(rates["classify"][0] / rates["eval"][0])
        by_processor.append(rates["classify"][1] / rates["eval"][1])
        print(
            f"turn {turn}: eval {rates['eval'][0]:.0f} images/s, classify"
            f" {rates['classify'][0]:.0f}: {by_clock[-1]:.3f}, by the processor's time"
            f" {by_processor[-1]:.3f}; load {os.getloadavg()[0]:.1f}",
            flush=True,
        )
    print(
        f"classify has {statistics.median(by_clock):.3f} of eval's images per second,"
        f" {statistics.median(by_processor):.3f} of those per second of the processor"
    )


def main(argv: list[str]) -> None:
    """Measures both by turns."""
    errors.refuse_arguments(argv)
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        config = dataclass_flags.from_flags(EvalConfig)
        config = dataclasses.replace(config, eval_dir=str(folder / "eval"))
        evaluate, dataset = prepare_eval(config)
        photos = folder / "photos"
        photos.mkdir()
        paths = write_photos(dataset, photos)
        classify = prepare_classify(config, paths, folder / "lines")
        print(f"{hardware.processor()}; {len(paths)} photos", flush=True)
        compare({"eval": evaluate, "classify": classify}, len(paths))


if __name__ == "__main__":
    startup.run(main)
