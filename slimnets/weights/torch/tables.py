"""The networks whose PyTorch weights are known, by our names.

Names are those of torchvision's and timm's state dicts.
"""

from slimnets.weights.torch import (
    convnext,
    densenet,
    inception,
    mobilenets,
    nasnet,
    resnet,
    vgg,
    xception,
)
from slimnets.weights.torch.kinds import Table

TABLES: dict[str, tuple[Table, ...]] = {
    "mobilenet_v2": mobilenets.V2,
    "mobilenet_v2_140": mobilenets.V2,
    "mobilenet_v2_035": mobilenets.V2,
    **resnet.NETWORKS,
    **vgg.NETWORKS,
    **inception.NETWORKS,
    **densenet.NETWORKS,
    **nasnet.NETWORKS,
    **xception.NETWORKS,
    **convnext.NETWORKS,
}

# Why there is no table, of networks whose name both libraries have.
OTHERS = {
    "alexnet_v2": "torchvision's alexnet pads its first convolution, its fourth has 256"
    " channels in the place of 384, and its first matrix is over 6x6 pixels, not 5x5",
}
