"""How long a network takes to build, beside tf_slim's builder of the same name.

    python -m benchmarks.build_times

Both add the network in training mode to a v1 graph, in turns; the figures are medians
of the processor's time. tf_slim's batch norm fails on today's TensorFlow, so its
networks are given slimnets': what differs is the rest of them.
"""

import contextlib
import gc
import statistics
import time
import warnings
from collections.abc import Callable, Iterator
from typing import NamedTuple
from unittest import mock

from absl import flags

from benchmarks import results
from slimnets import startup
from slimnets.config import dataclass_flags

_TURNS = flags.DEFINE_integer("turns", 5, "Turns of each.", lower_bound=1)
_OUTPUT = dataclass_flags.define_path(
    "output", "benchmarks/results", "Folder for the CSV file; empty writes none."
)


class Row(NamedTuple):
    """One line of the table, in milliseconds."""

    network: str
    slimnets_ms: float
    tf_slim_ms: float
    ratio: float


def peers() -> Iterator[tuple[str, Callable[..., None]]]:
    """Yields the networks that tf_slim has too, and its builders in their scopes."""
    import tf_slim
    from tf_slim.nets import alexnet, inception, overfeat, resnet_v1, resnet_v2, vgg

    families = (
        (alexnet, alexnet.alexnet_v2_arg_scope, ("alexnet_v2",)),
        (overfeat, overfeat.overfeat_arg_scope, ("overfeat",)),
        (vgg, vgg.vgg_arg_scope, ("vgg_a", "vgg_16", "vgg_19")),
        (inception, inception.inception_v1_arg_scope, ("inception_v1",)),
        (inception, inception.inception_v2_arg_scope, ("inception_v2",)),
        (inception, inception.inception_v3_arg_scope, ("inception_v3",)),
        (resnet_v1, resnet_v1.resnet_arg_scope, ("resnet_v1_50", "resnet_v1_101")),
        (resnet_v2, resnet_v2.resnet_arg_scope, ("resnet_v2_50", "resnet_v2_101")),
    )
    for module, arg_scope, names in families:
        for name in names:
            builder = getattr(module, name)

            def build(images, builder=builder, arg_scope=arg_scope) -> None:
                with tf_slim.arg_scope(arg_scope()):
                    builder(images, 1000, is_training=True)

            yield name, build


def seconds(build: Callable[..., object], image_size: int) -> float:
    """Returns the processor's time for building once, in a graph of its own."""
    import tensorflow as tf

    gc.collect()
    with tf.Graph().as_default():
        images = tf.compat.v1.placeholder(tf.float32, [2, image_size, image_size, 3])
        began = time.process_time()
        build(images)
        return time.process_time() - began


def measure(name: str, peer: Callable[..., None], turns: int) -> Row:
    """Builds a network and its peer in turns, once more than is counted."""
    from slimnets.nets import registry

    size = registry.get_row(name).image_size
    ours = registry.get_network_fn(name, 1000, weight_decay=5e-4, is_training=True)
    times = [(seconds(ours, size), seconds(peer, size)) for _ in range(turns + 1)][1:]
    mine, theirs = (
        1e3 * statistics.median(column) for column in zip(*times, strict=True)
    )
    return Row(name, mine, theirs, mine / theirs)


def main(_: list[str]) -> None:
    """Measures each network that both have."""
    import tf_slim
    from tf_slim.layers import layers

    from slimnets import slim

    warnings.simplefilter("ignore")  # tf_slim's own, of layer.apply
    gc.disable()  # it would fall into one build or another
    rows = []
    with contextlib.ExitStack() as stack:
        for module in (tf_slim, tf_slim.layers, layers):
            stack.enter_context(
                mock.patch.object(module, "batch_norm", slim.batch_norm)
            )
        for name, peer in peers():
            rows.append(measure(name, peer, _TURNS.value))
            print(name, f"{rows[-1].ratio:.2f}", flush=True)
    results.report(rows, "build_times", _OUTPUT.value)


if __name__ == "__main__":
    startup.run(main)
