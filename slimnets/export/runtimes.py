"""The runtimes that run a network, by name: TensorFlow itself, OpenVINO and LiteRT.

They agree within BOUNDS of the largest value, by the number type they compute in.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from slimnets import errors, hardware
from slimnets.export import lite
from slimnets.export.pruned_function import prune_to_outputs

# Of differences from float32, as a fraction of the largest value. That of bfloat16,
# which keeps 8 bits, tells a broken network from one that is rounded. Where a processor
# lacks its instructions, TensorFlow adds up in it: MobileNet v1 0.25 differs by 0.18.
BOUNDS = {"float32": 1e-4, "bfloat16": 0.25}

# Runs a batch of images; returns outputs by name.
Run = Callable[[tf.Tensor], dict[str, np.ndarray]]


def prepare(
    runtime: str, function: Any, images: tf.TensorSpec, precision: str = "float32"
) -> Run:
    """Makes a runtime ready to run a function with its variables as they are now.

    Args:
      runtime: a name of RUNTIMES.
      function: a tf.function from float images to outputs by name.
      images: their shape; runtimes other than TensorFlow take images of no other.
      precision: one of `config.choices.INFERENCE_PRECISIONS`. TensorFlow takes it
        from the function itself.

    Raises:
      InputError: the runtime's package is not installed, or it lacks the precision.
    """
    return RUNTIMES[runtime](function, images, precision)


def _prepare_tensorflow(function: Any, images: tf.TensorSpec, precision: str) -> Run:
    # Weights as constants in the graph gain 3 % at most, and take seconds to start.
    return lambda batch: {
        name: value.numpy() for name, value in function(batch).items()
    }


def _prepare_openvino(function: Any, images: tf.TensorSpec, precision: str) -> Run:
    openvino = errors.import_extra("openvino", "openvino")
    # Each core takes its share of a batch by itself: a tenth less work for MobileNet
    # v2 than all cores at each layer together.
    batch_size, *shape = images.shape
    streams = math.gcd(batch_size, hardware.cores())
    share = tf.TensorSpec([batch_size // streams, *shape], images.dtype, images.name)
    concrete = function.get_concrete_function(share)
    # Left alone, OpenVINO computes in bfloat16 where the processor can.
    hints = {"float32": "f32", "bfloat16": "bf16"}
    options = {"INFERENCE_PRECISION_HINT": hints[precision], "NUM_STREAMS": streams}
    compiled = openvino.compile_model(openvino.convert_model(concrete), "CPU", options)
    requests = [compiled.create_infer_request() for _ in range(streams)]
    outputs = {
        name: output
        for output in compiled.outputs
        for name in output.names & concrete.structured_outputs.keys()
    }

    def run(batch: tf.Tensor) -> dict[str, np.ndarray]:
        # asarray is over the tensor's own memory; `numpy()` would copy it.
        shares = np.split(np.asarray(batch), streams)
        for request, images in zip(requests, shares, strict=True):
            request.start_async([images], share_inputs=True)
        for request in requests:
            request.wait()
        return {
            name: np.concatenate(
                [request.get_tensor(output).data for request in requests]
            )
            for name, output in outputs.items()
        }

    return run


def _prepare_litert(function: Any, images: tf.TensorSpec, precision: str) -> Run:
    if precision != "float32":
        raise errors.InputError(
            f"--runtime=litert computes in float32; leave --precision={precision} out"
        )
    lite.import_litert()  # fails now, not after the conversion
    exported = prune_to_outputs(function.python_function, images)
    content = lite.convert({"serving_default": exported})
    run = lite.make_interpreter(model_content=content).get_signature_runner()
    return lambda batch: run(images=np.asarray(batch))


RUNTIMES: dict[str, Callable[[Any, tf.TensorSpec, str], Run]] = {
    "tensorflow": _prepare_tensorflow,
    "openvino": _prepare_openvino,
    "litert": _prepare_litert,
}
