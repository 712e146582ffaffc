"""Fine-tuning by slimnets, Keras, PyTorch and a linear probe: accuracy over minutes.

    python -m benchmarks.finetune_peers --records=data/flowers \\
        --checkpoint=mobilenet_v1_0.25_128.ckpt

All start from the same weights of one MobileNet v1 and train on the same photos:
slimnets by the flags of --recipe, Keras by fit(), PyTorch by a loop of timm's parts.

Other work on the machine is to change no result. So the speed of each is measured
first, by turns, with nothing else running; then each takes as many steps as fit into
--minutes at that speed, once for each seed, however long that lasts. This may be done
in two parts: --measure_only writes the file --speeds, which is read where it exists.
"""

import dataclasses
import json
import statistics
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from absl import flags

from benchmarks import finetuning, hardware, results
from benchmarks.finetuning import page, process
from benchmarks.finetuning.task import Task, count_steps
from slimnets import errors, startup
from slimnets.config import dataclass_flags

_RECORDS = dataclass_flags.define_path(
    "records", None, "Folder of TFRecords of photos.", required=True
)
_CHECKPOINT = dataclass_flags.define_path(
    "checkpoint", None, "TF-Slim's weights of the network.", required=True
)
_RECIPE = dataclass_flags.define_path(
    "recipe", "train/recipes/mobilenet_v1_flowers.flags", "slimnets' flags."
)
_WIDTH = flags.DEFINE_float("width", 0.25, "Depth multiplier of the MobileNet v1.")
_SIZE = flags.DEFINE_integer("image_size", 128, "Height and width in pixels.")
_MINUTES = flags.DEFINE_float("minutes", 3.0, "That each may train.", lower_bound=0)
_SEEDS = flags.DEFINE_list("seeds", ["1", "2", "3"], "Of the runs.")
_EVALUATIONS = flags.DEFINE_integer("evaluations", 5, "Of each run.", lower_bound=1)
_BATCH = flags.DEFINE_integer("batch_size", 32, "Images a step.", lower_bound=1)
_RATE = flags.DEFINE_float("learning_rate", 0.001, "The peers' largest, of AdamW.")
_DECAY = flags.DEFINE_float("weight_decay", 0.01, "The peers', of AdamW.")
_FREEZE = flags.DEFINE_bool(
    "freeze_batch_norm", False, "Whether the peers' batch norm keeps its averages."
)
_ONLY = flags.DEFINE_list("only", list(finetuning.NAMES), "Who takes part.")
_TURNS = flags.DEFINE_integer("turns", 2, "Of measuring speed.", lower_bound=1)
_TURN_STEPS = flags.DEFINE_integer("turn_steps", 80, "Steps of a turn.", lower_bound=20)
_SPEEDS = dataclass_flags.define_path(
    "speeds", "finetune_speeds.json", "File of the images per second of each."
)
_MEASURE = flags.DEFINE_bool("measure_only", False, "Measure speeds, then end.")
_PYTORCH = dataclass_flags.define_path(
    "pytorch_python", None, "Python that has PyTorch and timm, where this one has not."
)
_THREADS = flags.DEFINE_integer(
    "training_threads",
    0,
    "Threads of PyTorch while it trains, 0: one a core. On a busy machine its threads"
    " wait for each other; fewer change the result by no more than rounding. Its speed"
    " is always measured with one a core.",
    lower_bound=0,
)
_OUTPUT = dataclass_flags.define_path(
    "output", "benchmarks/results", "Folder for the CSV file; empty writes none."
)
_PLOT = dataclass_flags.define_path("plot", None, "File for the plot; None: no plot.")

_NETWORKS = {0.25: "_025", 0.5: "_050", 0.75: "_075", 1.0: ""}


def make_task(folder: Path) -> Task:
    """Prepares photos and weights, and returns the task without steps.

    Args:
      folder: to write into.
    """
    from benchmarks.finetuning import material

    if _WIDTH.value not in _NETWORKS:
        raise errors.unknown("width", str(_WIDTH.value), map(str, _NETWORKS))
    network = f"mobilenet_v1{_NETWORKS[_WIDTH.value]}"
    weights = material.convert_weights(_CHECKPOINT.value, network, folder)
    return Task(
        network=network,
        width=_WIDTH.value,
        image_size=_SIZE.value,
        checkpoint=_CHECKPOINT.value,
        keras_weights=weights.keras,
        torch_weights=weights.torch,
        weight_classes=weights.classes,
        records=_RECORDS.value,
        photos=str(material.unpack(_RECORDS.value, folder / "photos")),
        train_dir="",
        recipe=_RECIPE.value,
        learning_rate=_RATE.value,
        weight_decay=_DECAY.value,
        freeze_batch_norm=_FREEZE.value,
        batch_size=_BATCH.value,
        steps=_TURN_STEPS.value,
        evaluations=0,
        seed=0,
        threads=0,
    )


