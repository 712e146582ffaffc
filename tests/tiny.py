"""The smallest image of each network that still lets every stride do something."""

OF_STRIDE_32 = 32  # one pixel of features
SMALLEST = {
    "alexnet_v2": 195,
    "inception_resnet_v2": 75,
    "inception_v3": 75,
    "inception_v4": 75,
    "overfeat": 231,
    "vgg_a": 224,
}

# The shape of a fully connected layer follows from the image's.
OF_ONE_SIZE = ("lenet", "cifarnet")

# Built by the same lines as another network, with more or thinner layers: what holds
# of the one holds of the other. The goldens check each of them.
LIKE = {
    "mobilenet_v1_025": "mobilenet_v1",
    "mobilenet_v1_050": "mobilenet_v1",
    "mobilenet_v1_075": "mobilenet_v1",
    "mobilenet_v2_140": "mobilenet_v2",
    "mobilenet_edgetpu_075": "mobilenet_edgetpu",
    "mobilenet_v3_large": "mobilenet_v3_small",
    "mobilenet_v3_large_minimalistic": "mobilenet_v3_small",
    "mobilenet_v3_small_minimalistic": "mobilenet_v3_small",
    "nasnet_large": "nasnet_mobile",
    "pnasnet_large": "pnasnet_mobile",
    "resnet_v1_101": "resnet_v1_50",
    "resnet_v1_152": "resnet_v1_50",
    "resnet_v1_200": "resnet_v1_50",
    "resnet_v2_101": "resnet_v2_50",
    "resnet_v2_152": "resnet_v2_50",
    "resnet_v2_200": "resnet_v2_50",
    "vgg_16": "vgg_a",
    "vgg_19": "vgg_a",
}


def image_size(name: str) -> int:
    """Returns height and width in pixels of network `name`'s smallest image."""
    return SMALLEST.get(LIKE.get(name, name), OF_STRIDE_32)


def odd_size(name: str) -> list[int]:
    """Returns a height and width just above the smallest that no stride divides."""
    return [image_size(name) + 2, image_size(name) + 7]


def other_size(name: str) -> list[int | None]:
    """Returns the height and width that weights for `odd_size` take too."""
    return odd_size(name) if name in OF_ONE_SIZE else [None, None]
