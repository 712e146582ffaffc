r"""Writes the goldens of networks that research/slim does not have.

Such goldens are slimnets' own: they guard names, shapes and numbers against change,
for the sake of those who hold checkpoints. That the numbers are right is shown in
tests/nets, by comparison with Keras or with the paper's figures. Goldens without
"source": "slimnets" are facts of research/slim and are never written here.

    python -m tests.goldens.record convnext_tiny --numbers
    python -m tests.goldens.record convnext_small
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from absl import app, flags

from slimnets import errors
from slimnets.model import Model
from slimnets.nets import registry
from tests import v1_graph
from tests.goldens import fill

GOLDENS = Path(__file__).parent
BATCH = 2

NUMBERS = flags.DEFINE_bool(
    "numbers",
    False,
    "Also record logits and norms: for the smallest network of a family.",
)


def structure(name: str, num_classes: int) -> dict[str, Any]:
    """Returns the facts of a v1 graph: variables, trainable ones and end points."""
    row = registry.get_row(name)
    shape = [BATCH, row.image_size, row.image_size, row.channels]
    with tf.Graph().as_default():
        images = tf.compat.v1.placeholder(tf.float32, shape)
        _, end_points = registry.get_network_fn(name, num_classes)(images)
        trainable = v1_graph.by_name(tf.compat.v1.trainable_variables())
        return {
            "name": name,
            "default_image_size": row.image_size,
            "channels": row.channels,
            "num_classes": num_classes,
            "variables": names_and_shapes(v1_graph.all_variables()),
            "trainable": list(trainable),
            "end_points": names_and_shapes(end_points),
        }


def filled_model(name: str, num_classes: int) -> Model:
    """Returns a model with the goldens' weights."""
    model = Model(name, num_classes)
    for variable_name, variable in model.variables_by_name.items():
        variable.assign(fill.weight(variable_name, variable.shape.as_list()))
    return model


def outputs(model: Model) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Returns a model's logits and end points on the goldens' images."""
    images = fill.images(BATCH, model.image_size, model.image_size, model.channels)
    logits, end_points = model(tf.constant(images))
    return logits.numpy(), {name: t.numpy() for name, t in end_points.items()}


def names_and_shapes(tensors: dict[str, Any]) -> list[list[Any]]:
    """Returns [name, shape] of each tensor."""
    return [[name, tensor.shape.as_list()] for name, tensor in tensors.items()]


def record(name: str, with_numbers: bool, folder: Path = GOLDENS) -> Path:
    """Writes `folder`/NAME.json; InputError where that is a fact of research/slim."""
    path = folder / f"{name}.json"
    if path.exists() and json.loads(path.read_text()).get("source") != "slimnets":
        raise errors.InputError(
            f"{path} is a fact of research/slim: mend the network, not its golden"
        )
    num_classes = registry.get_row(name).classes
    facts = {"source": "slimnets", **structure(name, num_classes)}
    if with_numbers:
        facts |= _numbers(name, num_classes)
    path.write_text(json.dumps(facts, separators=(",", ":")) + "\n")
    return path


def _numbers(name: str, num_classes: int) -> dict[str, Any]:
    logits, end_points = outputs(filled_model(name, num_classes))
    return {
        "logits": {
            "shape": list(logits.shape),
            "first": [_rounded(value) for value in logits.ravel()[:8]],
            "argmax": logits.argmax(-1).tolist(),
            "norm": _rounded(np.linalg.norm(logits)),
            "mean": _rounded(logits.mean()),
        },
        "end_point_norms": {
            name: _rounded(np.linalg.norm(values))
            for name, values in end_points.items()
        },
    }


def _rounded(value: float) -> float:
    return float(f"{value:.7g}")  # float32 holds no more digits


@errors.report_errors
def main(argv: list[str]) -> None:
    """Records the networks that the command line names."""
    names = argv[1:]
    if not names:
        raise errors.InputError("name the networks to record")
    for name in names:
        path = record(name, NUMBERS.value)
        print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    app.run(main)
