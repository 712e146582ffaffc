"""Quantization-aware training (Jacob et al., arXiv:1712.05877): a graph is rewritten.

The names of what is added are those of tf.contrib.quantize, so that its checkpoints and
ours are read by each other.
"""

from slimnets.quantization.functions import (
    create_eval_graph,
    create_training_graph,
    experimental_create_eval_graph,
    experimental_create_training_graph,
)

__all__ = [
    "create_eval_graph",
    "create_training_graph",
    "experimental_create_eval_graph",
    "experimental_create_training_graph",
]
