"""The networks whose PyTorch weights are known, by our names.

Names are those of torchvision's and timm's state dicts.
"""

from slimnets.weights.torch import mobilenets, resnet
from slimnets.weights.torch.kinds import Table

TABLES: dict[str, tuple[Table, ...]] = {
    "resnet50_v1_5": resnet.RESNET50_V1_5,
    "mobilenet_v2": mobilenets.V2,
    "mobilenet_v2_140": mobilenets.V2,
    "mobilenet_v2_035": mobilenets.V2,
}
