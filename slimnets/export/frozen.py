"""Networks with their weights as constants, as most runtimes want them."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from slimnets.export.exportable import Exportable
from slimnets.export.pruned_function import Outputs

Prepare = Callable[[tf.Tensor], tf.Tensor]


class FrozenNetwork:
    """A network's weights as they now are, and its ops."""

    def __init__(self, network: Exportable):
        """Reads the weights; call it outside of any graph."""
        self._graph = network.make_function().graph
        reads = self._graph.list_reads()
        self._values = {name: variable.numpy() for name, variable in reads.items()}

    def make_weights(self) -> dict[str, tf.Tensor]:
        """Adds the constants to the graph being built, for `add`."""
        return {
            name: tf.constant(value, name=f"weights/{name.removesuffix(':0')}")
            for name, value in self._values.items()
        }

    def add(self, images: tf.Tensor, weights: dict[str, tf.Tensor]) -> Outputs:
        """Adds the network's ops; returns its outputs by name."""
        return self._graph.add(images, weights, "network")

    def make_function(self, inputs: tf.TensorSpec, prepare: Prepare) -> Any:
        """Returns a concrete function to outputs by name, without variables.

        Args:
          inputs: of its argument.
          prepare: from that to preprocessed images.
        """

        def run(batch: tf.Tensor) -> Outputs:
            outputs = self.add(prepare(batch), self.make_weights())
            return {name: tf.identity(out, name) for name, out in outputs.items()}

        function = tf.function(run, input_signature=[inputs], autograph=False)
        return function.get_concrete_function()
