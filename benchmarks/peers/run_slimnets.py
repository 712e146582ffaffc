"""slimnets, as its own programs run it."""

import atexit
import importlib.util
from collections.abc import Callable

from benchmarks.work import INPUT, TRAIN, Work
from slimnets import hardware, startup

RUNTIMES = {"openvino": "openvino", "litert": "ai_edge_litert"}  # needed packages


def settings(work: Work) -> list[str]:
    """Inference has installed runtimes and precisions; else there is one, the best.

    Training also takes a precision and names of ways, as `nets.fastest` has them.
    """
    if work.mode in (TRAIN, INPUT):
        return ["auto"]
    installed = [
        runtime
        for runtime, package in RUNTIMES.items()
        if importlib.util.find_spec(package)
    ]
    runtimes = ["tensorflow", *installed]
    if not hardware.multiplies_bfloat16():
        return runtimes
    return runtimes + [f"{name} bfloat16" for name in runtimes if name != "litert"]


def start(work: Work, setting: str) -> Callable[[], None]:
    """Returns a step of the trainer's own function, of its input, or of evaluation."""
    startup.start_tensorflow()  # as the programs do: oneDNN, memory
    if work.mode == INPUT:
        return _input_step(work)
    if work.mode == TRAIN:
        if setting != "auto":
            _prefer(work, *setting.split())
        return _train_step(work)
    return _infer_step(work, setting)


def _prefer(work: Work, precision: str, *ways: str) -> None:
    """Has this process train in given ways, whatever was measured to be fastest."""
    from slimnets.nets import fastest

    key = fastest.Key(work.network, TRAIN, "tensorflow", hardware.instruction_set())
    fastest.read_table()[key] = fastest.Fastest(precision, ways)


def _input_step(work: Work) -> Callable[[], None]:
    from slimnets.datasets import pipeline
    from slimnets.preprocessing import inception

    size = work.image_size
    batches = pipeline.train_batches(
        _records(work.photos),
        lambda image: inception.preprocess_image(image, size, size, is_training=True),
        work.batch_size,
    )
    iterator = iter(batches)
    return lambda: next(iterator)


def _records(photos: str):
    """Converts photos to TFRecords, which lie in memory's file cache from then on."""
    import tempfile
    from pathlib import Path

    from slimnets.datasets import image_folder, registry

    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    output = Path(folder.name, "records")
    image_folder.convert(Path(photos), output, "photos", validation_fraction=0)
    return registry.get_dataset(str(output), "train")


def _train_step(work: Work) -> Callable[[], None]:
    import tensorflow as tf

    from slimnets.config import train as config
    from slimnets.config.optimization import OptimizerConfig
    from slimnets.training import state, step

    settings = config.TrainConfig(
        model=work.network,
        data=config.DataConfig(batch_size=work.batch_size, image_size=work.image_size),
        optimization=OptimizerConfig(optimizer="momentum"),
        weight_decay=0.0,  # the peers have none
    )
    strategy = tf.distribute.get_strategy()
    trained = state.TrainState(settings, 1000)
    take = step.make_step(strategy, settings, trained, 1_000_000, None)
    shape = _shape(work)
    batch = (
        tf.random.normal(shape),
        tf.random.uniform([work.batch_size], 0, 1000, tf.int64),
    )
    return lambda: take(batch).losses.total.numpy()


def _infer_step(work: Work, setting: str) -> Callable[[], None]:
    import numpy as np
    import tensorflow as tf

    from slimnets.config import inference as config
    from slimnets.inference.predictor import load_predictor

    runtime, _, precision = setting.partition(" ")
    predictor = load_predictor(
        config.TrainedNetworkConfig(model=work.network, image_size=work.image_size),
        1000,
        config.InferenceConfig(runtime=runtime, precision=precision or "float32"),
    )
    # Fresh moments and offsets would fold to nothing, which no trained network's do.
    rng = np.random.default_rng(0)
    for name, variable in predictor.model.variables_by_name.items():
        if name.endswith(("beta", "biases", "moving_mean")):
            variable.assign(rng.normal(0, 0.1, variable.shape))
    predictor.folded.refresh()
    function = tf.function(
        lambda images: {"logits": predictor.network(images)[0]}, autograph=False
    )
    run = predictor.prepare(function, work.batch_size)
    images = tf.constant(rng.normal(size=_shape(work)), tf.float32)
    return lambda: run(images)


def _shape(work: Work) -> list[int]:
    from slimnets.nets import registry

    channels = registry.get_row(work.network).channels
    return [work.batch_size, work.image_size, work.image_size, channels]
