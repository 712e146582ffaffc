"""How fast quantized LiteRT files are: beside float ones, and beside OpenVINO.

    python -m benchmarks.quantization_speed

One image at a time, all in one process and in turns, each on all cores. The weights are
random, and so are the images that int8 is calibrated on: speed does not depend on them.
"""

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from absl import flags

from benchmarks import results
from slimnets import hardware, startup
from slimnets.config import choices, dataclass_flags

_NETWORKS = flags.DEFINE_list(
    "networks", "mobilenet_v1,mobilenet_v2,mobilenet_v3_large", "What to measure."
)
_TURNS = flags.DEFINE_integer("turns", 15, "Turns of each.", lower_bound=1)
_CALLS = flags.DEFINE_integer("calls", 10, "Images a turn.", lower_bound=1)
_OUTPUT = dataclass_flags.define_path(
    "output", "benchmarks/results", "Folder for the CSV file; empty writes none."
)

_BASE = "litert float32"
_CALIBRATION = 20  # images; their number is of no matter here

Call = Callable[[], object]


class Row(NamedTuple):
    """One line of the table.

    Attributes:
      network: its name.
      runner: runtime and kind of file.
      ms: of an image, the median of the turns.
      ratio: speed over that of the float file in LiteRT, the median of the turns.
      least: of the turns.
      most: of the turns.
      MB: of the file; None where there is none.
      threads: that each may use.
    """

    network: str
    runner: str
    ms: float
    ratio: float
    least: float
    most: float
    MB: float | None
    threads: int


def make_calls(network: str) -> tuple[dict[str, Call], dict[str, float]]:
    """Returns what runs one image, and megabytes of files, by runner.

    Args:
      network: a name of the registry.
    """
    import tensorflow as tf

    from slimnets.export import lite, post_training, runtimes
    from slimnets.export.pruned_function import prune_to_outputs
    from slimnets.inference.folded_model import FoldedModel
    from slimnets.model import Model

    model = Model(network, 1001)
    folded = FoldedModel(model)
    spec = tf.TensorSpec([None, model.image_size, model.image_size, 3], name="images")

    @tf.function(autograph=False)
    def logits(images: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"logits": folded(images)[0]}

    function = prune_to_outputs(logits.python_function, spec)
    shape = [_CALIBRATION, *spec.shape[1:]]
    images = np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)
    files = {_BASE: lite.convert({"serving_default": function})}
    for kind in choices.POST_TRAINING_KINDS:
        files[f"litert {kind}"] = post_training.convert(function, kind, images)
    calls = {name: _run_file(content, images[:1]) for name, content in files.items()}
    one = tf.TensorSpec([1, *spec.shape[1:]], name="images")
    run = runtimes.prepare("openvino", logits, one)
    image = tf.constant(images[:1])
    calls["openvino float32"] = lambda: run(image)
    return calls, {name: len(content) / 1e6 for name, content in files.items()}


def _run_file(content: bytes, image: np.ndarray) -> Call:
    from slimnets.export import lite

    interpreter: Any = lite.make_interpreter(model_content=content)
    run = interpreter.get_signature_runner()
    return lambda: run(images=image)


def measure(calls: Mapping[str, Call], turns: int, each: int) -> dict[str, list[float]]:
    """Returns the milliseconds of a call in each turn, by name.

    Args:
      calls: by name; they take turns.
      turns: of each, one more than is counted.
      each: calls a turn.
    """
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(turns + 1):
        for name, call in calls.items():
            began = time.perf_counter()
            for _ in range(each):
                call()
            times[name].append(1e3 * (time.perf_counter() - began) / each)
    return {name: found[1:] for name, found in times.items()}


def summarize(
    network: str, times: Mapping[str, list[float]], sizes: Mapping[str, float]
) -> list[Row]:
    """Returns a line for each runner.

    Args:
      network: its name.
      times: as `measure` returns them.
      sizes: megabytes of files by runner.
    """
    rows = []
    for name, found in times.items():
        ratios = [base / own for base, own in zip(times[_BASE], found, strict=True)]
        rows.append(
            Row(
                network,
                name,
                statistics.median(found),
                statistics.median(ratios),
                min(ratios),
                max(ratios),
                sizes.get(name),
                hardware.cores(),
            )
        )
    return rows


def main(_: list[str]) -> None:
    """Measures each network."""
    rows: list[Row] = []
    for network in _NETWORKS.value:
        calls, sizes = make_calls(network)
        times = measure(calls, _TURNS.value, _CALLS.value)
        rows += summarize(network, times, sizes)
        print(results.markdown(rows[-len(calls) :]), flush=True)
    results.report(rows, "quantization_speed", _OUTPUT.value)


if __name__ == "__main__":
    startup.run(main)
