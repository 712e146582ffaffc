"""The networks whose Keras weights are known, by our names."""

from collections.abc import Callable, Iterator
from functools import partial

from slimnets.nets import convnext as convnets
from slimnets.nets import densenet as densenets
from slimnets.nets.mobilenet import mobilenet_v3
from slimnets.nets.vgg import VGG_D, VGG_E
from slimnets.weights.keras import (
    convnext,
    densenet,
    efficientnet,
    inception,
    mobilenets,
    nasnet,
    resnet,
    vgg,
    xception,
)
from slimnets.weights.rules import Layer

TABLES: dict[str, Callable[[], Iterator[Layer]]] = {
    "mobilenet_v1": mobilenets.v1,
    "mobilenet_v1_075": mobilenets.v1,
    "mobilenet_v1_050": mobilenets.v1,
    "mobilenet_v1_025": mobilenets.v1,
    "mobilenet_v2": mobilenets.v2,
    "mobilenet_v2_140": mobilenets.v2,
    "mobilenet_v2_035": mobilenets.v2,
    "mobilenet_v3_large": partial(mobilenets.v3, mobilenet_v3.LARGE, False),
    "mobilenet_v3_small": partial(mobilenets.v3, mobilenet_v3.SMALL, False),
    "mobilenet_v3_large_minimalistic": partial(mobilenets.v3, mobilenet_v3.LARGE, True),
    "mobilenet_v3_small_minimalistic": partial(mobilenets.v3, mobilenet_v3.SMALL, True),
    "resnet50": resnet.resnet50,
    "vgg_16": partial(vgg.vgg, "vgg_16", VGG_D),
    "vgg_19": partial(vgg.vgg, "vgg_19", VGG_E),
    "inception_v3": inception.v3,
    "inception_resnet_v2": inception.resnet_v2,
    "nasnet_mobile": partial(nasnet.nasnet, 4),
    "nasnet_large": partial(nasnet.nasnet, 6),
    **{
        name: partial(efficientnet.efficientnet, name)
        for name in (f"efficientnet_b{number}" for number in range(8))
    },
    "densenet_121": partial(densenet.densenet, "densenet_121", densenets.DENSENET_121),
    "densenet_169": partial(densenet.densenet, "densenet_169", densenets.DENSENET_169),
    "densenet_201": partial(densenet.densenet, "densenet_201", densenets.DENSENET_201),
    "xception": xception.xception,
    "convnext_tiny": partial(convnext.convnext, "convnext_tiny", convnets.TINY),
    "convnext_small": partial(convnext.convnext, "convnext_small", convnets.SMALL),
}
