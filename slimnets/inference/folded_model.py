"""A model with batch norm folded into its convolutions: what inference runs."""

import dataclasses

import tensorflow as tf

from slimnets.layers.computation import computing
from slimnets.layers.folding import Folding
from slimnets.model import Model


class FoldedModel:
    """Calls a model in inference mode with batch norm folded; see layers/folding.py.

    Every end point has the model's values, also a convolution's output before its batch
    norm: if it is asked for, it is computed beside the folded convolution. Meant for a
    `tf.function`, which prunes what is not asked for:

        folded = FoldedModel(model)
        run = tf.function(lambda images: folded(images)[0], autograph=False)

    Attributes:
      model: whose variables count; call `refresh` after they change.
    """

    def __init__(self, model: Model, folding: Folding | None = None):
        """Makes the folded kernels.

        Args:
          model: whose batch norms to fold.
          folding: in use while the model was made, so that they are there already;
            None makes them now, for which the network is built once more.
        """
        self.model = model
        self._folding = folding or Folding()
        if folding is None:
            self._make_variables()

    def __call__(self, images: tf.Tensor) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Runs the network.

        Args:
          images: float [batch, height, width, channels], preprocessed.

        Returns:
          As the model: logits (or features), and end points by name.
        """
        way = dataclasses.replace(
            self.model.choose_computation(is_training=False),
            folding=self._folding.start_call(),
        )
        with computing(way):
            return self.model(images, is_training=False)

    def refresh(self) -> None:
        """Folds the model's variables as they are now, such as after a restore."""
        self._folding.refresh()

    @property
    def count(self) -> int:
        """How many batch norms are folded."""
        return self._folding.count

    def _make_variables(self) -> None:
        """Runs the builder in a graph that is discarded.

        Made later, inside a tf.function, they would have it traced twice.
        """
        model = self.model
        shape = [None, model.image_size, model.image_size, model.channels]
        with tf.__internal__.FuncGraph("folding").as_default():
            self(tf.compat.v1.placeholder(tf.float32, shape))
