"""keras.applications' networks with random weights, and what they should compute."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np

import slimnets
from slimnets.preprocessing import imagenet

CLASSES = 7

_UNPREPARED = {"include_preprocessing": False}


class Peer(NamedTuple):
    """A network of keras.applications.

    Attributes:
      builder: makes it.
      size: height and width of the smallest images that it, and we, take.
      arguments: what our builder needs to compute the same.
    """

    builder: Callable[..., keras.Model]
    size: int
    arguments: dict[str, Any]

    @property
    def has_auxiliary_head(self) -> bool:
        """Whether ours has one by default; its shape depends on the size."""
        return "create_aux_logits" in self.arguments

    def build(self) -> keras.Model:
        """Returns it with logits of CLASSES classes."""
        keras.backend.clear_session()  # which counts layers from 0 again
        return self.builder(
            weights=None,
            input_shape=(self.size, self.size, 3),
            classes=CLASSES,
            classifier_activation=None,
        )

    def ours(self, network: str) -> slimnets.Model:
        """Returns our network, by its name, for images of this size."""
        return slimnets.Model(network, CLASSES, image_size=self.size, **self.arguments)


def _peer(name: str, size: int = 32, **options: Any) -> Peer:
    return Peer(
        functools.partial(getattr(keras.applications, name), **options), size, {}
    )


def _inception(name: str) -> Peer:
    return _peer(name, 75)._replace(arguments={"create_aux_logits": False})


def _nasnet(name: str) -> Peer:
    return _peer(name, 64)._replace(arguments={"pools_see_padding": True})


PEERS: dict[str, Peer] = {
    "mobilenet_v1": _peer("MobileNet"),
    "mobilenet_v1_075": _peer("MobileNet", alpha=0.75),
    "mobilenet_v1_050": _peer("MobileNet", alpha=0.5),
    "mobilenet_v1_025": _peer("MobileNet", alpha=0.25),
    "mobilenet_v2": _peer("MobileNetV2"),
    "mobilenet_v2_140": _peer("MobileNetV2", alpha=1.4),
    "mobilenet_v2_035": _peer("MobileNetV2", alpha=0.35),
    "mobilenet_v3_large": _peer("MobileNetV3Large", **_UNPREPARED),
    "mobilenet_v3_small": _peer("MobileNetV3Small", **_UNPREPARED),
    "mobilenet_v3_large_minimalistic": _peer(
        "MobileNetV3Large", **_UNPREPARED, minimalistic=True
    ),
    "mobilenet_v3_small_minimalistic": _peer(
        "MobileNetV3Small", **_UNPREPARED, minimalistic=True
    ),
    "resnet50": _peer("ResNet50"),
    "vgg_16": _peer("VGG16", 224),
    "vgg_19": _peer("VGG19", 224),
    "inception_v3": _inception("InceptionV3"),
    "inception_resnet_v2": _inception("InceptionResNetV2"),
    "nasnet_mobile": _nasnet("NASNetMobile"),
    "nasnet_large": _nasnet("NASNetLarge"),
    **{
        f"efficientnet_b{number}": _peer(f"EfficientNetB{number}")
        for number in range(8)
    },
    "densenet_121": _peer("DenseNet121"),
    "densenet_169": _peer("DenseNet169"),
    "densenet_201": _peer("DenseNet201"),
    "xception": _peer("Xception", 71),
    "convnext_tiny": _peer("ConvNeXtTiny", **_UNPREPARED),
    "convnext_small": _peer("ConvNeXtSmall", **_UNPREPARED),
}


def randomize(network: keras.Model, seed: int = 0) -> None:
    """Gives each variable a random value, none of them what training begins with.

    The layer that normalizes images gets ImageNet's mean and deviation, as in
    keras.applications' own weights.
    """
    rng = np.random.default_rng(seed)
    for variable in network.weights:
        variable.assign(_drawn(variable.name, tuple(variable.shape), rng))
    for layer in _normalizations(network):
        mean, deviation = imagenet.RGB_MEAN, np.float32(imagenet.RGB_DEVIATION)
        layer.load_own_variables({"0": mean, "1": deviation**2, "2": 0})


def _drawn(name: str, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    if name in ("gamma", "moving_variance"):
        return rng.uniform(0.5, 1.5, shape)
    if not name.endswith("kernel"):
        return 0.1 * rng.standard_normal(shape)
    depthwise = len(shape) == 4 and shape[-1] == 1
    fan_in = np.prod(shape[:2] if depthwise else shape[:-1])
    return rng.standard_normal(shape) * np.sqrt(2 / fan_in)


def images(network: keras.Model) -> tuple[np.ndarray, np.ndarray]:
    """Returns the same two images for a Keras network, and as our recipe has them."""
    shape = (2, *network.input_shape[1:])
    ours = np.random.default_rng(1).uniform(-1, 1, shape).astype(np.float32)
    if _normalizations(network):
        in_unit = ours * imagenet.RGB_DEVIATION + imagenet.RGB_MEAN
        return np.float32(255 * in_unit), ours
    return ours, ours


def _normalizations(network: keras.Model) -> list[keras.layers.Normalization]:
    """Returns the layers that normalize images by what is in their weights."""
    return [
        layer
        for layer in network.layers
        if isinstance(layer, keras.layers.Normalization) and layer.weights
    ]
