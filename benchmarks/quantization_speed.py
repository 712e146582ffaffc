"""How fast quantized LiteRT files are: beside float ones, and beside OpenVINO.

    python -m benchmarks.quantization_speed

One image at a time, all in one process and in turns, each on all cores. The weights are
random, and so are the images that int8 is calibrated on: speed does not depend on them.
"""

from typing import Any

import numpy as np
from absl import flags

from benchmarks import results
from benchmarks.call_turns import BASE, Call, Row, measure, summarize
from slimnets import startup
from slimnets.config import choices, dataclass_flags

_NETWORKS = flags.DEFINE_list(
    "networks", "mobilenet_v1,mobilenet_v2,mobilenet_v3_large", "What to measure."
)
_TURNS = flags.DEFINE_integer("turns", 15, "Turns of each.", lower_bound=1)
_CALLS = flags.DEFINE_integer("calls", 10, "Images a turn.", lower_bound=1)
_OUTPUT = dataclass_flags.define_path(
    "output", "benchmarks/results", "Folder for the CSV file; empty writes none."
)

_CALIBRATION = 20  # images; their number is of no matter here


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
    files = {BASE: lite.convert({"serving_default": function})}
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
