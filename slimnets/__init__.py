"""TF-Slim's networks and checkpoints on today's TensorFlow.

Every network's builder is here under its name in the registry:

    net, end_points = slimnets.mobilenet_v2(images, is_training=False)
"""

from slimnets import slim
from slimnets.nets.registry import NETWORKS, get_network_fn, list_networks
from slimnets.runtime.model import Model

__version__ = "0.1.0"

globals().update({name: row.builder for name, row in NETWORKS.items()})

__all__ = ["Model", "get_network_fn", "list_networks", "slim", *NETWORKS]
