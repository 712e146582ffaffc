"""A Supervisor, the loop behind slim.learning.train, that works beside TensorFlow 2."""

import contextlib
from collections.abc import Iterator
from typing import Any

import tensorflow as tf


class _GraphCoordinator(tf.compat.v1.train.Coordinator):
    """A coordinator whose threads build on and read from one graph."""

    def __init__(self, graph: tf.Graph):
        super().__init__()
        self._graph = graph

    @contextlib.contextmanager
    def stop_on_exception(self) -> Iterator[None]:
        """Surrounds all that a coordinated thread does."""
        with super().stop_on_exception(), self._graph.as_default():
            yield


class Supervisor(tf.compat.v1.train.Supervisor):
    """Saves, counts and summarizes in threads that know the graph.

    Each new thread of a TensorFlow 2 program starts out eager, so TensorFlow's own
    Supervisor fails there as soon as a thread asks for the global step.

    Args:
      graph: the graph to train.
      **options: all other arguments of TensorFlow's.
    """

    def __init__(self, graph: tf.Graph, **options: Any):
        super().__init__(graph=graph, **options)
        self._coord = _GraphCoordinator(graph)