def measure(
    task: Task, names: Sequence[str], turns: int, pythons: Mapping[str, str]
) -> dict[str, float]:
    """Returns images per second of each, the median of its turns.

    Who cannot do it is said and left out.
    """
    rates: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(turns):
        for name in list(rates):
            try:
                speed = process.run(name, task, pythons).images_per_second
            except process.Failed as failed:
                _say(f"left out: {failed}")
                del rates[name]
                continue
            rates[name].append(speed)
            _say(f"{name}: {speed:.1f} images/s")
    return {name: statistics.median(found) for name, found in rates.items()}


def train(
    name: str, task: Task, rate: float, seeds: Sequence[int], pythons: Mapping[str, str]
) -> Iterator[page.Row]:
    """Yields the evaluations of one contender with every seed."""
    for seed in seeds:
        own = dataclasses.replace(task, seed=seed)
        training = process.run(name, own, pythons)
        # The probe takes no steps, and has no seed to vary.
        probes = name == finetuning.PROBE
        speed = training.images_per_second if probes else rate
        for step, top1 in training.top1.items():
            minutes = step * task.batch_size / rate / 60 if rate else 0.0
            _say(f"{name}, seed {seed}, step {step}: top-1 {top1:.2%}")
            setting = "" if probes else _describe(name, task)
            yield page.Row(name, setting, seed, step, speed, minutes, top1)
        if probes:
            return


def _describe(name: str, task: Task) -> str:
    if name == "slimnets":
        return Path(task.recipe).stem
    frozen = ", batch norm frozen" if task.freeze_batch_norm else ""
    return f"adamw {task.learning_rate:g}, decay {task.weight_decay:g}{frozen}"


def _read_speeds(
    task: Task, names: Sequence[str], pythons: Mapping[str, str]
) -> dict[str, float]:
    """Returns speeds from the file, or measures them and writes it."""
    path = Path(_SPEEDS.value)
    known = json.loads(path.read_text()) if path.exists() else {}
    if _MEASURE.value or any(name not in known for name in names):
        known.update(measure(task, names, _TURNS.value, pythons))
        path.write_text(json.dumps(known, indent=1) + "\n")
    return known


def _list_measured(speeds: Mapping[str, float]) -> list[str]:
    """Returns who takes part and has a speed, or needs none."""
    return [n for n in _ONLY.value if n in speeds or n == finetuning.PROBE]


def _say(line: str) -> None:
    print(line, flush=True)


def main(argv: list[str]) -> None:
    """Measures speed, trains, and shows the table."""
    errors.refuse_arguments(argv)
    for name in _ONLY.value:
        if name not in finetuning.NAMES:
            raise errors.unknown("contender", name, finetuning.NAMES)
    trained = [name for name in finetuning.TRAINED if name in _ONLY.value]
    pythons = {"pytorch": _PYTORCH.value} if _PYTORCH.value else {}
    rows: list[page.Row] = []
    with tempfile.TemporaryDirectory() as folder:
        task = make_task(Path(folder))
        speeds = _read_speeds(task, trained, pythons)
        if _MEASURE.value:
            return
        for name in _list_measured(speeds):
            rate = speeds.get(name, 0.0)
            count = count_steps(rate, _MINUTES.value, _BATCH.value, _EVALUATIONS.value)
            own = dataclasses.replace(
                task,
                steps=count,
                evaluations=_EVALUATIONS.value,
                threads=_THREADS.value,
            )
            try:
                rows += train(name, own, rate, list(map(int, _SEEDS.value)), pythons)
            except process.Failed as failed:
                _say(f"left out: {failed}")
    print(results.markdown(page.summarize(rows)))
    results.report(rows, "finetune_peers", _OUTPUT.value)
    if _PLOT.value:
        title = f"{task.network}, {task.image_size} px, {hardware.processor()}"
        page.draw(rows, title, Path(_PLOT.value))
        print(f"drew {_PLOT.value}")


if __name__ == "__main__":
    startup.run(main)
