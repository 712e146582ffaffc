"""OpenVINO, given timm's networks; it folds and fuses them itself."""

from collections.abc import Callable

from benchmarks.peers import run_pytorch
from benchmarks.work import INFER, Work
from slimnets import hardware


def settings(work: Work) -> list[str]:
    """Precision; it only infers."""
    if work.mode != INFER or not run_pytorch.settings(work):
        return []
    return ["float32", "bfloat16"] if hardware.multiplies_bfloat16() else ["float32"]


def start(work: Work, setting: str) -> Callable[[], None]:
    """Returns a step of one synchronous inference."""
    import openvino
    import torch

    shape = [work.batch_size, 3, work.image_size, work.image_size]
    images = torch.randn(shape)
    network = run_pytorch.network(work).eval()
    with torch.no_grad():
        converted = openvino.convert_model(network, example_input=images)
    converted.reshape(shape)
    precision = {"float32": "f32", "bfloat16": "bf16"}[setting]
    options = {
        "INFERENCE_PRECISION_HINT": precision,
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": hardware.cores(),
    }
    compiled = openvino.Core().compile_model(converted, "CPU", options)
    request = compiled.create_infer_request()
    values = images.numpy()
    return lambda: request.infer([values])
