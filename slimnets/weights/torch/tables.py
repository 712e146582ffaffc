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

# timm's networks whose files have the very tensors of one of these, but which blur
# their features where it strides.
BLURRING = {
    "efficientnet_b0": ("efficientnet_blur_b0",),
    "mobilenet_v4_conv_medium": (
        "mobilenetv4_conv_aa_medium",
        "mobilenetv4_conv_blur_medium",
    ),
    "mobilenet_v4_conv_large": ("mobilenetv4_conv_aa_large",),
    "resnet50": ("resnetaa50", "resnetblur50"),
    "resnet50_v1_5": ("resnetaa50", "resnetblur50"),
    "resnet_v1_50": ("resnetaa50", "resnetblur50"),
}
