"""The networks whose PyTorch weights are known, by our names.

Names are those of torchvision's and timm's state dicts. Of tables that fit a file alike
the first is taken where nobody tells which.
"""

from slimnets.weights.torch import (
    convnext,
    densenet,
    inception,
    mbconv,
    mobilenet_v4,
    mobilenets,
    nasnet,
    regnet,
    resnet,
    vgg,
    xception,
)
from slimnets.weights.torch.kinds import Table

TABLES: dict[str, tuple[Table, ...]] = {
    **mobilenets.NETWORKS,
    **mobilenet_v4.NETWORKS,
    **mbconv.NETWORKS,
    **regnet.NETWORKS,
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
